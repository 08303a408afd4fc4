"""Rules about the source itself: which package may import which, how long a function may be, who may name a service."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from runnerops import __version__
from runnerops.model.common import ServiceName
from runnerops.services import PLANNING
from tests.unit.source import MODULES, ROOT, name_of, nodes, tree

LONGEST = 40
MOST_ARGUMENTS = 5

LAYERS = (
    ("__init__", "frozen", "patterns", "reading", "codes"),
    ("model",),
    ("memo",),
    ("errors", "parsing"),
    ("redact",),
    ("services",),
    ("inventory.problems",),
    ("inventory.values",),
    ("inventory.parse",),
    ("inventory.keys",),
    ("inventory.layers",),
    ("secrets", "inventory"),
    ("adopt",),
    ("starter",),
    ("gitlab",),
    ("planning",),
    ("render",),
    ("ssh",),
    ("remote",),
    (
        "engine.exit_codes",
        "engine.hosts.observe",
        "engine.runs.outcome",
        "engine.requester",
        "engine.runs.scheduling",
        "engine.threads",
    ),
    ("engine.runs.apply", "engine.verify.pull_path"),
    ("report",),
    ("engine.learning", "engine.options", "engine.project"),
    ("engine.hosts", "engine.gitlab.context"),
    ("engine.plans",),
    ("engine.gitlab",),
    ("engine.verify",),
    ("engine.runs",),
    ("engine",),
    ("commands", "demo"),
    ("cli",),
    ("__main__",),
)
"""From the ground up: a module imports from its own layer or from below."""


@cache
def _layer(name: str) -> int:
    whole = max(
        ((len(room), level) for level, layer in enumerate(LAYERS) for room in layer if _inside(name, room)),
        default=None,
    )
    assert whole, f"{name} has no layer: give it one"
    return whole[1]


def _inside(name: str, room: str) -> bool:
    return name == room or name.startswith(room + ".")


def _imports(path: Path) -> Iterator[str]:
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "runnerops":
            base = (node.module or "").removeprefix("runnerops").lstrip(".")
            for alias in node.names:
                yield f"{base}.{alias.name}" if base else alias.name


@cache
def _known(name: str) -> str:
    """The module that an imported name lives in."""
    while name and not (
        (ROOT / name.replace(".", "/")).with_suffix(".py").exists() or (ROOT / name.replace(".", "/")).is_dir()
    ):
        name = name.rpartition(".")[0]
    return name or "__init__"


def test_imports_point_down() -> None:
    up = [
        f"{name_of(path)} imports {text} from above itself"
        for path in MODULES
        for text in sorted(set(map(_known, _imports(path))))
        if _layer(text) > _layer(name_of(path))
    ]
    assert up == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    imports = {name_of(path): {_known(text) for text in _imports(path)} - {name_of(path)} for path in MODULES}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as circle:
        raise AssertionError(" <- ".join(circle.args[1])) from None


def test_services_know_each_other_in_one_direction() -> None:
    """What two of them need is in `services/shared/`; a runner knows caches, caches know Docker, never the other way round."""
    order = ["shared", ServiceName.DOCKER.value, ServiceName.REGISTRY.value, ServiceName.GITLAB_RUNNER.value]
    rooms = [f"services.{name}" for name in order]
    assert [
        f"{name_of(path)} imports {text}"
        for path in MODULES
        for level, room in enumerate(rooms)
        if _inside(name_of(path), room)
        for text in sorted(set(map(_known, _imports(path))))
        if any(_inside(text, other) for other in rooms[level + 1 :])
    ] == []


def test_only_one_room_knows_ssh_libraries() -> None:
    users = {
        name_of(path)
        for path in MODULES
        for node in nodes(path)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
        if name.split(".")[0] in {"fabric", "paramiko", "invoke"}
    }
    assert all(user.startswith("ssh.") or user == "demo.server" for user in users), users


def test_nothing_outside_services_branches_on_a_service() -> None:
    allowed = ("services", "inventory", "model", "commands.check", "commands.hosts", "planning.plan")
    for path in MODULES:
        if name_of(path).startswith(allowed):
            continue
        for node in nodes(path):
            if isinstance(node, ast.Compare):
                text = ast.unparse(node)
                assert "ServiceName." not in text, f"{name_of(path)}:{node.lineno}: {text}"


def test_every_service_has_the_same_rooms() -> None:
    """A plan loads them by their names."""
    folders = [ROOT / "services" / name.value for name in ServiceName]
    rooms = [*PLANNING, "adopt", "diff", "format", "observe", "schema", "status", "verify"]
    assert [
        f"services/{folder.name} has no {room}"
        for folder in folders
        for room in rooms
        if not (folder / room / "__init__.py").exists() and not (folder / f"{room}.py").exists()
    ] == []


def _functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Each with the name of its module."""
    for path in MODULES:
        yield from ((name_of(path), node) for node in nodes(path) if isinstance(node, ast.FunctionDef))


def test_functions_are_short() -> None:
    assert [
        f"{name}:{node.lineno}: {node.name} has {length} lines"
        for name, node in _functions()
        if (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST
    ] == []


def test_functions_take_few_arguments() -> None:
    """What belongs together is a value of its own. A command line's own options are excepted."""
    many = []
    for name, node in _functions():
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        names = [each.arg for each in given if each.arg not in {"self", "cls"}]
        if len(names) > MOST_ARGUMENTS and name != f"cli.{node.name}":
            many.append(f"{name}:{node.lineno}: {node.name} takes {len(names)}")
    assert many == []


def test_no_module_hides_a_name_of_its_package() -> None:
    """Python sets a module as an attribute of its package when it loads, over what the package's own code has there."""
    hidden = set()
    for path in ROOT.rglob("__init__.py"):
        package = ".".join(("runnerops", *path.parent.relative_to(ROOT).parts))
        beside = {file.stem for file in path.parent.iterdir() if file.suffix in {"", ".py"}}
        for node in tree(path).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                hidden |= {f"{package}.{name}" for name in {node.name} & beside}
            elif isinstance(node, ast.ImportFrom):
                names = {name.asname or name.name for name in node.names} & beside
                hidden |= {f"{package}.{name}" for name in names if node.module not in {package, f"{package}.{name}"}}
    assert hidden == set()


def test_no_module_is_imported_under_the_name_of_another() -> None:
    """`import secrets as random` makes a reader look at the wrong documentation."""
    assert [
        f"{name_of(path)}:{node.lineno}: {alias.name} as {alias.asname}"
        for path in MODULES
        for node in nodes(path)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if alias.asname in sys.stdlib_module_names
    ] == []


def test_unit_tests_run_no_shell() -> None:
    """What does is a test of integration: it takes a hundred times as long."""
    foreign = re.compile(r"^\s*(?:from|import) (?:subprocess|tests\.(?:shells|integration|lab))\b.*", re.MULTILINE)
    assert [
        f"{path.name}: {match[0].strip()}"
        for path in sorted(Path(__file__).parent.rglob("*.py"))
        for match in foreign.finditer(path.read_text())
    ] == []


def test_no_test_needs_another_test() -> None:
    """What several tests share is in a module of its own, so that a file of tests can be changed or deleted alone."""
    shared = re.compile(r"^\s*from tests\.[\w.]*\btest_\w+ import .*", re.MULTILINE)
    assert [
        f"{path.name}: {match[0].strip()}"
        for path in sorted((ROOT.parent / "tests").rglob("*.py"))
        for match in shared.finditer(path.read_text())
    ] == []


def test_files_are_read_and_written_as_utf8_whatever_the_locale() -> None:
    calls = (
        (name_of(path), node.func.attr, {word.arg: ast.unparse(word.value) for word in node.keywords})
        for path in MODULES
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    )
    files, programs = {"read_text", "write_text"}, {"run", "Popen"}
    assert [
        (name, attr)
        for name, attr, words in calls
        if (attr in files and "encoding" not in words) or (attr in programs and words.get("text") == "True")
    ] == []


def test_every_module_says_what_it_is() -> None:
    assert [name_of(path) for path in MODULES if not ast.get_docstring(tree(path))] == []


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    assert (ROOT.parent / project["tool"]["hatch"]["version"]["path"]).samefile(ROOT / "__init__.py")
    assert version("runnerops") == __version__


def test_the_lock_names_every_dependency() -> None:
    """`tools/lock.sh` writes it; the bounds of pyproject.toml hold for what it names."""
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())
    groups = (text for group in project["dependency-groups"].values() for text in group if isinstance(text, str))
    asked = [Requirement(text) for text in (*project["project"]["dependencies"], *groups)]
    pins = re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT.parent / "requirements-dev.lock").read_text(), re.MULTILINE)
    locked = {name: [version for other, version in pins if other == name] for name, _ in pins}
    assert [
        str(requirement)
        for requirement in asked
        if not list(requirement.specifier.filter(locked.get(canonicalize_name(requirement.name), [])))
    ] == []


def test_lines_of_scripts_are_short() -> None:
    scripts = [path for folder in ("runnerops", "tests", "tools") for path in (ROOT.parent / folder).rglob("*.sh")]
    long = (f"{path}: {line}" for path in scripts for line in path.read_text().splitlines() if len(line) > 120)
    assert list(long) == []
