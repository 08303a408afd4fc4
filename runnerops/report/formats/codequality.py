"""GitLab's code quality report: the part of Code Climate's format that merge requests read. Pure."""

from __future__ import annotations

import json

from runnerops.report.formats.findings import Entry, Findings

_SEVERITIES = {"error": "critical", "warning": "minor", "info": "info"}


def codequality(findings: Findings) -> str:
    """A list of issues, empty if nothing was found. Ignored findings are left out."""
    return (
        json.dumps([_issue(entry) for entry in findings.entries if not entry.ignored], indent=2, ensure_ascii=False)
        + "\n"
    )


def _issue(entry: Entry) -> dict[str, object]:
    return {
        "type": "issue",
        "check_name": entry.rule,
        "description": f"{entry.text} [{entry.rule}]",
        "content": {"body": entry.fix},
        "categories": ["Bug Risk"],
        "severity": _SEVERITIES[entry.severity],
        "fingerprint": entry.fingerprint,
        "location": {
            "path": entry.file,
            "lines": {"begin": entry.line},
            "positions": {"begin": {"line": entry.line, "column": entry.column}},
        },
    }
