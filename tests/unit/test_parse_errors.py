"""Texts that cannot be parsed: each error has the place and the usual cause, and nothing of the text itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runnerops.model.inventory import FileSpec
from runnerops.model.plan import Finding
from runnerops.planning.lint.file import lint_file
from tests.unit.single_files import JSON, REGISTRY, TOML, YAML

IN_JSON = [
    ('{\n  // x\n  "a": 1}', 2, 3, "there is a comment here", "JSON has none"),
    ('{"a": 1 # x\n}', 1, 9, "there is a comment here", "JSON has none"),
    ('{"a": 1,\n}', 1, 8, "this comma before a closing bracket is one too many", "take it out"),
    ('{"a": [1, 2,]}', 1, 12, "this comma before a closing bracket is one too many", "take it out"),
    ('{"a": 1,, "b": 2}', 1, 9, "there is a comma here with nothing before it", "take it out"),
    ("{\u201ca\u201d: 1}", 1, 2, "a curly quote", "straight"),
    ("{\u00a0}", 1, 2, "an invisible character", "space"),
    ('{"a":\ufeff 1}', 1, 6, "a byte order mark", "first character"),
    ("{'a': 1}", 1, 2, "a single quote", 'write "'),
    ('{"a": 1\n "b": 2}', 2, 2, "a comma is missing", "between two items"),
    ('{"a" 1}', 1, 6, "a colon is missing", '"key": value'),
    ('{"a" = 1}', 1, 6, "an equals sign", "colon"),
    ("{a: 1}", 1, 2, "there is a key here without a quote", '"key"'),
    ('{debug": true}', 1, 2, "there is a key here without a quote", '"key"'),
    ('{"a": overlay2}', 1, 7, "there is a string here without quotes", "quotes"),
    ('{"a": True}', 1, 7, "not a value of JSON", "write true"),
    ('{"a": off}', 1, 7, "not a value of JSON", "write false"),
    ('{"a": None}', 1, 7, "not a value of JSON", "null"),
    ('{"a": $X}', 1, 7, "a variable", "nothing is replaced"),
    ('{"a": "x\n}', 1, 7, "this quote is not closed on its line", "close it"),
    ('{"a": "b\'}', 1, 7, "this string begins with", 'write "'),
    ('{"a": ["b\', "c"]}', 1, 8, "this string begins with", 'write "'),
    ('{"a": ["b\'],\n "c": 1}', 1, 8, "this string begins with", 'write "'),
    ('{"a": "it\'s\n"}', 1, 7, "this quote is not closed", "close it"),
    ('{"a: 1}', 1, 2, "this quote is never closed", "close it"),
    ('{"a": "x, "b": 1}', 1, 12, "a string ends at the quote before this", "close the text before it"),
    ('{"a": {"b": 1}\n', 1, 1, "this bracket is never closed", "close it"),
    ('{"a": ["b"\n}', 2, 1, "does not match the [ that is open", "close that one first"),
    ('{"a": 1}}', 1, 9, "one closing bracket is too many", "take it out"),
    ('{"a": "b"]}', 1, 10, "does not match the { that is open", "write the [ that is missing"),
    ('{\n "a": 1 },\n "b": 2\n}', 2, 9, "this bracket ends the document", "take it out"),
    ("<!DOCTYPE html>\n<p>", 1, 1, "a web page", "raw file"),
    ('{"a": 1}\n{"b": 2}', 2, 1, "more text after the end of the document", "one { }"),
    ('{"a": "x\ty"}', 1, 9, "there is a tab inside a string", "\\t"),
    ('{"a": "D:\\docker"}', 1, 10, "not a valid escape sequence", "write two"),
    ('{"a": 010}', 1, 8, "a number begins with 0", "octal"),
    ('{"a": 10m}', 1, 9, "a number ends here", '"10m"'),
    ('{"a": }', 1, 7, "a value is missing", "write it"),
    ("a = 1\n[b]\n", 1, 1, "begins with {", "TOML"),
    ('["a"]', 1, 1, "must be an object", "{ }"),
    ('{"a": "b", "c"}', 1, 15, "a colon is missing", "several values into [ ]"),
    ('cat <<EOF\n{"a": 1}\n', 1, 1, "text before the first {", "take it out"),
    ("'{\"a\": 1}'", 1, 1, "a quote around the whole file", "take it out"),
    ('{"a": {{ x }}}', 1, 8, "there are braces of a template", "render"),
    ('{\n<<<<<<< HEAD\n"a": 1\n', 2, 1, "an unfinished Git merge", "resolve"),
]
IN_TOML = [
    ("// x\na = 1", 1, 1, "a comment that TOML does not know", "#"),
    ("a = 1 // x", 1, 7, "a comment that TOML does not know", "#"),
    ("; x\na = 1", 1, 1, "a comment that TOML does not know", "#"),
    ("a = \u201cx\u201d", 1, 5, "a curly quote", "straight"),
    ("a =\u00a01", 1, 4, "an invisible character", "space"),
    ("a = 1\n\ufeffb = 2", 2, 1, "a byte order mark", "first character"),
    ("a = foo", 1, 5, "there is a string here without quotes", "quotes"),
    ("a = [1, B=2]", 1, 9, "there is a string here without quotes", "quotes"),
    ("a = True", 1, 5, "not a value of TOML", "write true"),
    ("a = null", 1, 5, "not a value of TOML", "no null"),
    ("a: 1", 1, 2, "there is a colon here", "equals sign"),
    ('a.b/c = "x"', 1, 4, "a key with this sign", 'write "KEY"'),
    ("a b/c", 1, 3, "an equals sign is missing", "key = value"),
    ("\n<html>\n", 2, 1, "a web page", "raw file"),
    ("[[runners]]\n  name 1", 2, 8, "an equals sign is missing", "key = value"),
    ("a == 1", 1, 4, "one equals sign too many", "take it out"),
    ("b = 1\na =\n", 2, 3, "a value is missing", "write it"),
    ("b = 1\n  a = # x\n", 2, 5, "a value is missing", "write it"),
    ('a = "x\nb = 1', 1, 5, "this quote is not closed on its line", "close it"),
    ("b = 1 # it's\na = 'x\n", 2, 5, "this quote is not closed on its line", "close it"),
    ('a = """x\n', 1, 5, "this quote is never closed", "close it"),
    ('a = "C:\\GitLab-Runner"', 1, 8, "not a valid escape sequence", "single quotes"),
    ('a = "C:\\Users"', 1, 8, "not a valid escape sequence", "single quotes"),
    ('[[runners]\nname = "x"', 1, 1, "the brackets of this table's name", "[[NAME]]"),
    ('[runners.docker\nimage = "x"', 1, 1, "the brackets of this table's name", "[NAME]"),
    ('a = ["x"\nb = 1\n', 1, 5, "this list is never closed", "]"),
    ('a = ["x" "y"]', 1, 10, "a comma is missing", "between two items"),
    ("a = {b = 1\n", 1, 5, "this { is not closed", "table"),
    ("a = 1\na = 2\n", 2, 1, "duplicate key, also in line 1", "take one"),
    ("[a]\nx = 1\n\n[a]\ny = 1\n", 4, 1, "this table exists already", "[[runners]]"),
    ('[runners]\nname = "x"\n[[runners]]\n', 3, 1, "this table exists already", "[[runners]]"),
    ("[a.b]\nx = 1\n[[a]]\ny = 1\n", 1, 1, "whose heading stands below it", "move it down"),
    ("a = 10m", 1, 7, "a number ends here", '"10m"'),
    ("a = 010", 1, 6, "a number begins with 0", "0o"),
    ("a = 1,\nb = 2", 1, 6, "there is a comma after the value", "take it out"),
    ("a = 1;\n", 1, 6, "there is a semicolon after the value", "take it out"),
    ("a = 1 b = 2", 1, 7, "there is a second key on this line", "a line of its own"),
    ('a = ["x"]]', 1, 10, "one closing bracket is too many", "take it out"),
    ('{"a": 1}', 1, 1, "does not begin with {", "JSON"),
    ("a = {{ x }}", 1, 6, "there are braces of a template", "render"),
    ("%{ for key in keys ~}\n", 1, 1, "a template tag", "render"),
    ('a = "{{ printf "x" }}"', 1, 17, "braces of a template in this string", "render"),
    ('a = "{{ x }}"\nb = "it is "x""', 2, 13, "a string ends at the quote", "for a quote inside"),
    ("[a]\n(...)\n", 2, 1, "there are dots here", "take them out"),
    (">>>>>>> x\n", 1, 1, "an unfinished Git merge", "resolve"),
    ("a = 1\n[t]\na = 1\nb = 2\na = 3\n", 5, 1, "duplicate key, also in line 3", "take one"),
    ("[t]\n[u]\n[ t ] # again\n", 3, 1, "this table exists already", "put its keys together"),
    ("[t]\n[u]\n[t]\n", 3, 1, "this table exists already, also in line 1", "put its keys together"),
]
IN_YAML = [
    ("a:\n\tb: 1\n", 2, 1, "there is a tab in the indentation", "spaces"),
    ("a:1\nb: 2\n", 1, 1, "a space is missing after the colon", "key: value"),
    ("a = 1\nb: 2\n", 1, 1, "there is an equals sign here", "colon"),
    ("[log]\nlevel: x\n", 1, 1, "as in TOML", "NAME:"),
    ("a: b: c", 1, 5, "there is a `:` where none is allowed", "quotes"),
    ("a: [1, 2\nb: 3\n", 1, 4, "this quote or bracket is never closed", "close it"),
    ("a:\n  b: {c: d, e:}\n", 2, 13, "a space is missing behind the colon", "key: value"),
    ("a: {b: 1\nc: 2\n", 1, 4, "this quote or bracket is never closed", "close it"),
    ('b: 1\na: "x\nb: 1\n', 2, 4, "this quote or bracket is never closed", "close it"),
    ('a: "C:\\data"', 1, 7, "not a valid escape sequence", "single quotes"),
    ("a: 'it's'", 1, 8, "a string ends at the quote before this", "''"),
    ("a: *.example.com\n", 1, 5, "an alias", "quotes"),
    ("a: *b\n", 1, 4, "an alias", "quotes"),
    ("a: @x", 1, 4, "cannot start a value", "quotes"),
    ("a: 1\na: 2\n", 2, 1, "duplicate key, also in line 1", "take one"),
    ("a:\n    b: 1\n  c: 2\n", 3, 3, "this line is indented as none above", "neighbours"),
    ("a: 1\n  b: 2\n", 2, 3, "indented deeper than the one above", "both alike"),
    ("a:\n  - b\n  c: 1\n", 3, 3, "there is a key among the items of a list", "indent"),
    ("a:\n  B: c\n  - D=e\n", 3, 3, "there is an item of a list among keys", "KEY: VALUE"),
    ("a:\n  b:\n - c\n", 3, 2, "indented less than the key above", "at least as that key"),
    ("<!doctype html>\n<p style='a: b'>\n", 1, 1, "a web page", "raw file"),
    ("<html>", 1, 1, "a web page", "raw file"),
    ('a:\n  b: "me\n  c: "x"\n', 2, 6, "this quote is not closed on its line", "close it"),
    ('a:\n  - "b":/c\nd: 1\n', 2, 8, "a string ends at the quote before this", "the whole entry"),
    ("a: \u201cx: y\u201d", 1, 4, "a curly quote", "straight"),
    ("a: 1\n\ufeffb: 2", 2, 1, "a byte order mark", "first character"),
    ('b: 1\na: "x\x01"', 2, 6, "does not allow", "take it out"),
    ("a: {{ x }}\nb: 1", 1, 4, "there are braces of a template", "quotes"),
    ("// x\na: 1", 1, 1, "a comment that YAML does not know", "#"),
    ("- a\n- b\n", 1, 1, "must be a mapping", "key: value"),
    ("a\nb: 1", 1, 1, "a colon is missing", "key: value"),
    ("a: ['x' 'y']", 1, 9, "a colon or a comma is missing", "write it"),
    ("a: {b: TOKEN_{host}}", 1, 14, "there is a bracket in the middle of a string", "in quotes"),
    ("a: [x y, b: c d: e]", 1, 16, "a comma is missing", "between two items"),
    ("a: [1]]", 1, 7, "one closing bracket is too many", "take it out"),
    ("a: [1}", 1, 6, "does not match the [ that is open", "close that one first"),
    ("a: !!python/object x", 1, 4, "no managed system knows this tag", "take it out"),
    ("a:\n  <<: 1\n", 2, 7, "`<<` takes a mapping", "*NAME"),
    ("<<<<<<< HEAD\na: 1\n", 1, 1, "an unfinished Git merge", "resolve"),
    ("a:\n<<<<<<< HEAD\n  b: 1\n", 2, 1, "an unfinished Git merge", "resolve"),
    ("a:\n<<<<<<< HEAD\n  b: 1\n=======\n  b: 2\n>>>>>>> x\n", 2, 1, "an unfinished Git merge", "resolve"),
    ("b: 1\na: &a [*a]", 2, 8, "aliases", "write the values out"),
]
IN_REGISTRY = [("b: 1\na: 0x_\n", 2, 4, "looks like a number", "quotes")]
FORMATS = ((JSON, IN_JSON), (TOML, IN_TOML), (YAML, IN_YAML), (REGISTRY, IN_REGISTRY))
CASES = [(spec, *case) for spec, cases in FORMATS for case in cases]


def finding_of(spec: FileSpec, content: bytes) -> Finding:
    (finding,) = lint_file(spec, content)
    assert finding.rule == "P001"
    return finding


@pytest.mark.parametrize(("spec", "text"), [(JSON, "[]"), (JSON, '"x"'), (YAML, "- a"), (YAML, "[]")])
def test_what_is_valid_and_no_mapping_is_not_said_to_be_invalid(spec: FileSpec, text: str) -> None:
    assert finding_of(spec, text.encode()).message.startswith("the file must be ")


def test_findings_of_a_file_stand_in_its_order() -> None:
    text = '{\n "log-opts": {"max-size": 10},\n "x": 1,\n "bip": "y",\n "registry-mirror": []\n}'
    lines = [finding.location.line for finding in lint_file(JSON, text.encode()) if finding.location]
    assert lines == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("a: \u201cb\u201d", [(1, 1)]),
        ("\u201ca\u201d: b", [(1, 1)]),
        ("x-a: [b, \u2018c\u2019]", [(1, 10)]),
        ("x-a: he said \u201cb\u201d", []),
        ("x-a: '\u201cb\u201d, he said'", []),
        ("x-a: '\u201cb\u201d'", []),
        ('x-a: ["\u201cb\u201d"]', []),
        ("x-a: \u201cb\u201d and \u201cc\u201d", []),
    ],
)
def test_curly_quotes_are_named_where_yaml_takes_them_for_letters(text: str, places: list[tuple[int, int]]) -> None:
    curly = [finding.location for finding in lint_file(YAML, f"{text}\n".encode()) if finding.rule == "P007"]
    assert [(place.line, place.column) for place in curly if place] == places


@pytest.mark.parametrize(("spec", "text", "line", "column", "problem", "fix"), CASES)
def test_the_usual_cause_is_reported_where_it_stands(
    spec: FileSpec, text: str, line: int, column: int, problem: str, fix: str
) -> None:
    finding = finding_of(spec, text.encode())
    assert problem in finding.message
    assert fix in finding.fix
    assert finding.location
    assert (finding.location.line, finding.location.column) == (line, column)


@pytest.mark.parametrize(
    ("spec", "content", "line", "column", "problem"),
    [
        (JSON, b'{"a":\n "\xe9"}', 2, 3, "not UTF-8"),
        (TOML, 'é = "'.encode() + b'\xe9"', 1, 6, "not UTF-8"),
        (YAML, b"a: \xe9", 1, 4, "not UTF-8"),
        (TOML, "a = 1".encode("utf-16"), 1, 1, "UTF-16"),
    ],
)
def test_bytes_that_are_no_text(spec: FileSpec, content: bytes, line: int, column: int, problem: str) -> None:
    finding = finding_of(spec, content)
    assert problem in finding.message
    assert finding.location
    assert (finding.location.line, finding.location.column) == (line, column)


@pytest.mark.parametrize(
    ("spec", "content"),
    [
        (JSON, b"\xef\xbb\xbf{}"),
        (JSON, "{}".encode("utf-16")),
        (TOML, b"\xef\xbb\xbfconcurrent = 1\n"),
        (YAML, "services: {}\n".encode("utf-16")),
        (YAML, b"x-a: 2020-13-45\nservices: {}\n"),
    ],
)
def test_what_the_systems_read_is_no_mistake(spec: FileSpec, content: bytes) -> None:
    assert not [finding for finding in lint_file(spec, content) if finding.rule == "P001"]


WHOLE = {
    JSON: '{"log-opts": {"max-size": "s3cret", "b": [1, true]},\n "debug": false}\n',
    TOML: 'concurrent = 1\n[[runners]]\nname = "s3cret"\n[runners.docker]\nvolumes = ["s3cret", \'/x\']\n',
    YAML: 'services:\n  a: {image: "s3cret"}\n  b:\n    ports: ["1:2", \'s3cret\']\n',
}
SIGNS = st.sampled_from([*"{}[]\"'=:,;#\\\t\n -*&!%@|>$.0", "\u201c", "\ufeff", "\x01", "", "//", "{{"])


@given(st.sampled_from([JSON, TOML, YAML]), st.data())
def test_no_mistake_ends_in_a_traceback_or_shows_the_text(spec: FileSpec, data: st.DataObject) -> None:
    text = WHOLE[spec]
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(SIGNS) + text[at + data.draw(st.integers(0, 2)) :]
    for finding in lint_file(spec, text.encode()):
        if finding.rule == "P001":
            assert "s3cret" not in finding.message + finding.fix
            assert finding.fix
            assert finding.location
            assert finding.location.line <= text.count("\n") + 1
