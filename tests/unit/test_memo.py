"""Results for equal trees are computed once, and for different ones never mixed up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runnerops.memo import remembered
from runnerops.model.common import Tree


class Written(float):
    """A number that knows how it was written."""


def test_equal_trees_have_one_result_for_each_further_value() -> None:
    calls: list[tuple[Tree, str]] = []

    @remembered
    def keys_of(tree: Tree, version: str) -> tuple[str, ...]:
        calls.append((tree, version))
        return (version, *tree)

    trees: list[Tree] = [{"b": [1, None], "a": "x"}, {"b": [1, None], "a": "".join(("x", ""))}]
    assert [keys_of(tree, version) for version in ("1", "2") for tree in trees] == [
        ("1", "b", "a"),
        ("1", "b", "a"),
        ("2", "b", "a"),
        ("2", "b", "a"),
    ]
    assert calls == [(trees[0], "1"), (trees[0], "2")]


@pytest.mark.parametrize(
    ("tree", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {"a": 1.0}),
        ({"a": Written("1")}, {"a": 1.0}),
        ({"a": datetime(2026, 1, 1, tzinfo=UTC)}, {"a": datetime(2026, 1, 2, tzinfo=UTC)}),
    ],
)
def test_what_differs_in_order_or_type_is_different(tree: Tree, other: Tree) -> None:
    text_of = remembered(lambda tree: repr([(key, type(value), value) for key, value in tree.items()]))
    assert text_of(tree) != text_of(other)
    assert text_of(tree) == text_of(dict(tree))
