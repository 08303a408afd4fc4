"""The JSON Schema of the inventory, for editors and the manual. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_origin

from runnerops.inventory.keys.descriptions import HOST_KEYS, ROLLOUT, TOP, KeyDescription
from runnerops.inventory.keys.shape import InventoryShape
from runnerops.inventory.keys.typed import Kind, Shape, key_of, kinds_of, options_of
from runnerops.services.docker.schema import KEYS, DaemonKey
from runnerops.services.gitlab_runner.schema import TABLES, Known

Schema: TypeAlias = "dict[str, Any]"

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ROOTS = {"LayerShape": "", "GroupShape": "", "HostShape": ""}


def inventory_schema() -> Schema:
    """The schema of a whole inventory. For an editor, secret tags (`!env` and so on) are strings."""
    schema = _ours()
    definitions: Schema = schema["$defs"]
    for name, description in TOP.items():
        _describe(schema["properties"][name], description)
    for name, description in ROLLOUT.items():
        _describe(definitions["RolloutShape"]["properties"][name], description)
    for name in _ROOTS:
        _describe_below(definitions[name], definitions, "")
    definitions["DockerShape"]["properties"] |= {name: _daemon_key(key) for name, key in KEYS.items()}
    definitions["GitlabRunnerShape"]["properties"] |= _table_keys("config", definitions["GitlabRunnerShape"])
    definitions["RunnerShape"]["properties"] |= _table_keys("runner", definitions["RunnerShape"])
    definitions |= {f"config.toml/{name}": _table(name) for name in TABLES}
    for definition in definitions.values():
        definition.pop("title", None)
    return {"$schema": DIALECT, **schema, "title": "inventory of runnerops"}


def keys_of_ours() -> Iterator[tuple[str, str]]:
    """Each key of ours below a host with its type in words, in the order of the shapes."""
    schema = _ours()
    yield from _walk(schema["$defs"]["HostShape"], schema["$defs"], "")


def _ours() -> Schema:
    definitions: Schema = {}
    inventory = _shape(InventoryShape, definitions)
    schema: Schema = {"$defs": dict(sorted(definitions.items())), **inventory}
    schema["patternProperties"] = {"^x-": {"description": "For anchors only: the content is ignored."}}
    dind = schema["$defs"]["RunnerShape"]["properties"]["docker_in_docker"]
    dind["anyOf"].insert(0, {"type": "boolean"})  # `true` becomes a mapping before it is read
    return schema


_TYPES: Mapping[Kind, Schema] = {
    Any: {},
    NoneType: {"type": "null"},
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
}


def _shape(shape: type[Shape], definitions: Schema) -> Schema:
    kinds = kinds_of(shape)
    schema: Schema = {
        "additionalProperties": shape.takes_further(),
        "description": shape.__doc__,
        "properties": {key_of(name): _kind(kind, definitions) for name, kind in kinds.items()},
    }
    if needed := [key_of(name) for name in kinds if not hasattr(shape, name)]:
        schema["required"] = needed
    return {**schema, "title": shape.__name__, "type": "object"}


def _kind(kind: Kind, definitions: Schema) -> Schema:
    """The schema of a type. The shapes in it are added to `definitions`."""
    origin: Any = get_origin(kind)
    if origin is Annotated:
        return _kind(get_args(kind)[0], definitions)
    if len(options := options_of(kind)) > 1:
        return {"anyOf": [entry for option in options for entry in _options(_kind(option, definitions))]}
    if origin is Literal:
        words = list(get_args(kind))
        return {**({"enum": words} if words[1:] else {"const": words[0]}), "type": "string"}
    if origin in (list, dict):
        item = _kind(get_args(kind)[-1], definitions)
        return (
            {"items": item, "type": "array"}
            if origin is list
            else {"additionalProperties": item or True, "type": "object"}
        )
    if kind not in _TYPES and kind.__name__ not in definitions:
        definitions[kind.__name__] = _shape(kind, definitions)
    return dict(_TYPES[kind]) if kind in _TYPES else {"$ref": f"#/$defs/{kind.__name__}"}


def _options(schema: Schema) -> list[Schema]:
    """The options of a union, including those of unions within it."""
    return list(schema.get("anyOf", [schema]))


def _walk(definition: Schema, definitions: Schema, place: str) -> Iterator[tuple[str, str]]:
    for name, value in definition.get("properties", {}).items():
        key = f"{place}{name}"
        yield key, _type_text(value)
        for inner, suffix in _inner(value, definitions):
            yield from _walk(inner, definitions, f"{key}{suffix}.")


def _describe_below(definition: Schema, definitions: Schema, place: str) -> None:
    for name, value in definition.get("properties", {}).items():
        key = f"{place}{name}"
        _describe(value, HOST_KEYS[key])
        for inner, suffix in _inner(value, definitions):
            _describe_below(inner, definitions, f"{key}{suffix}.")


def _describe(schema: Schema, description: KeyDescription) -> None:
    """Adds the description. A title would only repeat the key. The default is a sentence rather than a value."""
    schema.pop("title", None)
    schema.pop("default", None)
    without = f" Without it: {description.default}." if description.default else ""
    schema["description"] = f"{description.text}{without}"


def _inner(schema: Schema, definitions: Schema) -> Iterator[tuple[Schema, str]]:
    """Our shapes below a key, each with the suffix of its path: `[]` for the items of a list, otherwise empty."""
    for variant in schema.get("anyOf", [schema]):
        if name := _name(variant):
            yield definitions[name], ""
        if variant.get("type") == "array" and (name := _name(variant.get("items", {}))):
            yield definitions[name], "[]"


def _name(schema: Schema) -> str:
    return str(schema.get("$ref", "")).removeprefix("#/$defs/")


def _type_text(schema: Schema) -> str:
    """The type in YAML's words. null is left out, because every value may be null."""
    kinds = [_one_type(variant) for variant in schema.get("anyOf", [schema]) if variant.get("type") != "null"]
    return " or ".join(dict.fromkeys(kinds)) or "any"


_WORDS = {
    "string": "text",
    "integer": "whole number",
    "boolean": "true or false",
    "object": "mapping",
    "number": "number",
}


def _one_type(schema: Schema) -> str:
    if "$ref" in schema:
        return "mapping"
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {_one_type(schema.get('items', {}))}"
    return _WORDS.get(str(schema.get("type")), "text")


_DAEMON_TYPES: Mapping[str, Schema] = {
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "string": {"type": "string"},
    "strings": {"type": "array", "items": {"type": "string"}},
    "flags": {"type": "object", "additionalProperties": {"type": "boolean"}},
    "texts": {"type": "object", "additionalProperties": {"type": "string"}},
    "object": {"type": "object"},
    "objects": {"type": "array", "items": {"type": "object"}},
}


def _daemon_key(key: DaemonKey) -> Schema:
    how = "A reload loads it." if key.reload else "Only a restart of Docker loads it."
    return {
        **_or_null(_DAEMON_TYPES.get(key.kind, {})),
        "description": f"dockerd's own key.{_times(key.since, key.until)} {how}",
    }


def _or_null(schema: Schema) -> Schema:
    """Also allows null, which removes what a layer below has set."""
    kind = schema.get("type")
    return {**schema, "type": [kind, "null"]} if kind else schema


def _times(since: str, until: str) -> str:
    return (f" Since {since}." if since else "") + (f" Gone in {until}." if until else "")


_RUNNER_TYPES: Mapping[str, Schema] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "int32": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "time": {"type": "string"},
    "duration": {"type": "string"},
    "[str]": {"type": "array", "items": {"type": "string"}},
    "[float]": {"type": "array", "items": {"type": "number"}},
    "str|[str]": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}]},
    "{str}": {"type": "object", "additionalProperties": {"type": "string"}},
    "{bool}": {"type": "object", "additionalProperties": {"type": "boolean"}},
    "{[str]}": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    "tree": {"type": "object"},
}


def _table(name: str) -> Schema:
    return {"type": "object", "properties": {key: _runner_key(known_key) for key, known_key in TABLES[name].items()}}


def _table_keys(name: str, own_keys: Schema) -> Schema:
    return {key: _runner_key(known_key) for key, known_key in TABLES[name].items() if key not in own_keys["properties"]}


def _runner_key(known_key: Known) -> Schema:
    text = f"gitlab-runner's own key.{_times(known_key.since, known_key.until)}"
    kind = known_key.kind
    many = kind.startswith("[table ")
    if many or kind.startswith("table "):
        reference = {"$ref": f"#/$defs/config.toml~1{kind.strip('[]').removeprefix('table ')}"}
        inner: Schema = {"type": "array", "items": reference} if many else reference
        return {"anyOf": [inner, {"type": "null"}], "description": text}
    return {**_or_null(_RUNNER_TYPES.get(kind, {})), "description": text}
