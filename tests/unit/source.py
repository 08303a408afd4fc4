"""Parses the program's source once for all tests that examine it."""

from __future__ import annotations

import ast
import gc
from functools import cache
from pathlib import Path

import runnerops

ROOT = Path(runnerops.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    """A module, parsed. Its nodes stay to the end: looking for some that may go takes three times as long as parsing."""
    gc.disable()
    try:
        return ast.parse(path.read_text())
    finally:
        gc.freeze()
        gc.enable()


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of a module."""
    return tuple(ast.walk(tree(path)))


def name_of(path: Path) -> str:
    """A module's name, without the package's."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def text_of(node: ast.AST) -> str:
    """A string, with NUL for each value that is put into it."""
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) or "\0" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
