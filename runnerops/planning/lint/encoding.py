"""Features of a file's text that only some releases can read, independent of its values. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from runnerops.model.common import Key, SourceLocation
from runnerops.model.facts import Facts
from runnerops.model.inventory import FileSpec
from runnerops.model.plan import Finding
from runnerops.parsing.causes import place_of
from runnerops.parsing.places import places_in
from runnerops.services.shared.versions import version_of

_TOML_1_1 = (18, 9)
"""The first gitlab-runner whose decoder (BurntSushi/toml 1.6, by its go.mod) accepts TOML 1.1."""


def newer_toml(spec: FileSpec, content: bytes, facts: Facts | None) -> Iterator[Finding]:
    """The first feature of TOML 1.1 in a readable file, unless the runner is known to accept it."""
    if spec.format != "toml":
        return
    from runnerops.parsing.toml_places import newer  # noqa: PLC0415  a file has one format

    version = version_of(facts.runner.version) if facts and facts.runner else None
    text = content.decode("utf-8-sig")
    if (version and version >= _TOML_1_1) or (first := newer(text)) is None:
        return
    place = SourceLocation(spec.path, *place_of(text, first.at))
    problem = f"{first.what} is TOML 1.1: gitlab-runner before 18.9 refuses the whole file"
    yield Finding(
        "P006", "error" if version else "warning", spec.path, _key(spec, text, place), problem, first.fix, place
    )


def _key(spec: FileSpec, text: str, place: SourceLocation) -> Key:
    """The last key before this place."""
    at = (place.line, place.column)
    before = [((location.line, location.column), key) for key, location in places_in("toml", text, spec.path).items()]
    return max((pair for pair in before if pair[0] <= at), default=((0, 0), ()), key=lambda pair: pair[0])[1]


_LIMITED = "5.1.4"
"""The first release of Compose that refuses very large files, before it looks at their keys."""
_MOST_VALUES = 100_000


def many_values(spec: FileSpec, text: str, documents: Sequence[Any]) -> Iterator[Finding]:
    """For a Compose file, whose nodes are `documents`: more values than newer releases of Compose accept."""
    if len(text) < 2 * _MOST_VALUES:  # each takes two letters at least
        return
    from runnerops.parsing.yaml_places import most_visits  # noqa: PLC0415  few files are so large

    if most_visits(documents) > _MOST_VALUES:
        problem = f"has more than {_MOST_VALUES:,} values: Compose refuses the file since {_LIMITED}"
        place = SourceLocation(spec.path, 1, 1)
        yield Finding("K002", "warning", spec.path, (), problem, "part it into several files with include:", place)


def early_documents(spec: FileSpec, content: bytes) -> Iterator[Finding]:
    """For JSON: a beginning of the file that dockerd read differently before 23.0."""
    if spec.format != "json":
        return
    place = SourceLocation(spec.path, 1, 1)
    if content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        problem = "the file begins with a byte order mark, and Docker before 23.0 refuses it"
        yield Finding("P006", "warning", spec.path, (), problem, "save it as UTF-8 without a byte order mark", place)
    elif not content.strip():
        problem = "the file is empty, and Docker before 23.0 refuses it"
        yield Finding("P006", "warning", spec.path, (), problem, "write {}", place)
