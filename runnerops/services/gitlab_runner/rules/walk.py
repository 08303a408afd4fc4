"""The tables of a runner with the names that the schema gives them, and texts that are known only in part. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.common import Key, Tree, Value
from runnerops.services.gitlab_runner.schema import TABLES


def tables(table: str, tree: Tree, key: Key) -> Iterator[tuple[str, Tree, Key]]:
    """A table and all tables below it, with the names that the schema gives them."""
    yield table, tree, key
    for name, value in tree.items():
        kind, _, below = TABLES[table][name].kind.partition(" ") if name in TABLES[table] else ("", "", "")
        if kind == "table" and isinstance(value, dict):
            yield from tables(below, value, (*key, name))
        elif kind == "[table" and isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, dict):
                    yield from tables(below[:-1], item, (*key, name, index))


def table_of(tree: Value, name: str) -> Tree:
    """The table of this name; an empty one if there is none."""
    value = tree.get(name) if isinstance(tree, dict) else None
    return value if isinstance(value, dict) else {}


def texts(value: Value) -> Iterator[tuple[int, str]]:
    """The texts of a list, with their places. Items of another type are reported with the other types."""
    for index, text in enumerate(value if isinstance(value, list) else ()):
        if isinstance(text, str):
            yield index, text


def pairs(value: Value) -> Iterator[tuple[str, str]]:
    """The texts of a table with the user's own keys."""
    for name, text in value.items() if isinstance(value, dict) else ():
        if isinstance(text, str):
            yield name, text


def is_open(text: str) -> bool:
    """Whether a job, a template or a person is to replace a part of the text."""
    return any(sign in text for sign in ("$", "{{", "<"))
