"""The registry of codes: one entry for `explain`, as text or JSON values; Markdown pages for the manual. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runnerops.codes.blockers import BLOCKERS, BlockerCode
from runnerops.codes.rules import RULES, Rule

_GENERATED = "*Generated from `{source}` by `make docs`; edit it there.*"


def entry_lines(entry: BlockerCode | Rule) -> Iterator[str]:
    """The lines of one entry of the registry of codes."""
    if isinstance(entry, BlockerCode):
        yield f"{entry.code}: a safety check that blocks a deploy"
        facts: tuple[tuple[str, str], ...] = (
            ("meaning", entry.meaning),
            ("what to do", entry.remedy),
            ("override", _override(entry)),
        )
    else:
        yield f"{entry.id}: {entry.title}"
        silence = f'ignore: {{{entry.id}: "why"}} in defaults, a group or a host of the inventory'
        facts = (("severity", _severity(entry)), ("why", entry.why), ("fix", entry.fix), ("silence", silence))
    for name, text in facts:
        yield f"  {name}: {text}"


def entry_document(entry: BlockerCode | Rule) -> dict[str, Any]:
    """One entry as JSON values."""
    if isinstance(entry, BlockerCode):
        return {
            "code": entry.code,
            "kind": "blocker",
            "meaning": entry.meaning,
            "fix": entry.remedy,
            "overridable": entry.overridable,
            "flag": entry.flag or None,
        }
    return {
        "code": entry.id,
        "kind": "rule",
        "title": entry.title,
        "why": entry.why,
        "fix": entry.fix,
        "severity": entry.severity,
        "severity_varies": entry.varies or None,
    }


def blockers_page() -> str:
    """The text of `docs/blockers.md`."""
    return "\n".join(_blockers_page()) + "\n"


def rules_page() -> str:
    """The text of `docs/rules.md`."""
    return "\n".join(_rules_page()) + "\n"


def _override(entry: BlockerCode) -> str:
    return (
        f"{entry.flag}@HOST (without @HOST: for all hosts)" if "--allow" in entry.flag else entry.flag or "nothing does"
    )


def _severity(entry: Rule) -> str:
    return f"{entry.severity}; {entry.varies}" if entry.varies else entry.severity


def _blockers_page() -> Iterator[str]:
    yield "# Blockers"
    yield ""
    yield "A blocker is a safety check that stops a deploy. `diff` shows blockers too. `--yes` overrides none of them."
    yield "`runnerops explain CODE` prints one entry of this page."
    yield ""
    yield _GENERATED.format(source="runnerops/codes/blockers.py")
    for heading, overridable in (
        ("Blockers that a flag overrides", True),
        ("Blockers that cannot be overridden", False),
    ):
        yield from ("", f"## {heading}", "", "| code | meaning | what to do | flag |", "|---|---|---|---|")
        for row in BLOCKERS.values():
            if row.overridable is overridable:
                yield f"| `{row.code}` | {row.meaning} | {row.remedy} | {f'`{row.flag}`' if row.flag else ''} |"


def _rules_page() -> Iterator[str]:
    yield "# Rules"
    yield ""
    yield "`check` runs every rule without a host. `diff` and `deploy` run them again, with the versions that the host has."
    yield "If there is an error, a deploy stops before it writes anything. `runnerops explain ID` prints one entry, and"
    yield '`ignore: {ID: "why"}` in the inventory silences a rule.'
    yield ""
    yield _GENERATED.format(source="runnerops/codes/rules.py")
    for letter, heading in (
        ("D", "daemon.json"),
        ("R", "config.toml"),
        ("C", "Registry config"),
        ("K", "Compose files"),
        ("X", "Across files and hosts"),
        ("P", "Any file"),
        ("S", "Secrets"),
    ):
        rows = [row for row in RULES.values() if row.id.startswith(letter)]
        if rows:
            yield from ("", f"## {heading}", "", "| rule | severity | finding | why | fix |", "|---|---|---|---|---|")
            yield from (f"| {row.id} | {_severity(row)} | {row.title} | {row.why} | {row.fix} |" for row in rows)
