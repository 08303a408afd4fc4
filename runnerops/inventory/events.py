"""The YAML parser's events, and its errors in our words. Pure. Uses libyaml where PyYAML was built with it."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from runnerops.inventory.problems import Problems
from runnerops.model.common import SourceLocation

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def events(text: str, file: str, problems: Problems, loader: type = _LOADER) -> Iterator[yaml.Event]:
    """Raises InventoryError where the text is not YAML."""
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        at = error.context_mark if _never_ended(error) else error.problem_mark
        assert at is not None
        line = f"{text}\n".split("\n")[at.line]
        problems.add(SourceLocation(file, at.line + 1, at.column + 1), "", *_phrase(error, line))
        problems.stop()


def place(event: yaml.Event, file: str) -> SourceLocation:
    """Where the event begins."""
    assert event.start_mark is not None
    return SourceLocation(file, event.start_mark.line + 1, event.start_mark.column + 1)


def _never_ended(error: yaml.MarkedYAMLError) -> bool:
    """Where a quote or bracket was never closed, the place to look at is where it opened."""
    return error.context_mark is not None and any(
        word in f"{error.context} {error.problem}" for word in ("end of stream", "flow sequence", "flow mapping")
    )


def _phrase(error: yaml.MarkedYAMLError, line: str) -> tuple[str, str]:
    problem = str(error.problem)
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "a tab in the indentation", "indent with spaces: YAML takes no tabs there"
    if "mapping values" in problem:
        return "a `:` where none can be", "indent the line as its neighbours, or put a value that holds `: ` in quotes"
    if "any token" in problem:
        return "this character cannot start a value", "put the value in quotes"
    if "end of stream" in problem:
        return "a quote or bracket that is never closed", "close it"
    context = f"{error.context}: " if error.context else ""
    return f"broken YAML: {context}{problem}", "look at the quotes, brackets and indentation around this place"
