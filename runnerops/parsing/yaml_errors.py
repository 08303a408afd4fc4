"""Explains why a text is not YAML, in terms of the usual mistakes. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml

from runnerops.parsing.causes import Cause, common, first, line_of, line_start, web_page
from runnerops.patterns import late_pattern

_BAD = late_pattern("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_PAIR = late_pattern(r"\s*(?:- +)*(?:\"[^\"]*\"|'[^']*'|[^\s#:][^#:]*?|[^\s#].*?):(?:\s|$)")


def explain(text: str, error: yaml.YAMLError) -> Cause:
    """The usual mistake behind an error of the parser."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return _character(text)
    mark = error.problem_mark or error.context_mark
    at = _offset(text, mark)
    begin = _offset(text, error.context_mark) if error.context_mark else at
    message = f"{error.context or ''}; {error.problem or ''}"
    return web_page(text) or _line(text, at) or _cause_of(text, at, begin, message)


def _offset(text: str, mark: yaml.Mark | None) -> int:
    """The offset of a mark. Depending on its build, libyaml counts the index in bytes or in characters, but lines and
    columns always in characters.
    """
    if mark is None:
        return 0
    at = 0
    for _ in range(mark.line):
        at = text.find("\n", at) + 1
        if not at:
            return len(text)
    return min(at + mark.column, len(text))


def _character(text: str) -> Cause:
    match = _BAD.search(text)
    at = match.start() if match else 0
    return common(text, at) or Cause(at, "there is a character here that YAML does not allow", "take it out")


def _line(text: str, at: int) -> Cause | None:
    """The mistake that the line itself shows."""
    line = line_of(text, at)
    begin = text.rfind("\n", 0, at) + 1
    blank = line[: len(line) - len(line.lstrip())]
    if "\t" in blank:
        place = begin + blank.index("\t")
        return Cause(place, "there is a tab in the indentation", "indent with spaces: YAML takes no tabs there")
    if line.lstrip().startswith("{%") or re.search(r":\s+\{\{", line):
        place = begin + line.index("{")
        return Cause(place, "there are braces of a template here", "render the file first, or put the value in quotes")
    return _odd(text, begin, line) or common(text, at)


def _odd(text: str, begin: int, line: str) -> Cause | None:
    """The mistake of a character at the beginning of the line, or of a value in it, that looks like another one."""
    starts = [match.end() for match in re.finditer(r"^\s*|[:,\[{-]\s+|[\[{]", line)]
    return next((cause for start in starts if (cause := common(text, begin + start))), None)


def _cause_of(text: str, at: int, begin: int, message: str) -> Cause:
    for words, cause in _CAUSES.items():
        if words in message:
            return cause(text, at, begin)
    return Cause(at, "this does not belong here", "look at the quotes, brackets and indentation around this place")


def _colon(text: str, at: int, _: int) -> Cause:
    """The mistake of a second `: ` in a value that continues, on this line or from a line above."""
    begin = line_start(text, at)
    above = text[:begin].rstrip()
    start = line_start(text, len(above) - 1) if above else begin
    line = line_of(text, start) if above else ""
    if _PAIR.match(line_of(text, at)[: at - text.rfind("\n", 0, at)]) and text[begin:at].count(": "):
        fix = "indent the line as its neighbours, or put a value that holds `: ` in quotes"
        return Cause(at, "there is a `:` where none is allowed", fix)
    if above and not _PAIR.match(line) and not line.lstrip().startswith("#"):
        return common(text, start) or _no_pair(line, start)
    if above and begin - text.rfind("\n", 0, begin) > start - text.rfind("\n", 0, start):
        return Cause(
            begin, "this line is indented deeper than the one above, which has its value already", "indent both alike"
        )
    return Cause(
        at,
        "there is a `:` where none is allowed",
        "indent the line as its neighbours, or put a value that holds `: ` in quotes",
    )


def _no_pair(line: str, start: int) -> Cause:
    """The mistake of a line that should be `key: value` and is not."""
    words = line.strip()
    return first(
        start,
        (words.startswith(("//", ";", "/*")), "there is a comment that YAML does not know here", "begin it with #"),
        (
            re.fullmatch(r"\[\[?[\w. -]+\]?\]", words),
            "there is a table's name as in TOML here",
            "write it as NAME: in YAML",
        ),
        (
            re.match(r"[\w.-]+\s*=", words),
            "there is an equals sign here",
            "write a colon and a space between key and value",
        ),
        (re.match(r"[\w.-]+:\S", words), "a space is missing after the colon", "write key: value"),
        (re.match(r"-[\w\"']", words), "a space is missing after the dash", "write - value"),
    ) or Cause(start, "a colon is missing after this key", "write key: value")


def no_mapping(text: str) -> Cause:
    """The cause if a text is YAML, but not a mapping."""
    if page := web_page(text):
        return page
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "---", "%"))]
    line = lines[0] if lines else ""
    start = text.find(line) + len(line) - len(line.lstrip())
    if line.lstrip().startswith(("- ", '"')) or not re.match(r"[\w.-]+\s*[:=]|//|;|/\*|\[[\w.-]+\]$", line.strip()):
        return Cause(start, "the file must be a mapping", "begin with a key: value")
    return _no_pair(line, start)


def _flow(text: str, at: int, begin: int) -> Cause:
    character, bracket = text[at : at + 1], text[begin : begin + 1]
    quoted = character not in {"", ":", "\n"} and text[:at].rstrip(" ").endswith(('"', "'"))
    if character in {"", "\n", "\r"} or ("\n" in text[begin:at] and not quoted):
        return Cause(begin, "this quote or bracket is never closed", "close it")
    return first(
        at,
        (character in {"]", "}"}, f"this bracket does not match the {bracket} that is open", "close that one first"),
        (quoted, "a colon or a comma is missing before this", "write it"),
        (
            character in {"{", "["} and text[at - 1 : at].strip(" ,:[{"),
            "there is a bracket in the middle of a string without quotes",
            "put the text in quotes",
        ),
    ) or Cause(at, "a comma is missing before this", "write one between two items")


def _opening(text: str, at: int) -> int | None:
    """The offset of the quote that opens a string in double quotes that ends on a later line; None if none is found."""
    end = text.rfind("\n", 0, at)
    while end > 0:
        begin = text.rfind("\n", 0, end)
        if text.count('"', begin + 1, end) % 2:
            return text.rfind('"', begin + 1, end)
        end = begin
    return None


def _item(text: str, at: int, _: int) -> Cause:
    """The mistake of a list whose next line, or the rest of whose line, is not an item."""
    if text[:at].rstrip(" ").endswith(('"', "'")):
        return Cause(
            at, "a string ends at the quote before this, but more text follows", "put the whole entry in quotes"
        )
    return Cause(
        at, "there is a key among the items of a list", "indent it below its item, or as the key above the list"
    )


def _is_outside(text: str, at: int) -> bool:
    """Whether the line at this offset is indented less than the line above, which is a key without a value."""
    above = text[: line_start(text, at)].rstrip()
    key = above[above.rfind("\n") + 1 :]
    return key.endswith(":") and len(key) - len(key.lstrip()) > at - text.rfind("\n", 0, at) - 1


def _key(text: str, at: int, _: int) -> Cause:
    character, line = text[at : at + 1], text[text.rfind("\n", 0, at) + 1 : at].rstrip()
    problem = "a string ends at the quote before this, but more text follows"
    if line.endswith('"') and line.count('"') % 2 and (start := _opening(text, at)) is not None:
        return Cause(start, "this quote is not closed on its line", "close it")
    return first(
        at,
        (character in {"]", "}"}, "one closing bracket is too many", "take it out"),
        (
            character == "-" and not line.strip() and _is_outside(text, at),
            "this item is indented less than the key above, to which it belongs",
            "indent it at least as that key",
        ),
        (
            character == "-" and not line.strip(),
            "there is an item of a list among keys",
            "write all of them as - KEY=VALUE, or all as KEY: VALUE",
        ),
        (line.endswith("'"), problem, "write '' for a quote inside of it, or put the text in double quotes"),
        (line.endswith('"'), problem, 'write \\" for a quote inside of it, or put the text in single quotes'),
        (
            line.endswith(("]", "}")),
            "there is more text after the closing bracket",
            "take it out, or put the value in quotes",
        ),
    ) or Cause(at, "this line is indented as none above it", "indent it as its neighbours")


def _never(_: str, __: int, begin: int) -> Cause:
    return Cause(begin, "this quote or bracket is never closed", "close it")


def _token(_: str, at: int, __: int) -> Cause:
    return Cause(at, "this character cannot start a value", "put the value in quotes")


def _missing_colon(text: str, at: int, begin: int) -> Cause:
    start = line_start(text, begin)
    return (
        common(text, start) or _no_pair(line_of(text, start), start)
        if text[start:].strip()
        else Cause(at, "a colon is missing", "write key: value")
    )


def _merging(text: str, at: int, begin: int) -> Cause:
    """The mistake of a `<<` whose value is no mapping. The parser names the place of the value, which may be at its
    anchor, and of the mapping with `<<`.
    """
    merge_key = text.find("<<", begin)
    problem = "`<<` takes a mapping, or a list of mappings"
    return Cause(merge_key if merge_key > at else at, problem, "give it an alias of one: <<: *NAME")


_HALF = "[dD][89a-fA-F]"
_NO_CHARACTER = late_pattern(rf"\\(?:u{_HALF}|U(?!0000(?!{_HALF})|000[1-9a-fA-F]|0010)[0-9a-fA-F]{{8}})")


def no_character(text: str, begin: int = 0) -> Cause:
    """The cause if the code of an escape sequence, at or after `begin`, is none of a character. JSON writes those beyond
    U+FFFF as two halves.
    """
    match = _NO_CHARACTER.search(text, begin)
    problem = "this is half of a character as JSON writes it, or none at all"
    return Cause(match.start() if match else begin, problem, "write the character itself")


def _row(problem: str, fix: str) -> Callable[[str, int, int], Cause]:
    return lambda _, at, __: Cause(at, problem, fix)


_ALIAS = _row("this is an alias without an anchor above it", "put a value that starts with `*` or `&` in quotes")
_CAUSES: dict[str, Callable[[str, int, int], Cause]] = {
    "mapping values": _colon,
    "end of stream": _never,
    "flow sequence": _flow,
    "flow mapping": _flow,
    "any token": _token,
    "alphabetic or numeric": _ALIAS,
    "undefined alias": _ALIAS,
    "escape character": _row("this is not a valid escape sequence", "write two, or put the text in single quotes"),
    "escape code": lambda text, at, _: no_character(text, text.rfind("\\", 0, at)),
    "hexdecimal": _row("this is not a valid escape sequence", "write two, or use single quotes"),
    "unhashable": _row("a key must be one word", "put a value that starts with `{` or `[` in quotes"),
    "unacceptable key": _row("a key must be one word", "put a value that starts with `{` or `[` in quotes"),
    "constructor for the tag": _row("no managed system knows this tag", "take it out"),
    "for merging": _merging,
    "unexpected ':'": lambda _, __, begin: Cause(
        begin, "a space is missing behind the colon", "write key: value, or put a text that holds a colon in quotes"
    ),
    "expected ':'": _missing_colon,
    "could not find expected": _missing_colon,
    "expected '-' indicator": _item,
    "tab character": _row("there is a tab in the indentation", "indent with spaces: YAML takes no tabs there"),
    "expected key": _key,
    "block end": _key,
    "node content": _row("a value is missing before this", "write it, or close the bracket"),
    "duplicate anchor": _row("this anchor exists already", "give it another name"),
    "document start": _row("there is more text after the end of the document", "take it out"),
}
"""By words of the message of libyaml or PyYAML."""
