"""Explains why a text is not JSON, in terms of the usual mistakes. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from runnerops.parsing.causes import Cause, common, first, web_page
from runnerops.patterns import late_pattern

_COMMENTS = ("//", "/*", "#")
_MIXED = ("this string begins with \" but ends with '", 'write " at its end too')
_SINGLE_END = late_pattern(r"'[ \t]*[]},]*[ \t]*$")
_WORD = late_pattern(r"[A-Za-z_][\w.-]*")
_LITERALS = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}
_NULLS = {"null", "none", "nil", "undefined"}
_TOKEN = late_pattern(r'"(?:[^"\\]|\\.)*(?:"|$)|[\[\]{}]', re.DOTALL)


def explain(text: str, at: int, message: str) -> Cause:
    """The usual mistake at an offset. If the text does not show it, the message of Python's parser decides."""
    if message.startswith("Illegal trailing comma"):  # Python 3.13 and newer place it at the comma, older ones behind
        at = len(text) - len(text[at + 1 :].lstrip())
    return web_page(text) or common(text, at) or _shown_cause(text, at) or _cause_of(text, at, message)


def _shown_cause(text: str, at: int) -> Cause | None:
    character, before = text[at : at + 1], text[:at].rstrip()
    if character in {"}", "]"} and before.endswith(","):
        return Cause(len(before) - 1, "this comma before a closing bracket is one too many", "take it out")
    return first(
        at,
        (text.startswith(_COMMENTS, at), "there is a comment here", "take it out: JSON has none"),
        (
            character == "'" and not text[:at].strip() and text[at + 1 :].lstrip().startswith("{"),
            "there is a quote around the whole file",
            "take it out at the beginning and at the end",
        ),
        (character == "'", "there is a single quote here", 'write ": JSON has no other quotes'),
    )


def _cause_of(text: str, at: int, message: str) -> Cause:
    if not text[at:].strip() and not message.startswith(("Unterminated", "Invalid")):
        return _open(text)
    for beginning, cause in _CAUSES.items():
        if message.startswith(beginning):
            return cause(text, at)
    return Cause(at, "this does not belong here", "look at the quotes, commas and brackets around it")


def _open(text: str) -> Cause:
    """The innermost bracket that is not closed."""
    waiting: list[int] = []
    for token in _TOKEN.finditer(text):
        if token[0] in {"{", "["}:
            waiting.append(token.start())
        elif token[0] in {"}", "]"} and waiting:
            waiting.pop()
    if not waiting:
        return Cause(0, "the file holds no value", "write { and } at least")
    return Cause(
        waiting[-1], "this bracket is never closed", "close it, and look for a quote that is missing before the end"
    )


def _value(text: str, at: int) -> Cause:
    character, before = text[at : at + 1], text[:at].strip()
    match = _WORD.match(text, at)
    word = match[0].lower() if match else ""
    remedy = "look whether it is another file, or YAML or TOML"
    return first(
        at,
        (
            not before and character.isalpha() and re.search(r"\n\s*\{", text),
            "there is text before the first {",
            "take it out: it belongs to a shell's command",
        ),
        (not before and character not in {",", "]", "}"}, "a JSON file begins with {, and this one does not", remedy),
        (
            word in _LITERALS,
            "this is not a value of JSON",
            f"write {_LITERALS.get(word)}, in small letters, without quotes",
        ),
        (word in _NULLS, "this is not a value of JSON", "leave the key out, or write null"),
        (character == "$", "there is a variable here", "write the value: nothing is replaced in this file"),
        (character in {"+", "."}, "a number does not begin like this", "write it with a digit first"),
        (character in {",", "]", "}"}, "a value is missing here", "write it, or take out the key or comma before it"),
    ) or Cause(at, "there is a string here without quotes", 'put it in quotes: "…"')


def _comma(text: str, at: int) -> Cause:
    character, previous = text[at : at + 1], text[at - 1 : at]
    begin = text.rfind('"', 0, at - 1)
    if previous == '"' and begin >= 0 and _SINGLE_END.search(text[begin + 1 : at - 1]):
        return Cause(begin, *_MIXED)
    opened = "{" if character == "]" else "["
    problem = "a string ends at the quote before this, but more text follows"
    return first(
        at,
        (
            character in {"}", "]"},
            f"this bracket does not match the {opened} that is open",
            f"close that one first, or write the {'[' if character == ']' else '{'} that is missing before",
        ),
        (character in {";", "="}, "this sign has no meaning in JSON", "put a comma between items, a colon after a key"),
        (
            character == ":",
            "there is a colon where none is allowed",
            "put keys into { }, and a text that holds a colon in quotes",
        ),
        (
            previous == "0" and character.isdigit(),
            "a number begins with 0",
            "write it without: JSON has no octal numbers",
        ),
        (
            previous.isdigit() and (character.isalpha() or character in {".", "_"}),
            "a number ends here, but more text follows",
            'put a value with a unit in quotes: "10m"',
        ),
        (
            previous == '"' and (character.isalnum() or character in set("/-\\")),
            problem,
            'close the text before it, or write \\" for a quote',
        ),
    ) or Cause(at, "a comma is missing before this", "write one between two items")


def _colon(text: str, at: int) -> Cause:
    if text[at : at + 1] == "=":
        return Cause(at, "there is an equals sign here", "write a colon between key and value")
    if text[at : at + 1] in {",", "}"}:
        fix = 'write "key": value, or put several values into [ ]'
        return Cause(at, "a colon is missing between key and value", fix)
    return Cause(at, "a colon is missing between key and value", 'write "key": value')


def _key(text: str, at: int) -> Cause:
    character = text[at : at + 1]
    if character == ",":
        return Cause(at, "there is a comma here with nothing before it", "take it out")
    if character.isalnum() or character in {"_", "-", "$"}:
        return Cause(at, "there is a key here without a quote before it", 'put it in quotes: "key"')
    return Cause(at, "a key in double quotes is expected here", 'write "key": value')


def _more(text: str, at: int) -> Cause:
    if text[at : at + 1] in {"}", "]"}:
        return Cause(
            at, "one closing bracket is too many", "take it out, or look where the first { was closed too early"
        )
    if text[at : at + 1] == ",":
        last = len(text[:at].rstrip()) - 1
        fix = "take it out, or put what follows before it"
        return Cause(last, "this bracket ends the document, but a comma and more text follow", fix)
    return Cause(at, "there is more text after the end of the document", "a file holds one { } alone")


def _control(text: str, at: int) -> Cause:
    if text[at : at + 1] in {"\n", "\r"}:
        begin = text.rfind('"', 0, at)
        if begin >= 0 and _SINGLE_END.search(text[begin + 1 : at]):
            return Cause(begin, *_MIXED)
        return Cause(
            max(begin, 0), "this quote is not closed on its line", "close it; a line break in a text is written \\n"
        )
    if text[at : at + 1] == "\t":
        return Cause(at, "there is a tab inside a string", "write \\t")
    return Cause(at, "there is a control character inside a string", "take it out")


def _unterminated(text: str, at: int) -> Cause:
    if _SINGLE_END.search(text[at + 1 :].rstrip()):
        return Cause(at, *_MIXED)
    return Cause(at, "this quote is never closed", "close it")


def _escape(_: str, at: int) -> Cause:
    return Cause(at, "this is not a valid escape sequence", "write two: C:\\\\data")


_CAUSES: dict[str, Callable[[str, int], Cause]] = {
    "Expecting value": _value,
    "Expecting ',' delimiter": _comma,
    "Expecting ':' delimiter": _colon,
    "Expecting property name": _key,
    "Extra data": _more,
    "Unterminated string": _unterminated,
    "Invalid control character": _control,
    "Invalid \\escape": _escape,
    "Invalid \\uXXXX escape": _escape,
}
"""By the message of Python's parser."""
