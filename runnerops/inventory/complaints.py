"""What pydantic found, in our words and with our places. Imported only while loading. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from runnerops.inventory.checks import Refused
from runnerops.inventory.expressions import holds_expression
from runnerops.inventory.host_name import with_host
from runnerops.inventory.nodes import Node
from runnerops.inventory.problems import Problems, did_you_mean, dotted
from runnerops.inventory.scalars import Verbatim
from runnerops.inventory.shape import HostShape, InventoryShape
from runnerops.model.common import Key, Secret, SourceLocation

_QUOTES = "put it in quotes if it is meant as text"
_LEAVE_OUT = "leave the key out for the gentlest action that suffices"
_LITERALS: dict[str | int, str] = {
    "access_level": "`ref_protected` runs the jobs of protected branches and tags only",
    "state": "leave the key out to have it started",
}
_WORDS = {
    "string_type": ("must be text", "one text, no list or mapping"),
    "int_type": ("must be a whole number", "without quotes"),
    "bool_type": ("must be true or false", "in YAML 1.2 `yes`, `no`, `on` and `off` are text"),
    "list_type": ("must be a list", "write [ONE, TWO], or one `- ` a line"),
    "dict_type": ("must be a mapping", "write {KEY: VALUE}, or one `KEY: VALUE` a line"),
    "model_type": ("must be a mapping", "write {KEY: VALUE}, or one `KEY: VALUE` a line"),
    "missing": ("is missing", "every inventory has `hosts`, and every runner a `name`, by which layers merge"),
}


def check_shape(root: Node, problems: Problems) -> None:
    """Note everything in the raw file that is not as our own keys must be; any host's name may stand for `{host}`."""
    tree = _written(root, "")
    if isinstance(tree, dict) and tree.get("hosts", {}) is None:
        tree = {
            **tree,
            "hosts": {},
        }  # nothing below `hosts:`, as in a new project; what to do is told where hosts are read
    try:
        InventoryShape.model_validate(tree)
    except ValidationError as error:
        for found in error.errors(include_url=False):
            _note(found, root, problems, ())


def host_shape(tree: Any, node: Node, host: str, problems: Problems) -> HostShape:
    """A merged host's own keys. Raises InventoryError where its name makes a bad value of one with `{host}`."""
    try:
        return HostShape.model_validate(tree)
    except ValidationError as error:
        for found in error.errors(include_url=False):
            _note(found, node, problems, ("hosts", host))
        problems.stop()
        raise


def plain(node: Node) -> Any:
    """The values alone."""
    if isinstance(node.value, dict):
        return {name: plain(item) for name, item in node.value.items()}
    if isinstance(node.value, tuple):
        return [plain(item) for item in node.value]
    return node.value


def _written(node: Node, key: str) -> Any:
    """The values as they are for some host; of one that holds an expression nothing can be said before there is a host."""
    if isinstance(node.value, dict):
        return {name: _written(item, name) for name, item in node.value.items()}
    if isinstance(node.value, tuple):
        return [_written(item, "name") for item in node.value]
    if not isinstance(node.value, str) or isinstance(node.value, Verbatim):
        return node.value
    if holds_expression(node.value):
        return "host" if key == "name" else None
    return with_host(node.value, "host")


def _note(found: ErrorDetails, root: Node, problems: Problems, above: Key) -> None:
    """`above`: the place of `root` in the file."""
    key = tuple(part for part in found["loc"] if part != "[key]")
    text, hint = _phrase(found, (*above, *key))
    problems.add(_mark(root, key), dotted((*above, *key)), text, hint)


def _phrase(found: ErrorDetails, key: Key) -> tuple[str, str]:
    kind, value = found["type"], found["input"]
    if kind == "extra_forbidden":
        known = sorted(_known_keys(key[:-1]))
        return (
            f"unknown key{did_you_mean(str(key[-1]), known)}",
            f"the keys of {dotted(key[:-1]) or 'an inventory'}: {', '.join(known)}",
        )
    if kind == "literal_error":
        return f"must be {found['ctx']['expected']}", _LITERALS.get(key[-1], _LEAVE_OUT)
    if kind == "value_error" and isinstance(refused := found["ctx"]["error"], Refused):
        return refused.text, refused.hint
    if isinstance(value, Secret):
        return "cannot come from a secret tag", "write it in clear: secrets stand in the systems' own keys"
    if kind == "string_type" and isinstance(value, int | float):
        return "must be text", _QUOTES
    return _WORDS.get(kind) or (found["msg"], "")


def _mark(root: Node, key: Key) -> SourceLocation:
    """The place of `key`, or of the nearest value around it."""
    node = root
    for part in key:
        inner: Node | None = None
        if isinstance(node.value, dict):
            inner = node.value.get(str(part))
        elif isinstance(node.value, tuple) and isinstance(part, int):
            inner = node.value[part]
        if inner is None:
            break
        node = inner
    return node.location


def _known_keys(key: Key) -> set[str]:
    """Our keys at this place of the file, found by walking the models."""
    types: set[Any] = {InventoryShape}
    for part in key:
        types = {inner for outer in types for inner in _step(outer, part)}
    fields = [field for model in types for field in _models(model)]
    return {info.alias or name for model in fields for name, info in model.model_fields.items()}


def _step(outer: Any, part: str | int) -> Iterator[Any]:
    for model in _models(outer):
        for name, info in model.model_fields.items():
            if (info.alias or name) == part:
                yield info.annotation
    for option in (outer, *get_args(outer)):
        if getattr(option, "__origin__", None) in (dict, list):
            yield get_args(option)[-1]


def _models(option: Any) -> list[type[BaseModel]]:
    options = (option, *get_args(option))
    return [model for model in options if isinstance(model, type) and issubclass(model, BaseModel)]
