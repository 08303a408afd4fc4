"""If a letter is missing in a key of a closed table, the right key is named, in each of the four formats."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import pytest

from runnerops.commands.check import KINDS
from runnerops.model.common import Key
from runnerops.model.inventory import FileSpec
from runnerops.planning.lint.file import lint_file
from runnerops.services.docker.schema import FLAG_NAMES, KEYS
from runnerops.services.gitlab_runner.schema import TABLES
from runnerops.services.registry.schema import CONFIG

SHORTEST = 4
"""Of a shorter key hardly anything is left that could be near it."""


def slips(name: str) -> Iterator[str]:
    """The name without its first letter, its last, and two of those between."""
    for index in (0, len(name) // 3, len(name) // 2, len(name) - 1):
        yield name[:index] + name[index + 1 :]


def severities(kind: str, text: str) -> dict[Key, str]:
    service, template, form = KINDS[kind]
    return {
        finding.key: finding.severity for finding in lint_file(FileSpec(service, "file", template, form), text.encode())
    }


def unnamed(kind: str, text: str, item: str, between: str, place: Key, known: Mapping[str, Any]) -> list[str]:
    """Slips of a table's keys that no error names. `text` has ITEMS where keys may stand, `item` NAME for one."""
    all_slips = {slip: None for name in known if len(name) > SHORTEST for slip in slips(name) if slip not in known}
    said = severities(kind, text.replace("ITEMS", between.join(item.replace("NAME", slip) for slip in all_slips)))
    return [slip for slip in all_slips if said.get((*place, slip)) != "error"]


def test_daemon_json() -> None:
    assert unnamed("daemon", "{ITEMS}", '"NAME": 1', ", ", (), {**KEYS, **FLAG_NAMES}) == []


@pytest.mark.parametrize(
    ("table", "head", "place"),
    [
        ("config", "", ()),
        ("runner", "[[runners]]", ("runners", 0)),
        ("docker", "[[runners]]\n[runners.docker]", ("runners", 0, "docker")),
        ("service", "[[runners]]\n[[runners.docker.services]]", ("runners", 0, "docker", "services", 0)),
        ("cache", "[[runners]]\n[runners.cache]", ("runners", 0, "cache")),
        ("s3", "[[runners]]\n[runners.cache.s3]", ("runners", 0, "cache", "s3")),
        ("machine", "[[runners]]\n[runners.machine]", ("runners", 0, "machine")),
        ("autoscaler", "[[runners]]\n[runners.autoscaler]", ("runners", 0, "autoscaler")),
        ("kubernetes", "[[runners]]\n[runners.kubernetes]", ("runners", 0, "kubernetes")),
        ("custom", "[[runners]]\n[runners.custom]", ("runners", 0, "custom")),
    ],
)
def test_config_toml(table: str, head: str, place: Key) -> None:
    assert unnamed("runner", f"{head}\nITEMS", "NAME = 1", "\n", place, TABLES[table]) == []


@pytest.mark.parametrize(
    "place", [(), ("http",), ("log",), ("proxy",), ("redis",), ("health", "storagedriver"), ("storage",)]
)
def test_a_registrys_configuration(place: tuple[str, ...]) -> None:
    shape: Any = CONFIG
    for part in place:
        shape = shape[part]
    text = "".join(f"{part}: {{" for part in place) + "ITEMS" + "}" * len(place)
    assert unnamed("registry", text if place else "{ITEMS}", "NAME: 1", ", ", place, shape) == []


@pytest.mark.parametrize(
    ("definitions", "text", "place"),
    [
        (("container_spec", "workload_spec", "service"), "services: {a: {image: x, ITEMS}}", ("services", "a")),
        (("healthcheck",), "services: {a: {image: x, healthcheck: {ITEMS}}}", ("services", "a", "healthcheck")),
        (("network",), "networks: {n: {ITEMS}}", ("networks", "n")),
    ],
)
def test_a_compose_file(definitions: tuple[str, ...], text: str, place: Key) -> None:
    schema = json.loads(files("runnerops.services.registry.schema").joinpath("compose-spec.json").read_text())
    known = {name for definition in definitions for name in schema["$defs"][definition].get("properties", {})}
    assert unnamed("compose", text, "NAME: 1", ", ", place, dict.fromkeys(known)) == []
