"""Requests to GitLab's API and the stand-in's answers, held against GitLab's own OpenAPI description of it.

The description is none of this project: whoever has it names its file (`doc/api/openapi/openapi_v3.yaml` or `_v2.yaml` of
GitLab's source) in RUNNEROPS_GITLAB_OPENAPI. It describes a good many lists as one of their items, and in answers calls a good
many values a `string` that are none: so an answer's types are held against it where it says anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from tests.lab.gitlab_api import SEEN, Exchange

_ANYWHERE = frozenset({401, 403, 429})
"""Statuses that GitLab's guards give to any call (`authenticate!`, `authorize!`, its limits), described or not."""
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
Schema: TypeAlias = "Mapping[str, Any]"


@dataclass(frozen=True)
class Description:
    """What a file describes: `tree` is its YAML, of OpenAPI 3 or Swagger 2."""

    tree: Mapping[str, Any]

    @cached_property
    def _paths(self) -> list[tuple[re.Pattern[str], Mapping[str, Any]]]:
        """Those without a parameter come first: `/runners/verify` before `/runners/{id}`."""
        base = str(self.tree.get("basePath") or "").rstrip("/")
        items = sorted(self.tree["paths"].items(), key=lambda pair: pair[0].count("{"))
        return [(re.compile(f"{re.escape(base)}{_pattern(path)}"), methods) for path, methods in items]

    def problems(self, exchange: Exchange) -> Iterator[str]:
        """What is not as described, a sentence each."""
        methods = next((methods for path, methods in self._paths if path.fullmatch(exchange.path)), None)
        if methods is None:
            yield f"{exchange.path} is not described"
            return
        if (described := methods.get(exchange.method.lower())) is None:
            yield f"{exchange.method} {exchange.path} is not described"
            return
        given = [self._resolved(each) for each in described.get("parameters", ())]
        of_query = {each["name"]: self._resolved(each.get("schema") or each) for each in given if each["in"] == "query"}
        for name, text in exchange.query.items():
            yield from self._value(f"query {name}", _read(text, of_query.get(name)), of_query.get(name))
        yield from self._sent(exchange, described, given)
        yield from self._answered(exchange, described.get("responses", {}))

    def _sent(self, exchange: Exchange, described: Schema, given: list[Schema]) -> Iterator[str]:
        of_body = [each["schema"] for each in given if each["in"] == "body"]
        schema = self._resolved(_content(described.get("requestBody")) or next(iter(of_body), {}))
        for name, value in exchange.sent.items():
            yield from self._value(f"body {name}", value, schema.get("properties", {}).get(name))
        where = {"group_id", "project_id"}  # is required of one type of runner alone, and described as if of all
        yield from (
            f"body {name} is missing" for name in schema.get("required", ()) if name not in {*exchange.sent, *where}
        )

    def _answered(self, exchange: Exchange, described: Schema) -> Iterator[str]:
        answer = described.get(str(exchange.status))
        if answer is None:
            silent = exchange.status >= 400 and not any(status.startswith(("4", "5")) for status in described)
            if exchange.status not in _ANYWHERE and not silent:
                yield f"status {exchange.status} is not described, but {', '.join(described)}"
            return
        schema = self._resolved(_content(answer) or answer.get("schema") or {})
        if not schema or exchange.status == 204:
            return
        items = exchange.answered if isinstance(exchange.answered, list) else [exchange.answered]
        if schema.get("type") == "array":
            if not isinstance(exchange.answered, list):
                yield f"the answer is no list: {type(exchange.answered).__name__}"
                return
            schema = self._resolved(schema.get("items", {}))
        for item in items:
            if not isinstance(item, dict):
                yield f"the answer is no object: {type(item).__name__}"
                continue
            for name, value in item.items():
                yield from self._value(f"answer {name}", value, schema.get("properties", {}).get(name), answer=True)

    def _value(self, name: str, value: Any, described: Schema | None, *, answer: bool = False) -> Iterator[str]:
        if described is None:
            yield f"{name} is not described"
            return
        schema = self._resolved(described)
        kinds = [str(each.get("type")) for each in schema.get("oneOf", ())] or [str(schema.get("type"))]
        if value is None or (answer and ("string" in kinds or isinstance(value, list))):
            return
        known = [_TYPES[kind] for kind in kinds if kind in _TYPES]
        fits = any(isinstance(value, types) and isinstance(value, bool) is (types == (bool,)) for types in known)
        if known and not fits:
            yield f"{name} is {value!r}, not of type {' or '.join(kinds)}"
        elif schema.get("enum") and value not in schema["enum"]:
            yield f"{name} is {value!r}, none of {', '.join(map(str, schema['enum']))}"

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            node: Any = self.tree
            for word in str(schema["$ref"]).removeprefix("#/").split("/"):
                node = node[word]
            schema = node
        return schema


def _pattern(path: str) -> str:
    return "".join("[^/]+" if word.startswith("{") else re.escape(word) for word in re.split(r"({[^}]*})", path))


def _content(described: Schema | None) -> Schema | None:
    content = (described or {}).get("content") or {}
    schema: Schema | None = (content.get("application/json") or {}).get("schema")
    return schema


def _read(text: str, described: Schema | None) -> Any:
    """A value of a query as its type writes it."""
    kind = (described or {}).get("type")
    if kind == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text.split(",") if kind == "array" else text


@lru_cache(maxsize=1)
def read_description(path: str) -> Description:
    """Takes some seconds: the file has megabytes."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return Description(yaml.load(Path(path).read_text(encoding="utf-8"), Loader=loader))


@contextmanager
def held_against(path: str) -> Iterator[list[str]]:
    """What is found of the exchanges meanwhile, a line each."""
    description = read_description(path)
    parameters: dict[str, None] = {}

    def see(exchange: Exchange) -> None:
        if exchange.status and exchange.path.startswith("/api/v4/"):  # the rest is the stand-in's own
            parameters.update(
                (f"{exchange.method} {exchange.path}: {problem}", None) for problem in description.problems(exchange)
            )

    problems: list[str] = []
    SEEN.append(see)
    try:
        yield problems
    finally:
        SEEN.remove(see)
        problems += parameters
