"""No value of any type at any place of the Compose specification makes a rule crash."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import pytest

from runnerops.services.registry.rules.compose import compose_rules

SCHEMA = json.loads(files("runnerops.services.registry.schema").joinpath("compose-spec.json").read_text("utf-8"))


def forms(schema: Any) -> Iterator[Any]:
    """A schema without its references, and all that it is made of or may be."""
    if "$ref" in schema:
        found = SCHEMA
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    yield schema
    for kind in ("allOf", "oneOf", "anyOf"):
        for item in schema.get(kind, ()):
            yield from forms(item)


def _under(build: Callable[[Any], Any], name: str) -> Callable[[Any], Any]:
    return lambda value: build({name: value})


def places(schema: Any, build: Callable[[Any], Any], depth: int = 0) -> Iterator[Callable[[Any], Any]]:
    """For each place below a schema what makes a file with a value there."""
    yield build
    for form in forms(schema) if depth < 5 else ():
        for name, inner in form.get("properties", {}).items():
            yield from places(inner, _under(build, name), depth + 1)
        for inner in (*form.get("patternProperties", {}).values(), form.get("additionalProperties")):
            if isinstance(inner, dict):
                yield from places(inner, _under(build, "a"), depth + 1)
        if "items" in form:
            yield from places(form["items"], lambda value: build([value]), depth + 1)


@pytest.mark.parametrize("value", [{}, [], [{}], None, -1, "$A"], ids=repr)
def test_no_value_breaks_a_rule(value: Any) -> None:
    of_service = places({"$ref": "#/$defs/container_spec"}, lambda item: {"services": {"a": item}})
    of_workload = places({"$ref": "#/$defs/workload_spec"}, lambda item: {"services": {"a": item}})
    of_file = places(
        {"properties": {k: v for k, v in SCHEMA["properties"].items() if k != "services"}}, lambda item: item
    )
    count = 0
    for build in (*of_service, *of_workload, *of_file):
        tree = build(value)
        count += 1
        if isinstance(tree, dict):
            list(compose_rules(tree))
    assert count > 500
