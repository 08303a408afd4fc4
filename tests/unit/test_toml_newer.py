"""TOML 1.1 in a config.toml is read as newer runners do, and reported for older ones."""

from __future__ import annotations

import io
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runnerops.commands.check import CheckOptions, check
from runnerops.model.common import SourceLocation, key_text
from runnerops.parsing.places import places_in
from runnerops.parsing.toml_places import newer
from runnerops.planning.lint.file import lint_file
from runnerops.report.screen import Screen
from runnerops.services.base import ParseError
from runnerops.services.gitlab_runner.format import parse
from tests.unit.single_files import TOML


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("a = {\n  b = 1, # one\n\n  c = 2,\n}\n", "a = {b = 1, c = 2}"),
        ("a = {b = {c = 1, }, }\n", "a = {b = {c = 1}}"),
        ("a = [{\r\nb = 1\r\n}]\r\n", "a = [{b = 1}]"),
        ('a = "\\e[1m\\x41"\n"k\\e" = """\\e"""\n', 'a = "\\u001b[1mA"\n"k\\u001b" = "\\u001b"'),
        ("a = 07:32\nb = [07:32, 08:00]\n", "a = 07:32:00\nb = [07:32:00, 08:00:00]"),
        ("a = 1979-05-27 07:32\n", "a = 1979-05-27 07:32:00"),
        ("a = 1979-05-27T07:32+01:00\n", "a = 1979-05-27T07:32:00+01:00"),
        ("a = 1979-05-27T07:32Z\n", "a = 1979-05-27T07:32:00Z"),
    ],
)
def test_what_the_newer_takes_has_the_meaning_of_the_older(text: str, first: str) -> None:
    assert parse(text.encode()) == tomllib.loads(first)
    assert newer(text) is not None
    assert newer(first) is None
    assert set(places_in("toml", text, "f")) == set(places_in("toml", first, "f"))


@pytest.mark.parametrize(
    "text",
    [
        "a = [\n  1,\n  2,\n]\n",
        "a = { b = [ # c\n 1, ] }\n",
        "a = '\\e' # {\nb = \"\\\\e 07:32 {\\n\"\n",
        "a = '''{\n,}'''\n[b]\nc = 07:32:00\n",
        '"a:07:32" = """\n{ x,\n}"""\n',
        "a = 1979-05-27\nb = 1979-05-27T07:32:00.5Z\n",
    ],
)
def test_what_the_older_takes_is_not_told(text: str) -> None:
    assert parse(text.encode()) == tomllib.loads(text)
    assert newer(text) is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a = {,}\n", (1, 6)),
        ("a = {x = 1,,}\n", (1, 12)),
        ("a = {x = 1\n y = 2}\n", (2, 2)),
        ('a = "\\xg1"\n', (1, 6)),
        ("a = {\n x = 1,\n}\nb = \n", (4, 3)),
        ("a = {\n x = 1,\n[c]\nd = 1\n", (1, 5)),
        ("a = {\n", (1, 5)),
        ("a.\n", (1, 3)),
        ('a = "\\e\\e"\nb = "\\e" c\n', (2, 10)),
    ],
)
def test_what_neither_takes_is_said_where_it_stands(text: str, place: tuple[int, int]) -> None:
    with pytest.raises(ParseError) as caught:
        parse(text.encode())
    assert (caught.value.line, caught.value.column) == place


@pytest.mark.parametrize(
    ("text", "at", "what"),
    [
        ("a = {b = 1,\n}", 10, "comma"),
        ("a = {b = 1 # c\n}", 11, "lines"),
        ("a = [\n{b = 1},\n{\r\n}]", 16, "lines"),
        ('"\\e" = 1', 0, "escape"),
        ('a = "\\\\e\\x41"', 4, "escape"),
        ("a = [ 1979-05-27 07:32Z ]", 6, "seconds"),
    ],
)
def test_the_first_thing_is_reported_where_it_stands(text: str, at: int, what: str) -> None:
    found = newer(text)
    assert found
    assert (found.at, what in found.what) == (at, True)


@pytest.mark.skipif(sys.version_info >= (3, 15), reason="its tomllib may read TOML 1.1")
@given(st.text(st.sampled_from("{}[],\"'#\\ex1:07 \n=a-T"), max_size=30))
def test_what_is_told_is_what_the_older_refuses(text: str) -> None:
    try:
        tree = parse(text.encode())
    except ParseError:
        return
    try:
        first = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assert newer(text) is not None
    else:
        assert (tree, newer(text)) == (first, None)


RUNNER = (
    '[[runners]]\nname = "a"\n'
    'url = "https://gitlab.example.com"\ntoken = "glrt-aaaaaaaaaaaaaaaaaaaa"\nexecutor = "docker"\n'
)


def test_a_single_file_has_a_warning_at_its_place() -> None:
    (finding,) = lint_file(TOML, f'{RUNNER}docker = {{image = "a",\n  privileged = true}}\n'.encode())
    assert (finding.rule, finding.severity, key_text(finding.key)) == ("P006", "warning", "runners[0].docker.image")
    assert finding.location == SourceLocation(TOML.path, 6, 23)
    assert "gitlab-runner before 18.9" in finding.message


@pytest.mark.parametrize(
    ("version", "severity"), [("", "warning"), ("18.8.0", "error"), ("18.9.0", ""), ("19.3.0", "")]
)
def test_in_a_template_the_version_decides(tmp_path: Path, version: str, severity: str) -> None:
    versions = f"versions: {{gitlab_runner: '{version}'}}, " if version else ""
    (tmp_path / "inventory.yml").write_text(f"hosts: {{a: {{{versions}gitlab_runner: {{concurrent: 1}}}}}}\n")
    (tmp_path / "templates").mkdir()
    template = f"concurrent = 1\n{RUNNER}docker = {{\n  image = 'a',\n}}\n"
    (tmp_path / "templates/config.toml.j2").write_text(template)
    out = io.StringIO()
    code = check(tmp_path / "inventory.yml", [], {}, Screen(out=out, err=out), CheckOptions())
    assert (code == 1) is (severity == "error")
    assert ("P006" in out.getvalue()) is bool(severity), out.getvalue()
    assert not severity or f"templates/config.toml.j2:7:1: {severity}: runners[0].docker" in out.getvalue()
