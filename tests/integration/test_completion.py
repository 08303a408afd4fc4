"""What bash offers at the Tab key: commands, options and names of the inventory. No host is contacted."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

INVENTORY = """
groups: {build: {}}
hosts:
  r[01:03]: {groups: [build], address: 192.0.2.1}
  web: {address: 192.0.2.2}
"""


@pytest.fixture(name="folder", scope="module")
def fixture_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project, `runnerops` for the PATH, and the script for bash that it prints."""
    tmp_path = tmp_path_factory.mktemp("completed")
    (tmp_path / "inventory.yml").write_text(INVENTORY)
    (tmp_path / "other.yml").write_text(INVENTORY.replace("web", "wob"))
    (tmp_path / "broken.yml").write_text("hosts: [")
    tool = tmp_path / "bin/runnerops"
    tool.parent.mkdir()
    start = "import sys; sys.argv[0] = 'runnerops'; from runnerops.cli import main; main()"
    tool.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(start)} "$@"\n')
    tool.chmod(0o755)
    environ = {**os.environ, "_RUNNEROPS_COMPLETE": "source_bash"}
    (tmp_path / "complete.sh").write_bytes(subprocess.run([tool], env=environ, capture_output=True, check=True).stdout)
    return tmp_path


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("runnerops roll", "rollback"),
        ("runnerops deploy ''", "r01 r02 r03 web build"),
        ("runnerops deploy web b", "build"),
        ("runnerops deploy '!w'", "!web"),
        ("runnerops rollback -i other.yml w", "wob"),
        ("runnerops remove ''", "r01 r02 r03 web"),
        ("runnerops deploy @f", "@failed"),
        ("runnerops deploy '!@c'", "!@changed"),
        ("runnerops deploy --canary r0", "r01 r02 r03"),
        ("runnerops hosts --explain w", "web"),
        ("runnerops diff --only d", "docker"),
        ("runnerops diff --allow held", "held"),
        ("runnerops explain data", "data-root"),
        ("runnerops diff --onl", "--only"),
        ("runnerops deploy -i broken.yml ''", ""),
        ("runnerops deploy -i gone.yml ''", ""),
    ],
)
def test_bash_is_offered_what_fits(folder: Path, words: str, offered: str) -> None:
    script = f""". ./complete.sh
    COMP_WORDS=({words}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
    call=$(complete -p runnerops | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
    $call runnerops
    echo "${{COMPREPLY[*]}}"
    """
    environ = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "--norc"], input=script, cwd=folder, env=environ, capture_output=True, text=True, check=True
    )
    assert (done.stdout.split(), done.stderr) == (offered.split(), "")


def test_help_has_no_option_for_it(folder: Path) -> None:
    argv = [str(folder / "bin/runnerops"), "--help"]
    assert "completion" not in subprocess.run(argv, capture_output=True, text=True, check=True).stdout
