"""The events of the YAML parser, and its errors in our words. Pure. Uses libyaml if PyYAML was built with it."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from runnerops.inventory.problems import Problems
from runnerops.model.common import SourceLocation
from runnerops.parsing.causes import place_of

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def events(text: str, file: str, problems: Problems, loader: type = _LOADER) -> Iterator[yaml.Event]:
    """Raises InventoryError if the text is not YAML."""
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        from runnerops.parsing.yaml_errors import explain  # noqa: PLC0415  few files are broken

        cause = explain(text, error)
        problems.add(SourceLocation(file, *place_of(text, cause.at)), "", cause.problem, cause.fix)
        problems.stop()


def place(event: yaml.Event, file: str) -> SourceLocation:
    """The place where the event begins."""
    assert event.start_mark is not None
    return SourceLocation(file, event.start_mark.line + 1, event.start_mark.column + 1)
