"""The events of the YAML parser, and its errors in our words. Pure. Uses libyaml if PyYAML was built with it."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from runnerops.inventory.problems import Problems
from runnerops.model.common import SourceLocation
from runnerops.parsing.causes import place_of

_LIBYAML: tuple[type, ...] = tuple(filter(None, [getattr(yaml, "CSafeLoader", None)]))
_LOADER: type = (*_LIBYAML, yaml.SafeLoader)[0]


def events(text: str, file: str, problems: Problems, loader: type = _LOADER) -> Iterator[yaml.Event]:
    """Raises InventoryError if the text is not YAML."""
    halves = "\\" in text and not issubclass(loader, _LIBYAML)  # only libyaml refuses halves of characters itself
    try:
        for event in yaml.parse(text, Loader=loader):
            if halves and isinstance(event, yaml.ScalarEvent):
                event.value.encode()
            yield event
    except (yaml.MarkedYAMLError, ValueError) as error:  # UnicodeEncodeError too
        from runnerops.parsing.yaml_errors import explain, no_character  # noqa: PLC0415  few files are broken

        cause = explain(text, error) if isinstance(error, yaml.MarkedYAMLError) else no_character(text)
        problems.add(SourceLocation(file, *place_of(text, cause.at)), "", cause.problem, cause.fix)
        problems.stop()


def place(event: yaml.Event, file: str) -> SourceLocation:
    """The place where the event begins."""
    assert event.start_mark is not None
    return SourceLocation(file, event.start_mark.line + 1, event.start_mark.column + 1)
