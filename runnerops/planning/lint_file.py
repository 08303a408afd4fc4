"""Rules on a single file of somebody's own, with the line and column of each finding. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from runnerops.model.common import Key, SourceLocation
from runnerops.model.inventory import FileSpec, Host
from runnerops.model.plan import Finding
from runnerops.parsing.places import nearest, places_in
from runnerops.planning.lint import lint_trees
from runnerops.services import service_of
from runnerops.services.base import ParseError


def lint_file(spec: FileSpec, content: bytes) -> tuple[Finding, ...]:
    """What is wrong in a file; its path is its name. A file that cannot be read at all has one finding."""
    name = spec.path
    service = service_of(spec.service)
    try:
        tree = service.parse(spec, content)
    except ParseError as error:
        place = SourceLocation(name, error.line or 1, error.column or 1)
        problem = f"this is no valid {spec.format.upper()}: {error.problem}"
        return (Finding("P001", "error", name, (), problem, error.fix, place),)
    text = decoded(content)
    places, beside = _of_the_text(spec, text, layered=service.layered(spec)) if text.strip() else ({}, ())
    found = [*lint_trees(Host(name, name), {spec: tree}, None), *beside]
    return tuple(finding if finding.location else _placed(finding, places) for finding in found)


def _placed(finding: Finding, places: Mapping[Key, SourceLocation]) -> Finding:
    return replace(finding, location=nearest(places, finding.key, finding.path))


def _of_the_text(spec: FileSpec, text: str, *, layered: bool) -> tuple[Mapping[Key, SourceLocation], Sequence[Finding]]:
    """The place of every key, and what the values alone do not show."""
    if spec.format == "yaml":
        from runnerops.parsing.yaml_places import look  # noqa: PLC0415  a file has one format

        seen = look(text, spec.path, layered=layered)
        beside = [] if layered or not seen.second else [_second(spec, seen.second)]
        return seen.places, [*beside, *_twice(spec, seen.repeated)]
    places = places_in(spec.format, text, spec.path)
    if spec.format == "toml":  # its own parser refuses them
        return places, ()
    from runnerops.parsing.json_places import repeated  # noqa: PLC0415

    return places, _twice(spec, repeated(text, spec.path))


def _second(spec: FileSpec, place: SourceLocation) -> Finding:
    problem = "a second document begins here: only the first of this file was judged"
    return Finding("P004", "warning", spec.path, (), problem, "put each into a file of its own", place)


def _twice(spec: FileSpec, found: Sequence[tuple[Key, SourceLocation]]) -> list[Finding]:
    problem, fix = "this key stands here twice, and the last one counts", "take one of them out"
    return [Finding("P002", "warning", spec.path, key, problem, fix, place) for key, place in found]


def decoded(content: bytes) -> str:
    """As the systems read it: UTF-8 with or without a byte order mark, or UTF-16 with one."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16")
    return content.decode("utf-8-sig")
