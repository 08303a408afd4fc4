"""Explains why a text is not TOML, in terms of the usual mistakes. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from runnerops.parsing.causes import Cause, common, first, line_of, line_start, offset_of, web_page
from runnerops.patterns import late_pattern

_PLACE = late_pattern(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_WORD = late_pattern(r"[A-Za-z_][\w.-]*")
_TRUE, _FALSE, _NULL = {"true", "yes", "on"}, {"false", "no", "off"}, {"null", "none", "nil"}
_TEXT = late_pattern(
    r'"""(?:[^\\]|\\.)*?"""' r"|'''.*?'''" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'" r"|#[^\n]*", re.DOTALL
)
_LIST = late_pattern(r"\s*\[\[([\w.-]+)\]\]")
"""The heading of an item of an array of tables."""
_QUOTE = late_pattern(r"\"\"\"|'''|\"|'|#")


def explain(text: str, described: str) -> Cause:
    """The usual mistake behind a message of tomli (`described`), which includes the place."""
    place = _PLACE.search(described)
    at = offset_of(text, int(place[1]), int(place[2])) if place and place[1] else len(text)
    message = described[: place.start()] if place else described
    return web_page(text) or common(text, at) or _cause_of(text, at, message)


def _cause_of(text: str, at: int, message: str) -> Cause:
    for words, cause in _CAUSES.items():
        if words in message:
            return cause(text, at)
    return Cause(at, "this does not belong here", "look at the quotes, brackets and equals signs around it")


def _statement(text: str, at: int) -> Cause:
    character = text[at : at + 1]
    return first(
        at,
        (
            text.startswith(("//", ";", "/*", "--"), at),
            "there is a comment that TOML does not know here",
            "begin it with #",
        ),
        (
            text.startswith(("%{", "<%"), at),
            "there is a template tag here",
            "render the file first",
        ),
        (
            text.startswith(("...", "(...", "[...", "…"), at),
            "there are dots here in place of something that was left out",
            "write what belongs here, or take them out",
        ),
        (
            character == "{" and not text[:at].strip(),
            "a TOML file does not begin with {",
            "look whether it is another file, or JSON",
        ),
        (character in {"}", "]"}, "there is a bracket here that closes nothing", "take it out"),
        (
            character == "-",
            "a line does not begin with a dash in TOML",
            "write a list as [ONE, TWO], or look whether this is YAML",
        ),
        (character == "=", "the key before the equals sign is missing", "write key = value"),
    ) or Cause(at, "a key, a [table] or a # comment is expected here", "write key = value")


def _equals(text: str, at: int) -> Cause:
    character = text[at : at + 1]
    return first(
        at,
        (character == ":", "there is a colon here", "write an equals sign between key and value"),
        (character in {"", "\n", "\r"}, "an equals sign and a value are missing after this key", "write key = value"),
        (
            character in set("/@*+%") and text[at - 1 : at].strip() and "=" in text[at:].partition("\n")[0],
            "a key with this sign must be in quotes",
            'write "KEY" = value',
        ),
        (
            character.isdigit() or character in {'"', "'", "["},
            "an equals sign is missing before this value",
            "write key = value",
        ),
    ) or Cause(at, "an equals sign is missing after the key", "write key = value, and a key of several words in quotes")


def _value(text: str, at: int) -> Cause:
    character = text[at : at + 1]
    match = _WORD.match(text, at)
    word = match[0].lower() if match else ""
    quote = 'put it in quotes: "…"'
    if character in {"", "\n", "\r", "#"}:
        return Cause(
            text.rfind("=", 0, at), "a value is missing after this equals sign", "write it, or take the key out"
        )
    return first(
        at,
        (word in _TRUE, "this is not a value of TOML", "write true, in small letters and without quotes"),
        (word in _FALSE, "this is not a value of TOML", "write false, in small letters and without quotes"),
        (word in _NULL, "this is not a value of TOML", "leave the key out: TOML has no null"),
        (character == "$", "there is a variable here without quotes", quote),
        (character == "=", "there is one equals sign too many", "take it out"),
        (character in {",", "]", "}"}, "a value is missing here", "write it, or take out the key or comma before it"),
        (
            character in {"`", ">", "|"},
            "a text does not begin like this in TOML",
            'put it in quotes: "…", or """ for several lines',
        ),
    ) or Cause(at, "there is a string here without quotes", quote)


def _more(text: str, at: int) -> Cause:
    character, previous = text[at : at + 1], text[at - 1 : at]
    line = line_of(text, at)
    sign = {",": "comma", ";": "semicolon"}.get(character, "")
    return first(
        at,
        (text.startswith(("//", "/*", "--"), at), "there is a comment that TOML does not know here", "begin it with #"),
        (sign, f"there is a {sign} after the value", "take it out: each key has a line of its own"),
        (character in {"]", "}"}, "one closing bracket is too many", "take it out"),
        (character == "+", "strings cannot be joined", "write one string"),
        (
            previous == "0" and character.isdigit(),
            "a number begins with 0",
            "write it without, or 0o before an octal one",
        ),
        (
            previous.isdigit() and (character.isalnum() or character in set("-_.:%")),
            "a number ends here, but more text follows",
            'put a text, or a number with a unit, in quotes: "10m"',
        ),
        (
            previous in {'"', "'"} and "{{" in line_of(text, at)[: at - text.rfind("\n", 0, at) - 1],
            "there are braces of a template in this string, with quotes of their own",
            "render the file first",
        ),
        (
            previous in {'"', "'"},
            "a string ends at the quote before this, but more text follows",
            'write \\" for a quote inside of it',
        ),
        ("=" in line[line.find("=") + 1 :], "there is a second key on this line", "give each key a line of its own"),
    ) or Cause(at, "there is more text after the value", "put a text in quotes, and each key on a line of its own")


def _open_text(text: str, at: int) -> Cause:
    """The offset of the first quote that is not closed."""
    position = 0
    while quote := _QUOTE.search(text, position):
        quoted = _TEXT.match(text, quote.start())
        long = len(quote[0]) == 3
        if not quoted or (long and len(quoted[0]) < 6):
            problem = "is never closed" if long else "is not closed on its line"
            return Cause(
                quote.start(), f"this quote {problem}", 'close it; a text of several lines has """ on both sides'
            )
        position = quoted.end()
    return Cause(at, "a quote is not closed before this", "close it")


def _character(text: str, at: int) -> Cause:
    if text[at : at + 1] in {"\n", "\r", ""}:
        return _open_text(text, at)
    return Cause(at, "there is a control character here", "take it out, or write it as \\u and four hex digits")


def _backslash(text: str, at: int) -> Cause:
    backslash = max(text.rfind("\\", 0, at), 0)
    fix = "write two, or put the text in single quotes: 'C:\\builds'"
    return Cause(backslash, "this is not a valid escape sequence", fix)


def _array(text: str, at: int) -> Cause:
    character = text[at : at + 1]
    if character in {'"', "'"} or character.isdigit():
        return Cause(at, "a comma is missing before this", "write one between two items")
    if character in {"}", ";", ":"}:
        return Cause(at, "this sign does not belong in a list", "put a comma between items, and ] after the last")
    return _open_bracket(text, at, "[", "this list is never closed", "close it with ], and put a comma between items")


_OPEN = ("this { is not closed", "close it, or write a [table] of its own")


def _inline(text: str, at: int) -> Cause:
    character = text[at : at + 1]
    if character in {'"', "'"} or character.isalnum():
        return Cause(at, "a comma is missing before this", "write one between two keys")
    return _open_bracket(text, at, "{", *_OPEN)


def _open_bracket(text: str, at: int, bracket: str, problem: str, fix: str) -> Cause:
    """The offset of the last bracket that is open at an offset. Strings and comments are ignored."""
    blank = _TEXT.sub(lambda match: " " * len(match[0]), text[:at])
    depth = 0
    for position in range(len(blank) - 1, -1, -1):
        depth += {"]": 1, "}": 1, "[": -1, "{": -1}.get(blank[position], 0)
        if depth < 0 and blank[position] == bracket:
            return Cause(position, problem, fix)
    return Cause(at, problem, fix)


def _heading(text: str, at: int) -> Cause:
    begin = line_start(text, at)
    return Cause(
        begin, "the brackets of this table's name are not closed", "write [NAME], or [[NAME]] for one of several"
    )


def _part(text: str, at: int) -> Cause:
    character = text[at : at + 1]
    inside = line_of(text, at).lstrip()[:1] != "["
    around = _open_bracket(text, at, "{", *_OPEN)
    if character in {"", "["} and around.at < at:
        return around
    return first(
        at,
        (
            character in {"\n", "\r", "#"} and inside,
            "a part of this key is missing",
            "write key = value",
        ),
        (character == ".", "two dots follow each other", "take one out"),
        (character in {"]", "\n", "\r", ""}, "the name of the table is missing", "write [NAME]"),
    ) or Cause(at, "this cannot stand in a key", 'put a key with special characters in quotes: "a/b" = 1')


def _twice(text: str, at: int) -> Cause:
    begin = line_start(text, max(at - 1, 0))
    heading = _LIST.match(line_of(text, begin))
    if heading and (below := re.search(rf"(?m)^[ \t]*\[{re.escape(heading[1])}\.", text[:begin])):
        start = line_start(text, below.end())
        return Cause(start, "this table belongs to one of several, whose heading stands below it", "move it down")
    if line_of(text, begin).lstrip().startswith("["):
        return Cause(
            begin,
            f"this table exists already{_also(text, begin, ']')}",
            "put its keys together; one of several has two brackets at each side: [[runners]]",
        )
    return Cause(begin, f"duplicate key{_also(text, begin, '=')}", "take one of them out")


def _also(text: str, begin: int, end: str) -> str:
    """Says which line above names the same table, or in the same table the same key, that ends with `end`."""
    name = line_of(text, begin).partition(end)[0].strip()
    lines = text[:begin].splitlines()
    for number in range(len(lines), 0, -1):
        line = lines[number - 1].strip()
        if line.partition(end)[0].strip() == name:
            return f", also in line {number}"
        if end == "=" and line.startswith("["):
            break
    return ""


def _date(text: str, at: int) -> Cause:
    return Cause(line_start(text, at), "this date or time does not exist", "correct it, or put it in quotes")


_CAUSES: dict[str, Callable[[str, int], Cause]] = {
    "Invalid statement": _statement,
    "Expected '=' after": _equals,
    "Invalid value": _value,
    "Invalid date": _date,
    "Expected newline": _more,
    "Illegal character": _character,
    "invalid character": _character,
    "Unterminated string": _open_text,
    "Expected \"'": _open_text,
    "Expected '\"": _open_text,
    "Unescaped '\\'": _backslash,
    "Invalid hex value": _backslash,
    "Escaped character": _backslash,
    "Unclosed array": _array,
    "Unclosed inline table": _inline,
    "at the end of a table declaration": _heading,
    "at the end of an array declaration": _heading,
    "Invalid initial character": _part,
    "Cannot ": _twice,
    "Duplicate inline table key": _twice,
}
"""By words of tomli's message."""
