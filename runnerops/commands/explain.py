"""`runnerops explain`: what a blocker or a rule means, why, and what to do."""

from __future__ import annotations

import difflib

from runnerops.codes.blockers import BLOCKERS
from runnerops.codes.rules import RULES
from runnerops.errors import UsageError
from runnerops.model.common import Exit
from runnerops.report.reference import entry_document, entry_lines
from runnerops.report.screen import Screen


def explain(code: str, screen: Screen, *, as_json: bool = False) -> Exit:
    """Prints one entry of the registry of codes. Raises UsageError for a code that is none."""
    entry = BLOCKERS.get(code.lower().partition("@")[0]) or RULES.get(code.upper())
    if entry is None:
        near = difflib.get_close_matches(code, [*BLOCKERS, *RULES], 1)
        hint = (
            f"did you mean {near[0]}?"
            if near
            else "diff and check print the codes; docs/blockers.md and docs/rules.md list all"
        )
        raise UsageError(f"{code}: unknown code", hint)
    if as_json:
        from runnerops.report.document import VERSION

        screen.json({"version": VERSION, **entry_document(entry)})
        return Exit.OK
    screen.lines(("plain", line) for line in entry_lines(entry))
    return Exit.OK
