"""Validates a tree against a JSON schema: that part of draft 2020-12 which the Compose specification uses. Pure.

This is not a library, because importing one costs more time than everything else that `check` does, and because
libraries only report for a `oneOf` that no branch fits. Here a problem is reported at the deepest place, as Compose
does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Literal, TypeAlias

from runnerops.frozen import frozen
from runnerops.model.common import Key, Value
from runnerops.patterns import late_pattern

Schema: TypeAlias = "Mapping[str, Any]"

_OF_ANY_TEXT = {"type", "title", "description", "default", "deprecated"}
_OF_SCALARS = frozenset({"enum", "pattern", "uniqueItems", "minimum", "maximum"})
_VARIABLE = late_pattern(r"\$(?!\$)")


@frozen
class Problem:
    """`words`: the accepted types, the known values or keys, the missing keys, or the pattern."""

    key: Key
    kind: Literal["type", "word", "unknown", "name", "missing", "form", "twice", "range"]
    accepted: tuple[str, ...]


@frozen
class _Mapping:
    """The keys that a schema allows in an object, including those of the schemas that it refers to."""

    named: Mapping[str, Schema]
    patterns: Mapping[str, Schema]
    other_keys: Schema | bool
    required: tuple[str, ...]


class Validator:
    """A validator of one schema, whose `$ref` all point into itself. A text with a variable in it may become any
    scalar.
    """

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._mappings: dict[int, _Mapping] = {}
        self._refs: dict[str, Schema] = {}
        self._any_text: dict[int, bool] = {}
        self._types: dict[int, Sequence[tuple[str, ...]]] = {}

    def problems(self, value: Value, key: Key = (), schema: Schema | None = None) -> Iterator[Problem]:
        """All problems of a tree; empty if it is valid."""
        schema = self._root if schema is None else schema
        if "$ref" in schema:
            yield from self.problems(value, key, self._at(schema["$ref"]))
        for types in self._types_of(schema):
            if not any(_is(kind, value) for kind in types):
                yield Problem(key, "type", types)
                return
        for name in ("oneOf", "anyOf"):
            if name in schema:
                yield from self._one(schema[name], value, key)
        if not _OF_SCALARS.isdisjoint(schema):
            yield from _scalar(schema, value, key)
        if isinstance(value, dict):
            yield from self._object(self._mapping(schema), value, key)
        elif isinstance(value, list) and "items" in schema:
            for index, item in enumerate(value):
                yield from self.problems(item, (*key, index), schema["items"])

    def _types_of(self, schema: Schema) -> Sequence[tuple[str, ...]]:
        """The types of a schema and of all that it takes together, of each of which a value must have one."""
        type_sets = self._types.get(id(schema))
        if type_sets is None:
            every = (_types(child) for child in (schema, *(self._whole(part) for part in schema.get("allOf", ()))))
            type_sets = self._types[id(schema)] = [types for types in every if types]
        return type_sets

    def _at(self, reference: str) -> Schema:
        if reference not in self._refs:
            node: Any = self._root
            for part in reference.removeprefix("#/").split("/"):
                node = node[part]
            assert isinstance(node, Mapping)
            self._refs[reference] = node
        return self._refs[reference]

    def _whole(self, schema: Schema) -> Schema:
        return self._at(schema["$ref"]) if "$ref" in schema else schema

    def _one(self, choices: Any, value: Value, key: Key) -> Iterator[Problem]:
        """The problems of the branch that fits best: the one whose problems are the deepest."""
        each: list[list[Problem]] = []
        for choice in choices:
            if not (problems := list(self.problems(value, key, choice))):
                return
            each.append(problems)
        if not each:
            return
        deep = max(each, key=lambda problems: max(len(problem.key) + (problem.kind != "type") for problem in problems))
        if all(problem.key == key and problem.kind == "type" for problem in deep):
            types = [
                word for problems in each for problem in problems if problem.kind == "type" for word in problem.accepted
            ]
            yield Problem(key, "type", tuple(dict.fromkeys(types)))
        else:
            yield from deep

    def _object(self, mapping: _Mapping, value: dict[str, Value], key: Key) -> Iterator[Problem]:
        missing = tuple(name for name in mapping.required if name not in value)
        if missing:
            yield Problem(key, "missing", missing)
        for name, item in value.items():
            inner = mapping.named.get(name)
            if inner is None:
                inner = next((child for pattern, child in mapping.patterns.items() if re.search(pattern, name)), None)
            if inner is not None:
                if not (isinstance(item, str) and self._takes_any_text(inner)):
                    yield from self.problems(item, (*key, name), inner)
            elif mapping.other_keys is False:
                yield self._unknown(mapping, (*key, name))
            elif isinstance(mapping.other_keys, Mapping):
                yield from self.problems(item, (*key, name), mapping.other_keys)

    def _takes_any_text(self, schema: Schema) -> bool:
        """Whether a schema accepts every text, so that a large file's texts need no further look."""
        accepts = self._any_text.get(id(schema))
        if accepts is None:
            accepts = "string" in _types(schema) and schema.keys() <= _OF_ANY_TEXT
            self._any_text[id(schema)] = accepts
        return accepts

    def _unknown(self, mapping: _Mapping, key: Key) -> Problem:
        if mapping.patterns and not mapping.named:
            return Problem(key, "name", tuple(mapping.patterns))
        return Problem(key, "unknown", tuple(mapping.named))

    def _mapping(self, schema: Schema) -> _Mapping:
        mapping = self._mappings.get(id(schema))
        if mapping is None:
            parts = [self._mapping(self._whole(part)) for part in schema.get("allOf", ())]
            other_keys = schema.get("unevaluatedProperties", schema.get("additionalProperties", True))
            mapping = _Mapping(
                {
                    **{name: child for part in parts for name, child in part.named.items()},
                    **schema.get("properties", {}),
                },
                {
                    **{name: child for part in parts for name, child in part.patterns.items()},
                    **schema.get("patternProperties", {}),
                },
                other_keys,
                (*(name for part in parts for name in part.required), *schema.get("required", ())),
            )
            self._mappings[id(schema)] = mapping
        return mapping


def open_text(value: Value) -> bool:
    """Whether a text has a variable in it, so that its value is unknown."""
    return isinstance(value, str) and "$" in value and bool(_VARIABLE.search(value.replace("$$", "")))


def _types(schema: Schema) -> tuple[str, ...]:
    wanted = schema.get("type", ())
    return (wanted,) if isinstance(wanted, str) else tuple(wanted)


def _is(kind: str, value: Value) -> bool:
    if kind in {"object", "array", "null"}:
        return {"object": isinstance(value, dict), "array": isinstance(value, list), "null": value is None}[kind]
    if open_text(value):
        return True
    if kind == "string":
        return isinstance(value, str | date)  # YAML's dates without quotes become texts again
    if kind == "boolean":
        return isinstance(value, bool)
    is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return not isinstance(value, bool) and (is_whole if kind == "integer" else isinstance(value, int | float))


def _scalar(schema: Schema, value: Value, key: Key) -> Iterator[Problem]:
    if open_text(value):
        return
    words = schema.get("enum")
    if words and value not in words:
        yield Problem(key, "word", tuple(map(str, words)))
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield Problem(key, "form", (schema["pattern"],))
    if schema.get("uniqueItems") and isinstance(value, list):
        seen_texts: set[str] = set()
        for index, item in enumerate(value):
            if (text := repr(item)) in seen_texts:
                yield Problem((*key, index), "twice", ())
            seen_texts.add(text)
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum"), schema.get("maximum")
        if (low is not None and value < low) or (high is not None and value > high):
            yield Problem(key, "range", tuple(str(bound) for bound in (low, high) if bound is not None))
