"""What TOML 1.1 takes beside 1.0, written as 1.0 takes it: the same keys and values. Pure.

Inline tables over several lines, with comments and a comma at their end; `\\e` and `\\xHH` in texts; times without seconds.
"""

from __future__ import annotations

import re

from runnerops.frozen import frozen

_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{1,2}(?!"))?|\'\'\'.*?\'\'\'(?:\'{1,2}(?!\'))?|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\''
    r"|#[^\n]*|[\[\]{},]|\r?\n|(?<![\w:.-])(?:\d{4}-\d\d-\d\d[Tt ])?\d\d:\d\d(?![\d:])|[ \t]+|[^\s\[\]{},#\"']+",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:e|x([0-9A-Fa-f]{2})|.)", re.DOTALL)
_TIME = re.compile(r"(?:\d{4}-\d\d-\d\d[Tt ])?\d\d:\d\d")

_INLINE, _COMMA = "an inline table of several lines", "a comma at the end of an inline table"
_ESCAPED, _SHORT = "an escape such as \\e or \\x1b", "a time without seconds"
_FIXES = {
    _INLINE: "write it in one line, or as a [table] of its own",
    _COMMA: "take the comma out",
    _ESCAPED: "write \\u001b",
    _SHORT: "write its seconds too",
}


@frozen
class Older:
    """`at` is where the first thing stands that TOML 1.0 refuses, `what` says which; None: there is none."""

    text: str
    at: int | None
    what: str
    fix: str
    longer: tuple[tuple[int, int], ...]
    """Where in `text` pieces end that are longer than they were, and by how much."""
    unclosed: int | None
    """Where the first inline table begins that has no end."""

    def offset(self, at: int) -> int:
        """Of a place in `text`: where it is in the text that was given."""
        return at - sum(more for end, more in self.longer if end <= at)


def older(text: str) -> Older:
    """`text` need not be valid: what it does not know stays as it is."""
    reader = _Reader()
    at = 0
    for found in _TOKEN.finditer(text):
        reader.take(text[at : found.start()], at)
        reader.take(found[0], found.start())
        at = found.end()
    reader.take(text[at:], at)
    return Older(
        "".join(reader.made),
        reader.at,
        reader.what,
        _FIXES.get(reader.what, ""),
        tuple(reader.longer),
        reader.unclosed(),
    )


class _Reader:
    def __init__(self) -> None:
        self.made: list[str] = []
        self.longer: list[tuple[int, int]] = []
        self.at: int | None = None
        self.what = ""
        self._open: list[tuple[str, int]] = []
        self._before = ""
        """The last part that is more than space."""
        self._comma: tuple[int, int] | None = None
        """A comma that may be the last of its inline table: its number among the pieces, and its place."""
        self._length = 0

    def take(self, part: str, at: int) -> None:
        if not part:
            return
        inline = bool(self._open) and self._open[-1][0] == "{"
        piece, what = self._piece(part, inline=inline)
        if what:
            self._note(at, what)
        if part == "}" and inline and self._comma:
            number, place = self._comma
            self.made[number] = " "
            self._note(place, _COMMA)
        self._length += len(piece)
        if len(piece) != len(part):
            self.longer.append((self._length, len(piece) - len(part)))
        if part.strip() and not part.startswith("#"):
            self._comma = (len(self.made), at) if part == "," and inline and self._before not in {"{", ","} else None
            self._before = part
        if part in {"{", "["}:
            self._open.append((part, at))
        elif part in {"}", "]"} and self._open:
            self._open.pop()
        self.made.append(piece)

    def unclosed(self) -> int | None:
        return next((at for bracket, at in self._open if bracket == "{"), None)

    def _piece(self, part: str, *, inline: bool) -> tuple[str, str]:
        if part.startswith('"'):
            piece = _ESCAPE.sub(_escape, part)
            return piece, "" if piece == part else _ESCAPED
        if inline and (part.startswith("#") or part in {"\n", "\r\n"}):
            return " " * len(part), _INLINE
        if _TIME.fullmatch(part) and self._before != ":":
            return f"{part}:00", _SHORT
        return part, ""

    def _note(self, at: int, what: str) -> None:
        if self.at is None or at < self.at:
            self.at, self.what = at, what


def _escape(found: re.Match[str]) -> str:
    if found[0] == "\\e":
        return "\\u001b"
    return f"\\u00{found[1]}" if found[1] else found[0]
