"""Rules on a single file given by the user. Each finding has a line and a column. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from runnerops.model.common import Key, SourceLocation, Value
from runnerops.model.inventory import FileSpec, Host
from runnerops.model.plan import Finding
from runnerops.parsing.causes import CURLY
from runnerops.parsing.places import nearest, places_in
from runnerops.patterns import late_pattern
from runnerops.planning.lint import lint_trees
from runnerops.planning.lint.encoding import early_documents, many_values, newer_toml
from runnerops.services import service_of
from runnerops.services.base import ParseError


def lint_file(spec: FileSpec, content: bytes) -> tuple[Finding, ...]:
    """Returns what is wrong in a file; its path is its name. A file that cannot be read at all has one finding."""
    name = spec.path
    service = service_of(spec.service)
    try:
        tree = service.parse(spec, content)
    except ParseError as error:
        place = SourceLocation(name, error.line or 1, error.column or 1)
        problem = error.problem if error.valid else f"this is not valid {spec.format.upper()}: {error.problem}"
        return (Finding("P001", "error", name, (), problem, error.fix, place),)
    text = decode(content)
    places, beside = _of_the_text(spec, text, layered=service.layered(spec)) if text.strip() else ({}, ())
    curly = _curly(spec, text, tree) if spec.format == "yaml" else ()  # other formats with curly quotes cannot be read
    findings = [
        *early_documents(spec, content),
        *newer_toml(spec, content, None),
        *lint_trees(Host(name, name), {spec: tree}, None),
        *curly,
        *beside,
    ]
    if service.layered(spec) and _has_several(text):  # a later document may set again what an earlier one has
        findings = [finding for finding in findings if finding.rule != "P002" or finding in beside]
    placed = (finding if finding.location else _placed(finding, places) for finding in findings)
    return by_line(placed)


_CONTENT = late_pattern(r"^(?!---|[#%])\S", re.MULTILINE)


def _has_several(text: str) -> bool:
    """Whether a document of YAML begins behind one with something in it."""
    begin = text.rfind("\n---")
    return begin >= 0 and _CONTENT.search(text[: begin + 1]) is not None


def with_places_in(content: bytes, findings: Sequence[Finding], name: str) -> Iterator[Finding]:
    """Adds to findings on a Compose file their places in it."""
    from runnerops.parsing.yaml_places import look  # noqa: PLC0415  only where there are any

    places = look(decode(content), name, layered=True).places if findings else {}
    return (_placed(finding, places) for finding in findings)


def by_line(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings of one file in the order of its lines."""
    return tuple(sorted(findings, key=_place))


def _place(finding: Finding) -> tuple[int, int]:
    """The line and column of a finding, by which it is sorted."""
    return (finding.location.line, finding.location.column) if finding.location else (0, 0)


def _curly(spec: FileSpec, text: str, value: Value, key: Key = ()) -> Iterator[Finding]:
    """Names and texts in curly quotes. YAML treats these as ordinary characters, unless the text is in straight quotes
    too.
    """
    if isinstance(value, dict | list):
        for part, item in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(part, str) and part and part[0] in CURLY and not _is_quoted(part, text):
                yield _in_curly(spec, (*key, part))
            yield from _curly(spec, text, item, (*key, part))
    elif isinstance(value, str) and len(value) > 1 and value[0] in CURLY and value[-1] in CURLY:
        is_straight = not any(letter in CURLY for letter in value[1:-1])  # not `“a” and “b”`
        if is_straight and not _is_quoted(value, text):
            yield _in_curly(spec, key)


def _is_quoted(value: str, text: str) -> bool:
    return f'"{value}"' in text or f"'{value}'" in text


def _in_curly(spec: FileSpec, key: Key) -> Finding:
    problem = "YAML takes curly quotes as part of the text"
    return Finding("P007", "warning", spec.path, key, problem, "write straight quotes")


def _placed(finding: Finding, places: Mapping[Key, SourceLocation]) -> Finding:
    return replace(finding, location=nearest(places, finding.key, finding.path))


def _of_the_text(spec: FileSpec, text: str, *, layered: bool) -> tuple[Mapping[Key, SourceLocation], Sequence[Finding]]:
    """The place of every key, and findings that the values alone do not show."""
    if spec.format == "yaml":
        from runnerops.parsing.yaml_places import look  # noqa: PLC0415  a file has one format

        parsed = look(text, spec.path, layered=layered)
        beside = [_second(spec, parsed.second)] if parsed.second and not layered else []
        large = many_values(spec, text, parsed.documents) if layered else ()
        return parsed.places, [*beside, *large, *_twice(spec, parsed.repeated)]
    places = places_in(spec.format, text, spec.path)
    if spec.format == "toml":  # its parser refuses repeated keys
        return places, ()
    from runnerops.parsing.json_places import repeated  # noqa: PLC0415

    return places, _twice(spec, repeated(text, spec.path))


def _second(spec: FileSpec, place: SourceLocation) -> Finding:
    problem = "a second document begins here: only the first one was checked"
    return Finding("P004", "warning", spec.path, (), problem, "put each document into a file of its own", place)


def _twice(spec: FileSpec, duplicates: Sequence[tuple[Key, SourceLocation, int]]) -> list[Finding]:
    fix = "take one of them out"
    return [
        Finding(
            "P002", "warning", spec.path, key, f"duplicate key, also in line {line}: the last one counts", fix, place
        )
        for key, place, line in duplicates
    ]


def decode(content: bytes) -> str:
    """Decodes text as the systems do: UTF-8 with or without a byte order mark, or UTF-16 with one."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16")
    return content.decode("utf-8-sig")
