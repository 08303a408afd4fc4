"""Rules on a single file of somebody's own, with the line and column of each finding. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from runnerops.model.common import Key, SourceLocation
from runnerops.model.inventory import FileSpec, Host, RenderedFile
from runnerops.model.plan import Finding
from runnerops.parsing.places import nearest, places_in
from runnerops.planning.lint import lint
from runnerops.services import service_of
from runnerops.services.base import ParseError


def lint_file(spec: FileSpec, content: bytes) -> tuple[Finding, ...]:
    """What is wrong in a file; its path is its name. A file that cannot be read at all has one finding."""
    name = spec.path
    try:
        service_of(spec.service).parse(spec, content)
    except ParseError as error:
        place = SourceLocation(name, error.line or 1, error.column or 1)
        problem = f"this is no valid {spec.format.upper()}: {error.problem}"
        return (Finding("P001", "error", name, (), problem, error.fix, place),)
    text = decoded(content)
    places: Mapping[Key, SourceLocation] = places_in(spec.format, text, name) if text.strip() else {}
    found = [*lint(Host(name, name), [RenderedFile(spec, content)], None), *_of_the_text(spec, text)]
    return tuple(finding if finding.location else _placed(finding, places) for finding in found)


def _placed(finding: Finding, places: Mapping[Key, SourceLocation]) -> Finding:
    return replace(finding, location=nearest(places, finding.key, finding.path))


def _of_the_text(spec: FileSpec, text: str) -> Iterator[Finding]:
    """What the values alone do not show."""
    if spec.format == "toml" or not text.strip():  # TOML's own parser refuses them
        return
    if spec.format == "json":
        from runnerops.parsing.json_places import repeated  # noqa: PLC0415  a file has one format
    else:
        from runnerops.parsing.yaml_places import repeated, second_document  # noqa: PLC0415

        if place := second_document(text, spec.path):
            problem = "a second document begins here: only the first of this file was judged"
            yield Finding("P004", "warning", spec.path, (), problem, "put each into a file of its own", place)
    problem, fix = "this key stands here twice, and the last one counts", "take one of them out"
    for key, place in repeated(text, spec.path):
        yield Finding("P002", "warning", spec.path, key, problem, fix, place)


def decoded(content: bytes) -> str:
    """As the systems read it: UTF-8 with or without a byte order mark, or UTF-16 with one."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16")
    return content.decode("utf-8-sig")
