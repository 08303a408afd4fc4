"""SARIF 2.1.0, a format that editors and code scanners read. Pure."""

from __future__ import annotations

import json
from urllib.parse import quote

from runnerops import __version__
from runnerops.codes.rules import RULES
from runnerops.report.formats.findings import Entry, Findings

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def sarif(findings: Findings) -> str:
    """One run, with the rules that found something."""
    used = sorted({entry.rule for entry in findings.entries})
    run = {
        "tool": {"driver": {"name": "runnerops", "version": __version__, "rules": [_rule(name) for name in used]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(entry, used.index(entry.rule)) for entry in findings.entries],
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rule(name: str) -> dict[str, object]:
    row = RULES[name]
    return {
        "id": name,
        "shortDescription": {"text": row.title},
        "fullDescription": {"text": row.why},
        "help": {"text": row.fix},
        "defaultConfiguration": {"level": _LEVELS[row.severity]},
    }


def _result(entry: Entry, index: int) -> dict[str, object]:
    uri = quote(entry.file)
    below = {"uri": f"file://{uri}"} if uri.startswith("/") else {"uri": uri, "uriBaseId": "%SRCROOT%"}
    place: dict[str, object] = {
        "physicalLocation": {
            "artifactLocation": below,
            "region": {"startLine": entry.line, "startColumn": entry.column},
        }
    }
    if entry.subject:
        place["logicalLocations"] = [{"fullyQualifiedName": entry.subject}]
    ignored = [{"kind": "external", "justification": entry.ignored}] if entry.ignored else []
    return {
        "ruleId": entry.rule,
        "ruleIndex": index,
        "level": _LEVELS[entry.severity],
        "message": {"text": f"{entry.message} ({entry.fix})" if entry.fix else entry.message},
        "locations": [place],
        "partialFingerprints": {"runnerops/v1": entry.fingerprint},
        "suppressions": ignored,
    }
