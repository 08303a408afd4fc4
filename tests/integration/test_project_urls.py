"""The addresses in the package's metadata: those of the pipeline's project, of the remote `origin`, or none."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

import runnerops

ROOT = Path(runnerops.__file__).parent.parent
PROJECT = "https://gitlab.example.com/team/runnerops"
PAGES = {
    "Repository": PROJECT,
    "Documentation": f"{PROJECT}/-/blob/main/README.md",
    "Changelog": f"{PROJECT}/-/blob/main/CHANGELOG.md",
    "Issues": f"{PROJECT}/-/issues",
}
REMOTES = [
    ("git@gitlab.example.com:team/runnerops.git", PROJECT),
    ("gitlab.example.com:/team/runnerops.git/", PROJECT),
    ("ssh://git@gitlab.example.com:2222/team/runnerops.git", PROJECT),
    (f"{PROJECT}.git", PROJECT),
    ("https://gitlab-ci-token:glpat-x@gitlab.example.com/team/runnerops.git?private_token=x#y", PROJECT),
    ("https://gitlab.example.com:8443/team/runnerops", "https://gitlab.example.com:8443/team/runnerops"),
    ("http://user@[2001:db8::1]:8080/team/runnerops", "http://[2001:db8::1]:8080/team/runnerops"),
    ("git@[2001:db8::1]:team/runnerops", "https://[2001:db8::1]/team/runnerops"),
    ("/srv/git/runnerops.git", ""),
    ("../runnerops", ""),
    ("file:///srv/git/runnerops.git", ""),
    ("https://gitlab.example.com/", ""),
    ("https://gitlab.example.com:port/team/runnerops", ""),
    ("http://[", ""),
    ("", ""),
]


@pytest.fixture(name="tool", scope="module")
def fixture_tool() -> Any:
    spec = importlib.util.spec_from_file_location("project_urls", ROOT / "tools/project_urls.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


@pytest.mark.parametrize(("remote", "page"), REMOTES)
def test_a_page_has_no_login_and_is_none_of_ssh(tool: Any, remote: str, page: str) -> None:
    assert tool.web_address(remote) == page


def test_a_pipeline_counts_before_the_remote_and_only_for_its_own_project(tool: Any, tmp_path: Path) -> None:
    assert tool.urls_of({}, tmp_path) == {}
    assert tool.urls_of({"CI_PROJECT_URL": PROJECT}, tmp_path) == PAGES
    git(tmp_path, "init", "-q")
    assert tool.urls_of({}, tmp_path) == {}
    git(tmp_path, "remote", "add", "origin", "git@git.example.com:fork.git")
    fork = {"Repository": "https://git.example.com/fork"}
    assert tool.urls_of({}, tmp_path) == fork
    assert tool.urls_of({"CI_PROJECT_URL": PROJECT, "CI_PROJECT_DIR": str(tmp_path)}, tmp_path) == PAGES
    assert tool.urls_of({"CI_PROJECT_URL": PROJECT, "CI_PROJECT_DIR": "/builds/other"}, tmp_path) == fork
    (tmp_path / "inside").mkdir()
    assert tool.urls_of({}, tmp_path / "inside") == {}, "a clone around the sources is another project's"


def build(source: Path, target: str, into: Path, **variables: str) -> Path:
    """The package that hatchling makes, as pip and build have it make one."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CI_PROJECT")} | variables
    argv = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(into)]
    subprocess.run(argv, cwd=source, env=environ, check=True, capture_output=True)
    return next(into.iterdir())


def test_a_wheel_of_an_sdist_has_the_addresses_of_the_sdist(tmp_path: Path) -> None:
    for name in (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "runnerops/__init__.py",
        "tools/project_urls.py",
        "templates",
    ):
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / "source" / name)
    with tarfile.open(build(tmp_path / "source", "sdist", tmp_path / "sdist", CI_PROJECT_URL=PROJECT)) as packed:
        packed.extractall(tmp_path / "unpacked", filter="data")
    wheel = build(next((tmp_path / "unpacked").iterdir()), "wheel", tmp_path / "wheel")
    with zipfile.ZipFile(wheel) as zipped:
        name = next(text for text in zipped.namelist() if text.endswith(".dist-info/METADATA"))
        texts = message_from_bytes(zipped.read(name)).get_all("Project-URL", [])
    assert dict(text.split(", ") for text in texts) == PAGES
