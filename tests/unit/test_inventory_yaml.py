from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from runnerops import inventory
from runnerops.errors import InventoryError, UsageError
from runnerops.inventory.parse.events import events
from runnerops.inventory.parse.nodes import parse
from runnerops.inventory.problems import Problems
from runnerops.inventory.values.scalars import plain_scalar
from runnerops.parsing.odd_numbers import as_written
from tests.unit import inventory_texts as texts

SCALARS = [
    ("on", "on"), ("no", "no"), ("y", "y"), ("22:22", "22:22"), ("0600", "0600"), ("1_000", "1_000"),
    ("2024-01-01", "2024-01-01"), ("1.2.3", "1.2.3"), ("08", "08"), ("00.5", "00.5"),
    ("true", True), ("False", False), ("~", None), ("", None), ("null", None),
    ("0", 0), ("-3", -3), ("+1", 1), ("0o600", 0o600), ("0xff", 255), ("9223372036854775807", 2**63 - 1),
    ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("-1.", -1.0),
]  # fmt: skip

BROKEN = [
    ("hosts:\n\ta: {}\n", "inventory.yml:2:1: there is a tab in the indentation", "spaces"),
    ("hosts:\n  a: \0\n", "inventory.yml:2:6: a NUL character (U+0000) is not allowed", "take it out"),
    ("hosts:\n  a: \x1b\n", "inventory.yml:2:6: the control character U+001B is not allowed", "take it out"),
    (b"hosts:\n  caf\xe9: {}\n", "inventory.yml:2:6: byte 0xE9 is not UTF-8 (in Latin-1 it is 'é')", "UTF-8"),
    ("hosts: {}\n".encode("utf-16"), "inventory.yml:1:1: the file is UTF-16", "UTF-8"),
    ("hosts:\n  \ufeffa: {}\n", "inventory.yml:2:3: a byte order mark (U+FEFF) inside the text is not allowed", "take"),
    ("", "inventory.yml:1:1: the inventory is empty", "hosts:"),
    ("# nothing yet\n", "inventory.yml:1:1: the inventory is empty", "hosts:"),
    ("- a\n", "inventory.yml:1:1: the inventory must be a mapping", "hosts:"),
    ("hosts: {a: }\n---\n", "inventory.yml:2:1: a second document", "one file"),
    ("hosts:\n  a: b: c\n", "inventory.yml:2:7: there is a `:` where none is allowed", "quotes"),
    ("hosts:\n  a: 'b\n", "inventory.yml:2:6: this quote or bracket is never closed", "close"),
    ("hosts:\n  a: @b\n", "inventory.yml:2:6: this character cannot start a value", "quotes"),
    ("hosts: {{ x }}\n", "inventory.yml:1:9: hosts: a key must be one word", "quotes"),
    ("hosts:\n  a: {}\n  a: {}\n", "inventory.yml:3:3: hosts.a: written twice, first at inventory.yml:2:3", "keep one"),
    ("hosts:\n  a: !!python/object/apply:os.system [x]\n", "inventory.yml:2:6: hosts.a: the tag "
     "!!python/object/apply:os.system names Python code, which runnerops does not run", "take the tag out"),
    ("hosts:\n  a: !evn X\n", "inventory.yml:2:6: hosts.a: unknown tag !evn, did you mean '!env'?", "!env NAME"),
    ("hosts: {a: !env $X}\n", "inventory.yml:1:12: hosts.a: !env needs the name of a variable", "without $"),
    ("hosts: {a: !file }\n", "inventory.yml:1:12: hosts.a: !file without an argument", "path"),
    ("hosts: {a: !command [x]}\n", "inventory.yml:1:12: hosts.a: !command needs one text", "same line"),
    ("x-a: &common {}\nhosts: {a: *comon}\n",
     "inventory.yml:2:12: hosts.a: an alias without an anchor above it, did you mean 'common'?", "as its anchor"),
    ("x-a: &common {}\nhosts: {a: {<<: common}}\n",
     "inventory.yml:2:13: hosts.a.<<: must be an alias of a mapping", "<<: *NAME"),
    ("hosts: {a: *x}\n", "inventory.yml:1:12: hosts.a: an alias without an anchor above it", "quotes"),
    ("hosts: &x {a: *x}\n", "inventory.yml:1:15: hosts.a: an alias inside of its own anchor", "take"),
    ("a: " + "[" * 400, "inventory.yml:1:64: a[0][0][0][0][0]: nested deeper than 60 levels", "no managed system"),
    ("a: 99999999999999999999\n", "inventory.yml:1:4: a: the number has more than 64 bits", "quotes"),
    ("a: !!int x\n", "inventory.yml:1:4: a: !!int does not fit this value", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    found = plain_scalar(text)
    assert found == value
    assert isinstance(found, type(value))
    assert isinstance(found, bool) == isinstance(value, bool)
    if isinstance(found, int | float) and not isinstance(found, bool):
        assert as_written(found) == text


@pytest.mark.parametrize(("text", "message", "hint"), BROKEN)
def test_broken_text_is_reported_with_its_place_and_the_fix(
    tmp_path: Path, text: str | bytes, message: str, hint: str
) -> None:
    found, fix = texts.refusal(tmp_path, text)
    assert found.startswith(message)
    assert hint in fix


def test_an_alias_bomb_is_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40))]
    message, _ = texts.refusal(tmp_path, "\n".join(lines))
    assert message.startswith("inventory.yml:6:")
    assert "the aliases here expand to more than 100000 values" in message


@pytest.mark.parametrize("text", ["password: *hunter22", "password: !hunter22"])
def test_a_password_without_quotes_is_not_repeated(tmp_path: Path, text: str) -> None:
    assert "hunter22" not in "".join(texts.refusal(tmp_path, text))


def test_aliases_and_merge_keys_work(tmp_path: Path) -> None:
    hosts = texts.hosts(
        tmp_path,
        """
        hosts:
          a: {docker: &base {debug: true, log-opts: &opts {max-size: 10m}}}
          b: {docker: {<<: *base, debug: false}}
          c: {docker: {log-opts: *opts}}
        """,
    )
    assert texts.docker(hosts["b"]) == {"debug": False, "log-opts": {"max-size": "10m"}}
    assert texts.docker(hosts["c"]) == {"log-opts": {"max-size": "10m"}}


def test_a_byte_order_mark_at_the_start_and_windows_line_ends_are_legal(tmp_path: Path) -> None:
    path = texts.write(tmp_path, b"\xef\xbb\xbfhosts:\r\n  a: {}\r\n")
    assert [host.name for host in inventory.load(path).hosts] == ["a"]


BOTH = pytest.mark.parametrize("loader", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])


@BOTH
@pytest.mark.parametrize("code", [r"\ud83d\ude00", r"\uDC00", r"\U00110000", r"\U0000d800"])
def test_halves_of_characters_are_refused_with_their_place(loader: type, code: str) -> None:
    problems = Problems()
    with pytest.raises(InventoryError, match=r"^f:2:5: this is half of a character") as caught:
        list(events(f'a: b\nc: "{code}"\n', "f", problems, loader))
    assert caught.value.problems[0][2] == "write the character itself"
    assert list(events(f"c: '{code}'\nd: \"\\U0001F600 \\ud7ff\"\n", "f", Problems(), loader))


@BOTH
def test_both_parsers_see_the_same_events(loader: type) -> None:
    text = "a: &x {b: [1, '2'], c: !env D}\nd: *x\n"
    seen = [(type(event).__name__, event.start_mark) for event in events(text, "f", Problems(), loader)]
    places = [(name, location.line, location.column) for name, location in seen if location and "Stream" not in name]
    assert ("AliasEvent", 1, 3) in places
    assert ("ScalarEvent", 0, 23) in places  # the place of a tagged value is its tag's


def test_every_value_knows_the_place_of_its_key() -> None:
    node = parse("a:\n  b:\n    - c: 1\n", "f.yml", Problems())
    assert isinstance(node.value, dict)
    inner = node.value["a"]
    assert isinstance(inner.value, dict)
    assert [str(inner.location), str(inner.value["b"].location)] == ["f.yml:1:1", "f.yml:2:3"]


@pytest.mark.parametrize("name", ["missing.yml", "."])
def test_no_inventory_file_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        inventory.load(tmp_path / name)
    assert "-i FILE" in caught.value.hint
