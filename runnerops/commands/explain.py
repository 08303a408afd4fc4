"""`runnerops explain`: prints what a blocker or a rule means, why it exists, and what to do."""

from __future__ import annotations

from runnerops.codes.blockers import BLOCKERS
from runnerops.codes.rules import RULES
from runnerops.errors import UsageError
from runnerops.model.common import Exit
from runnerops.parsing.near import did_you_mean
from runnerops.report.reference import entry_document, entry_lines
from runnerops.report.screen import Screen


def explain(code: str, screen: Screen, *, as_json: bool = False) -> Exit:
    """Prints one entry of the registry of codes. Raises UsageError if there is no such code."""
    entry = BLOCKERS.get(code.lower().partition("@")[0]) or RULES.get(code.upper())
    if entry is None:
        raise _unknown(code)
    if as_json:
        from runnerops.report.document import VERSION

        screen.json({"version": VERSION, **entry_document(entry)})
        return Exit.OK
    screen.lines(("plain", line) for line in entry_lines(entry))
    return Exit.OK


def _unknown(code: str) -> UsageError:
    """The error for an unknown code, with the codes that begin with this text, or else the most similar one."""
    codes = [*BLOCKERS, *RULES]
    where = "diff and check print the codes; docs/blockers.md and docs/rules.md list all"
    if begin_so := [known_code for known_code in codes if code and known_code.lower().startswith(code.lower())]:
        return UsageError(f"{code}: unknown code; these begin so: {', '.join(begin_so)}", where)
    return UsageError(f"{code or repr(code)}: unknown code{did_you_mean(code, codes)}", where)
