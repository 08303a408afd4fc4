"""Finds the line of a template that each part of a rendered text comes from. Reads only that template.

The template is rendered again with a mark before each line of its text and before each expression. Without the marks,
the result must be the same text as before.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field

from jinja2 import Environment, nodes
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from runnerops.frozen import frozen
from runnerops.model.common import Key, SourceLocation
from runnerops.model.inventory import FileSpec, Format
from runnerops.parsing.causes import offset_of
from runnerops.parsing.places import places_in
from runnerops.patterns import late_pattern

_BEGIN, _END = "\U000f0000", "\U000f0001"
_BEFORE_VALUE = late_pattern(r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s:="']+)\s*[:=]\s*["']?""")
_MARK = late_pattern(f"{_BEGIN}([te]) ([0-9]+) ([^{_END}]*){_END}")


class Marks(Extension):
    """Inserts the marks: `t` before text, `e` before an expression."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:  # noqa: D102  the method name is Jinja's
        name = stream.name or ""
        for token in stream:
            if token.type == "data":
                lines = str(token.value).splitlines(keepends=True)
                value = "".join(f"{_mark('t', token.lineno + n, name)}{line}" for n, line in enumerate(lines))
                yield Token(token.lineno, "data", value)
                continue
            if token.type == "variable_begin":
                yield Token(token.lineno, "data", _mark("e", token.lineno, name))
            yield token


def _mark(kind: str, line: int, name: str) -> str:
    return f"{_BEGIN}{kind} {line} {name}{_END}"


@frozen
class Literal:
    """A key of a dictionary that a template writes literally."""

    key: Key
    place: SourceLocation


@frozen
class Origins:
    """The origins of one rendered text. `places` has its keys, `_at` the offsets at which a new piece of the template
    begins.
    """

    text: str
    places: Mapping[Key, SourceLocation]
    literals: tuple[Literal, ...]
    _at: tuple[int, ...]
    _pieces: tuple[tuple[str, int, str], ...]
    _line: Callable[[str, int], tuple[str, str]] = field(repr=False)

    def fixed(self, key: Key) -> SourceLocation | None:
        """The place of a key whose value is literal in the template, and so the same for every inventory."""
        if key not in self.places:
            return None
        at = self._offset(self.places[key])
        kind, line, name = self._piece(at)
        before = _BEFORE_VALUE.match(self.text, at) if isinstance(key[-1], str) else None
        value, _, _ = self._piece(before.end() if before else at)
        return self._place(name, line, key) if kind == value == "t" else None

    def written(self, key: Key) -> SourceLocation | None:
        """The place of a key in a dictionary of the template, or else that of the expression that produced it."""
        if key not in self.places:
            return None
        same = [literal for literal in self.literals if literal.key == key[-len(literal.key) :]]
        if same:
            return max(same, key=lambda item: len(item.key)).place
        _, line, name = self._piece(self._offset(self.places[key]))
        return self._place(name, line, key)

    def around(self, line: int, column: int) -> tuple[str, int]:
        """The name and line of the template that produced this line and column of the text."""
        _, number, name = self._piece(offset_of(self.text, line, column))
        return name, number

    def _offset(self, place: SourceLocation) -> int:
        return offset_of(self.text, place.line, place.column)

    def _piece(self, offset: int) -> tuple[str, int, str]:
        return self._pieces[max(bisect_right(self._at, offset) - 1, 0)]

    def _place(self, name: str, line: int, key: Key) -> SourceLocation:
        file, text = self._line(name, line)
        return SourceLocation(file, line, _column(text, key))


def _column(line: str, key: Key) -> int:
    """The column of the key's name in a line, or that of the first character if the name is not in the line."""
    name = key[-1] if key else 0
    match = re.search(rf"(?<![\w.-])[\"']?{re.escape(name)}(?![\w-])", line) if isinstance(name, str) else None
    return (match.start() if match else len(line) - len(line.lstrip())) + 1


def origins(
    env: Environment, spec: FileSpec, names: Mapping[str, object], text: str, folder: Callable[[str], str]
) -> Origins | None:
    """Returns None if the marks change the rendered text. `folder` gives the path of the template with a name."""
    template = spec.template
    sources: dict[str, str] = {}

    def line_of(name: str, line: int) -> tuple[str, str]:
        lines = sources.setdefault(name, _source(env, name)).splitlines()
        return folder(name), lines[line - 1] if line <= len(lines) else ""

    try:
        marked = env.overlay(extensions=[Marks], bytecode_cache=None).get_template(template).render(names)
    except Exception:  # a template may do anything with its own text
        return None
    marked = marked if marked.endswith("\n") else marked + "\n"
    if _MARK.sub("", marked) != text:
        return None
    at, pieces, mark_length = [0], [("e", 1, template)], 0
    for match in _MARK.finditer(marked):
        at.append(match.start() - mark_length)
        pieces.append((match[1], int(match[2]), match[3]))
        mark_length += len(match[0])
    literals = tuple(_literals(env, _source(env, template), folder(template)))
    return Origins(text, _places(spec.format, text), literals, tuple(at), tuple(pieces), line_of)


def _source(env: Environment, name: str) -> str:
    assert env.loader
    return env.loader.get_source(env, name)[0]


def _places(form: Format, text: str) -> Mapping[Key, SourceLocation]:
    """The places of keys; none for a text that cannot be parsed, of which only lines are asked for."""
    try:
        return places_in(form, text, "")
    except Exception:  # each parser has its own exceptions
        return {}


def _literals(env: Environment, source: str, file: str) -> Iterator[Literal]:
    lines = source.splitlines()
    for node in env.parse(source).find_all(nodes.Dict):
        for key, name in _pairs(node, ()):
            place = SourceLocation(file, name.lineno, _column(lines[name.lineno - 1], key))
            yield Literal(key, place)


def _pairs(node: nodes.Dict, key: Key) -> Iterator[tuple[Key, nodes.Const]]:
    for pair in node.items:
        if isinstance(pair.key, nodes.Const):
            below = (*key, str(pair.key.value))
            yield below, pair.key
            if isinstance(pair.value, nodes.Dict):
                yield from _pairs(pair.value, below)
