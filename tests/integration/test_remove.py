"""What a host keeps is forgotten after a removal, under each shell."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from runnerops.remote import state_folder
from tests.shells import SHELLS


def forget(root: Path, shell: tuple[str, ...]) -> int:
    tools = root / "bin"
    tools.mkdir(exist_ok=True)
    (tools / "systemctl").write_text("#!/bin/sh\n")
    (tools / "systemctl").chmod(0o755)
    _, _, script, *words = state_folder.forget(patience_s=1)
    environ = {"PATH": f"{tools}:{os.environ['PATH']}", "RUNNEROPS_ROOT": str(root)}
    return subprocess.run([*shell, "-c", script, *words], env=environ, timeout=60, check=False).returncode


@pytest.mark.parametrize("shell", SHELLS)
def test_what_a_host_keeps_goes_unless_something_is_unfinished_or_runs(shell: tuple[str, ...], tmp_path: Path) -> None:
    state = tmp_path / "var/lib/runnerops"
    assert forget(tmp_path, shell) == 0
    (state / "intents").mkdir(parents=True)
    (state / "runs/1").mkdir(parents=True)
    (state / "intents/docker").write_text("reload 1 any\n")
    assert forget(tmp_path, shell) == state_folder.UNFINISHED
    (state / "intents/docker").unlink()
    (state / "paused").mkdir()
    (state / "paused/7").write_text("1\thttps://gitlab.example.com\tone\n")
    assert forget(tmp_path, shell) == state_folder.UNFINISHED
    (state / "paused/7").unlink()
    (state / "rotated/0123").mkdir(parents=True)
    assert forget(tmp_path, shell) == state_folder.UNFINISHED
    (state / "rotated/0123").rmdir()
    with (state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert forget(tmp_path, shell) == state_folder.IN_USE
    assert (state / "runs/1").exists()
    assert forget(tmp_path, shell) == 0
    assert [*state.parent.iterdir()] == []
