"""Patterns are compiled when they are first used, and every one can be."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from runnerops.patterns import late_pattern
from tests.unit.source import MODULES, name_of, nodes, tree


def test_a_late_pattern_does_what_a_pattern_does() -> None:
    late = late_pattern(r"(a)b?", re.IGNORECASE)
    for _ in range(2):
        assert late.fullmatch("AB")
        assert late.findall("ab a") == ["a", "a"]
        assert late.sub("x", "cab") == "cx"
    assert late.pattern == r"(a)b?"
    assert late.groups == 1
    assert late_pattern(b"[0-9]+").match(b"12")


def test_a_wrong_pattern_is_reported_when_it_is_used() -> None:
    wrong = late_pattern("(")
    with pytest.raises(re.error):
        wrong.match("")


def test_no_module_compiles_a_pattern_while_it_is_loaded() -> None:
    assert [
        f"{name_of(path)}:{call.lineno}: use late_pattern"
        for path in MODULES
        if "demo" not in path.parts
        for statement in tree(path).body
        if isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr)
        for call in ast.walk(statement)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "re.compile"
    ] == []


def _calls(path: Path) -> Iterator[ast.Call]:
    for node in nodes(path):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "late_pattern":
            yield node


def test_every_late_pattern_can_be_compiled() -> None:
    count = 0
    for call in (call for path in MODULES for call in _calls(path)):
        if isinstance(call.args[0], ast.Constant):  # others are made of several, and in use
            flags = (eval(ast.unparse(argument), {"re": re}) for argument in call.args[1:])
            re.compile(ast.literal_eval(call.args[0]), *flags)
            count += 1
    assert count > 150
