"""A folder of Docker's programs, laid over a root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.lab.binaries import lay_over, stamp
from tests.lab.roots import TRIXIE, Recipe, recipe_digest
from tests.lab.shell import LabError


@pytest.fixture(name="folder")
def fixture_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "given"
    for name in ("dockerd", "runc", "docker-init", "newcomer", "cli-plugins/docker-compose"):
        put(folder / name, f"given {name}", 0o600)
    return folder


def put(path: Path, content: str, mode: int = 0o755) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(mode)


def test_programs_go_where_the_root_has_those_of_their_name(folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    plugin = "usr/libexec/docker/cli-plugins/docker-compose"
    for name in ("usr/sbin/dockerd", "usr/sbin/runc", "usr/bin/docker", "usr/bin/tini-static", plugin):
        put(root / name, "Debian's")
    links = {"runc": "../sbin/runc", "docker-init": "tini-static", "docker-compose": f"../../{plugin}"}
    for name, target in links.items():
        (root / "usr/bin" / name).symlink_to(target)
    lay_over(folder, root)
    by_name = {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}
    assert by_name == {
        "usr/sbin/dockerd": "given dockerd",
        "usr/sbin/runc": "given runc",
        "usr/bin/runc": "given runc",
        "usr/bin/docker": "Debian's",
        "usr/bin/docker-init": "given docker-init",
        "usr/bin/tini-static": "Debian's",
        "usr/bin/newcomer": "given newcomer",
        "usr/bin/docker-compose": "given cli-plugins/docker-compose",
        plugin: "given cli-plugins/docker-compose",
    }
    assert all(os.access(root / name, os.X_OK) for name in by_name)


def test_the_root_is_built_anew_when_a_program_is_another(folder: Path) -> None:
    recipe = Recipe("given", "trixie", (), TRIXIE, folder)
    before = recipe_digest(recipe)
    assert recipe_digest(recipe) == before
    put(folder / "docker-proxy", "given docker-proxy")
    after = recipe_digest(recipe)
    os.utime(folder / "runc", (1, 1))
    assert len({before, after, recipe_digest(recipe)}) == 3


def test_a_folder_without_dockerd_is_said(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"RUNNEROPS_LAB_DOCKER=.*no dockerd is there"):
        stamp(tmp_path)
