"""Rules of the house, read off the source: who may import whom, how long a function may be, who may name a service."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import runnerops

ROOT = Path(runnerops.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
LONGEST = 40
MOST_ARGUMENTS = 6

LAYERS = (
    ("__init__", "codes"),
    ("model",),
    ("errors", "parsing"),
    ("services.base",),
    ("redact",),
    ("services",),
    ("secrets", "inventory"),
    ("adopt",),
    ("planning",),
    ("render",),
    ("remote",),
    ("engine.observe", "engine.outcome", "engine.requester", "engine.scheduling"),
    ("engine.apply", "engine.verify"),
    ("report",),
    ("engine",),
    ("commands", "demo"),
    ("cli",),
    ("__main__",),
)
"""From the ground up: a module imports from its own layer or from below."""


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _layer(name: str) -> int:
    whole = max(
        ((len(room), level) for level, layer in enumerate(LAYERS) for room in layer if _inside(name, room)),
        default=None,
    )
    assert whole, f"{name} has no layer: give it one"
    return whole[1]


def _inside(name: str, room: str) -> bool:
    return name == room or name.startswith(room + ".")


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "runnerops":
            base = (node.module or "").removeprefix("runnerops").lstrip(".")
            for alias in node.names:
                yield f"{base}.{alias.name}" if base else alias.name


def _known(name: str) -> str:
    """The module that an imported name lives in."""
    while name and not (
        (ROOT / name.replace(".", "/")).with_suffix(".py").exists() or (ROOT / name.replace(".", "/")).is_dir()
    ):
        name = name.rpartition(".")[0]
    return name or "__init__"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_imports_point_down(path: Path) -> None:
    name = _name(path)
    up = {found for found in map(_known, _imports(ast.parse(path.read_text()))) if _layer(found) > _layer(name)}
    assert not up, f"{name} imports from above itself: {sorted(up)}"


def test_only_remote_knows_ssh_libraries() -> None:
    users = {
        _name(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
        if name.split(".")[0] in {"fabric", "paramiko", "invoke"}
    }
    assert all(user.startswith("remote.") or user == "demo.server" for user in users), users


def test_nothing_outside_services_branches_on_a_service() -> None:
    allowed = ("services", "inventory", "model", "commands.check", "commands.hosts", "planning.plan")
    for path in MODULES:
        if _name(path).startswith(allowed):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare):
                text = ast.unparse(node)
                assert "ServiceName." not in text, f"{_name(path)}:{node.lineno}: {text}"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_functions_are_short(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= LONGEST, f"{_name(path)}:{node.lineno}: {node.name} has {length} lines"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_functions_take_few_arguments(path: Path) -> None:
    """What belongs together is a value of its own. A command takes what its flags say, and is excepted."""
    name = _name(path)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and name not in {f"cli.{node.name}", f"commands.{node.name}"}:
            given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            names = [each.arg for each in given if each.arg not in {"self", "cls"}]
            assert len(names) <= MOST_ARGUMENTS, f"{name}:{node.lineno}: {node.name} takes {len(names)}"


def test_no_module_hides_a_name_of_its_package() -> None:
    """Python sets a module as an attribute of its package when it loads, over what the package's own code has there."""
    hidden = set()
    for path in ROOT.rglob("__init__.py"):
        package = ".".join(("runnerops", *path.parent.relative_to(ROOT).parts))
        beside = {one.stem for one in path.parent.iterdir() if one.suffix in {"", ".py"}}
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                hidden |= {f"{package}.{name}" for name in {node.name} & beside}
            elif isinstance(node, ast.ImportFrom):
                names = {one.asname or one.name for one in node.names} & beside
                hidden |= {f"{package}.{name}" for name in names if node.module not in {package, f"{package}.{name}"}}
    assert hidden == set()


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_the_lock_names_every_dependency() -> None:
    """`tools/lock.sh` writes it; the bounds of pyproject.toml hold for what it names."""
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())
    groups = (one for group in project["dependency-groups"].values() for one in group if isinstance(one, str))
    asked = [Requirement(text) for text in (*project["project"]["dependencies"], *groups)]
    pins = re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT.parent / "requirements-dev.lock").read_text(), re.MULTILINE)
    locked = {name: [version for other, version in pins if other == name] for name, _ in pins}
    assert [
        str(one) for one in asked if not list(one.specifier.filter(locked.get(canonicalize_name(one.name), [])))
    ] == []
