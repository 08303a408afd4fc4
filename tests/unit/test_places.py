"""The places of keys in files: every key of any document has one, and it is correct."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import tomli_w
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runnerops.model.common import Key
from runnerops.parsing import json_places, toml_places, yaml_places

JSON = """{
  "debug": true,
  "log-opts": {"max-size": "10m",
    "max-file": "3"},
  "registry-mirrors": [
    "http://a", "http://b"
  ],
  "a\\u002fb": [{"x": {}}, []]
}"""

TOML = '''# a comment with = and [brackets]
concurrent = 4
log_level = "warn" # = "x"

[[runners]]
  name = "one"
  pre_build_script = """
[no.table]
key = 1
"""
  [runners.docker]
    volumes = ["/cache", # first
      "/certs"]
    sysctls = { "net.ipv4.ip_forward" = "1", a.b = 2 }
[[runners]]
  name = 'two'
  token_obtained_at = 2024-01-01 00:00:00Z
  [[runners.docker.services]]
    name = "redis"
  [[runners.docker.services]]
    "al\\u0069as" = "db"
[session_server]
listen_address = "[::]:8093"
'''

YAML = """version: 0.1
x-base: &base
  level: info
log:
  <<: *base
  fields: {service: registry}
storage:
  - a
  - b: 1
again: *base
"""


@pytest.mark.parametrize(
    ("key", "place"),
    [
        (("debug",), (2, 3)),
        (("log-opts", "max-size"), (3, 16)),
        (("log-opts", "max-file"), (4, 5)),
        (("registry-mirrors", 1), (6, 17)),
        (("a/b", 0, "x"), (8, 17)),
    ],
)
def test_json(key: Key, place: tuple[int, int]) -> None:
    location = json_places.places(JSON, "daemon.json")[key]
    assert (location.file, location.line, location.column) == ("daemon.json", *place)


@pytest.mark.parametrize(
    ("key", "place"),
    [
        (("concurrent",), (2, 1)),
        (("runners",), (5, 3)),
        (("runners", 0), (5, 3)),
        (("runners", 0, "name"), (6, 3)),
        (("runners", 0, "docker"), (11, 12)),
        (("runners", 0, "docker", "volumes", 1), (13, 7)),
        (("runners", 0, "docker", "sysctls", "net.ipv4.ip_forward"), (14, 17)),
        (("runners", 0, "docker", "sysctls", "a", "b"), (14, 48)),
        (("runners", 1), (15, 3)),
        (("runners", 1, "token_obtained_at"), (17, 3)),
        (("runners", 1, "docker", "services", 0, "name"), (19, 5)),
        (("runners", 1, "docker", "services", 1, "alias"), (21, 5)),
        (("session_server", "listen_address"), (23, 1)),
    ],
)
def test_toml(key: Key, place: tuple[int, int]) -> None:
    location = toml_places.places(TOML, "config.toml")[key]
    assert (location.line, location.column) == place


@pytest.mark.parametrize(
    ("key", "place"),
    [
        (("version",), (1, 1)),
        (("log", "level"), (3, 3)),
        (("log", "fields", "service"), (6, 12)),
        (("storage", 1), (9, 5)),
        (("storage", 1, "b"), (9, 5)),
        (("again", "level"), (3, 3)),
    ],
)
def test_yaml(key: Key, place: tuple[int, int]) -> None:
    location = yaml_places.places(YAML, "config.yml")[key]
    assert (location.line, location.column) == place


def test_yaml_that_holds_itself_ends() -> None:
    assert ("a", "b") in yaml_places.places("a: &a\n  b: *a\n", "x")


def keys(value: Any, key: Key = ()) -> Iterator[Key]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, below in items:
        yield (*key, name)
        yield from keys(below, (*key, name))


TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00\x85\ufeff"), max_size=8)
DOCUMENTS = st.dictionaries(
    TEXT,
    st.recursive(
        TEXT | st.integers(-9, 9) | st.booleans(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=12,
    ),
    max_size=4,
)


@given(DOCUMENTS, st.sampled_from([None, 1]))
def test_every_key_of_any_json_has_a_place(tree: dict[str, Any], indent: int | None) -> None:
    for ascii_only in (False, True):
        locations = json_places.places(json.dumps(tree, indent=indent, ensure_ascii=ascii_only), "x")
        assert set(locations) == set(keys(tree))


@given(DOCUMENTS, st.booleans())
def test_every_key_of_any_toml_has_a_place(tree: dict[str, Any], multiline: bool) -> None:
    text = tomli_w.dumps(tree, multiline_strings=multiline)
    assert set(keys(tomllib.loads(text))) <= set(toml_places.places(text, "x"))


@given(DOCUMENTS)
def test_every_key_of_any_yaml_has_a_place(tree: dict[str, Any]) -> None:
    text = yaml.safe_dump(tree, allow_unicode=True)
    assert set(yaml_places.places(text, "x")) == set(keys(tree))


def test_dates_are_one_value() -> None:
    text = "a = 1979-05-27 07:32:00\nb = 1979-05-27T07:32:00\nc = [1979-05-27, 07:32:00]\n"
    assert isinstance(tomllib.loads(text)["a"], datetime)
    assert toml_places.places(text, "x").keys() == {("a",), ("b",), ("c",), ("c", 0), ("c", 1)}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\n", None),
        ("---\na: 1\n...\n", None),
        ("a: 1\n---\n", None),
        ("a: 1\n--- # nothing\n---\n~\n", 3),
        ("a: 1\n---\nb: 2\n", 2),
        ("---\na: 1\n---\nb: {\n", 3),
        ("a: {\n", None),
    ],
)
def test_a_second_document_is_found(text: str, line: int | None) -> None:
    location = yaml_places.look(text, "f", layered=False).second
    assert (location.line if location else None) == line
