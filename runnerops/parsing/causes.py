"""Why a text cannot be parsed, and the usual mistake behind that, in any format. Pure."""

from __future__ import annotations

import re

from runnerops.frozen import frozen
from runnerops.patterns import late_pattern

CURLY = "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb"
_ODD_SPACES = "\u00a0\u2000\u2001\u2002\u2003\u2007\u2009\u200b\u200c\u200d\u202f\u2060\u3000"
_CONFLICT = late_pattern(r"(?:<{7}|={7}|>{7}|\|{7})(?:[ \t\r\n]|$)")
_OPENING = late_pattern("^<{7}", re.MULTILINE)
_PAGE = late_pattern(r"\ufeff?\s*<(?:!doctype\b|html\b|head\b|body\b|\?xml\b)", re.IGNORECASE)
_BRACES = late_pattern(r"\{[{%#]|%\}")


@frozen
class Cause:
    """The offset in the text, what is wrong, and the fix. Neither sentence quotes the text, which may contain secrets."""

    at: int
    problem: str
    fix: str


def line_of(text: str, at: int) -> str:
    """The whole line around an offset."""
    end = text.find("\n", at)
    return text[text.rfind("\n", 0, at) + 1 : len(text) if end < 0 else end]


def line_start(text: str, at: int) -> int:
    """The offset of the first word of that line."""
    begin = text.rfind("\n", 0, at) + 1
    line = line_of(text, at)
    return begin + len(line) - len(line.lstrip())


def place_of(text: str, at: int) -> tuple[int, int]:
    """Line and column of an offset, counted from 1."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def offset_of(text: str, line: int, column: int) -> int:
    """The offset of a line and column, counted from 1; the end of the text if it has no such line."""
    at = 0
    for _ in range(line - 1):
        at = text.find("\n", at) + 1
        if not at:
            return len(text)
    return min(at + column - 1, len(text))


def first(at: int, *rows: tuple[object, str, str]) -> Cause | None:
    """The first cause whose condition holds, from rows of a condition, a problem and a fix; None if there is none."""
    return next((Cause(at, problem, fix) for holds, problem, fix in rows if holds), None)


def web_page(text: str) -> Cause | None:
    """The cause if the text is HTML: a page with an error message was saved in place of the file."""
    if not _PAGE.match(text):
        return None
    return Cause(text.index("<"), "this is a web page, not the file", "download the raw file")


def common(text: str, at: int) -> Cause | None:
    """The cause at an offset in a text of any format, if it is one that all formats share."""
    character = text[at : at + 1]
    if _CONFLICT.match(line_of(text, at)):
        begin = text.rfind("\n", 0, at) + 1
        opening = max((mark.start() for mark in _OPENING.finditer(text, 0, begin + 7)), default=begin)
        return Cause(
            opening, "there is a mark of an unfinished Git merge here", "resolve the conflict, take the marks out"
        )
    return first(
        at,
        (character and character in CURLY, "there is a curly quote here", "write a straight one"),
        (
            character and character in _ODD_SPACES,
            "there is an invisible character here that is not a space",
            "type the space again",
        ),
        (
            character == "\ufeff",
            "there is a byte order mark inside the text",
            "delete it: only the first character may be one",
        ),
        (
            _BRACES.match(text, at) or (at and _BRACES.match(text, at - 1)),
            "there are braces of a template here",
            "render the file first, or put the value in quotes",
        ),
    )
