"""Functions of a tree whose results are remembered, because many hosts have equal files. Pure."""

from __future__ import annotations

import marshal
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from runnerops.model.common import Value

_Tree = TypeVar("_Tree", bound=Value)
_More = ParamSpec("_More")
_Result = TypeVar("_Result")

_KEPT = 64
"""The results of as many different trees are kept for each function. Files of one project differ in few ways."""


def remembered(
    function: Callable[Concatenate[_Tree, _More], _Result],
) -> Callable[Concatenate[_Tree, _More], _Result]:
    """Makes a function of a tree, and of further values that can be hashed, compute each result once. It must be pure, and
    nobody may change its result.

    A tree with other values than those of JSON, such as dates or numbers that know how they were written, is not
    remembered.
    """

    @lru_cache(maxsize=_KEPT)
    def result_of(packed: bytes, *args: Any, **more: Any) -> _Result:
        return function(marshal.loads(packed), *args, **more)  # noqa: S302  packed below

    @wraps(function)
    def remembering(tree: _Tree, /, *args: _More.args, **more: _More.kwargs) -> _Result:
        try:
            packed = marshal.dumps(cast("Any", tree), 2)  # the last format in which equal values have equal texts
        except ValueError:
            return function(tree, *args, **more)
        return result_of(packed, *args, **cast("Any", more))

    return remembering
