"""The inventory's schema describes every key, and accepts the same values as the program."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, ValidationError

import runnerops
from runnerops.commands.schema import schema
from runnerops.inventory.keys.descriptions import HOST_KEYS
from runnerops.inventory.keys.schema import inventory_schema, keys_of_ours
from runnerops.model.common import Exit
from runnerops.report.inventory_reference import inventory_page, schema_text
from runnerops.report.screen import Screen

PROJECT = Path(runnerops.__file__).parent.parent


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads secret tags as the strings that they are to an editor."""


Loader.add_multi_constructor("!", lambda loader, _, node: loader.construct_scalar(node))


SCHEMA = inventory_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def errors(text: str) -> list[str]:
    tree: Any = yaml.load(text, Loader)
    found = VALIDATOR.iter_errors(tree)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in _deep(found)]


def _deep(found: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """With those of the branches of an `anyOf`, which an editor shows."""
    for error in found:
        yield error
        yield from _deep(error.context or ())


def test_the_schema_is_a_valid_json_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_key_of_ours_is_described_once() -> None:
    assert dict(keys_of_ours()).keys() == HOST_KEYS.keys()


def properties(definition: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(definition, dict):
        yield from definition.get("properties", {}).items()
        for inner in definition.values():
            yield from properties(inner)
    elif isinstance(definition, list):
        for inner in definition:
            yield from properties(inner)


def test_every_key_has_a_description() -> None:
    assert [name for name, key_schema in properties(SCHEMA) if not key_schema.get("description")] == []


def test_the_example_inventory_is_valid() -> None:
    assert errors((PROJECT / "inventory.yml").read_text()) == []


@pytest.mark.parametrize("key", sorted(HOST_KEYS))
def test_each_example_is_valid_where_it_belongs(key: str) -> None:
    text = HOST_KEYS[key].example
    if not text:
        return
    *parents, last = key.split(".")
    lines = [f"{last}: {text}"]
    for parent in reversed(parents):
        name = parent.removesuffix("[]")
        named = ["name: x", *lines] if parent.endswith("[]") and last != "name" else lines
        inner = [f"- {named[0]}", *(f"  {line}" for line in named[1:])] if parent.endswith("[]") else named
        lines = [f"{name}:", *(f"  {line}" for line in inner)]
    assert errors("\n".join(("hosts:", "  h:", *(f"    {line}" for line in lines)))) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("hosts: {h: {addres: x}}", "hosts.h"),
        ("hosts: {h: {ssh: {port: many}}}", "hosts.h.ssh.port"),
        ("hosts: {h: {docker: {debug: 1}}}", "hosts.h.docker.debug"),
        ("hosts: {h: {docker: {on_change: reload}}}", "hosts.h.docker.on_change"),
        ("hosts: {h: {registry: {caches: [{listne: x}]}}}", "hosts.h.registry.caches.0"),
        ("hosts: {h: {gitlab_runner: {concurrent: four}}}", "hosts.h.gitlab_runner.concurrent"),
        ("hosts: {h: {gitlab_runner: {runners: [{name: a, docker: {privileged: 1}}]}}}", "runners.0.docker.privileged"),
        ("defaults: {address: x}\nhosts: {}", "defaults"),
        ("{}", "'hosts' is a required property"),
    ],
)
def test_errors_that_the_schema_finds(text: str, place: str) -> None:
    assert any(place in error for error in errors(text)), errors(text)


@pytest.mark.parametrize(
    "text", ["hosts: {h: }", "hosts: {h: {docker: null}}", "hosts: {h: {docker: {debug: null, later-key: 1}}}"]
)
def test_values_that_the_schema_accepts(text: str) -> None:
    assert errors(text) == []


def test_the_command_prints_the_schema() -> None:
    out = io.StringIO()
    assert schema(Screen(out=out, err=io.StringIO())) is Exit.OK
    assert json.loads(out.getvalue()) == SCHEMA


@pytest.mark.parametrize(("name", "page"), [("inventory.md", inventory_page), ("inventory.schema.json", schema_text)])
def test_the_files_of_the_manual_are_made_from_it(name: str, page: Any) -> None:
    assert (PROJECT / "docs" / name).read_text() == page(), "run make docs"


def test_every_key_of_ours_is_on_the_page() -> None:
    page = inventory_page()
    assert [key for key in HOST_KEYS if f"| `{key}` |" not in page] == []
