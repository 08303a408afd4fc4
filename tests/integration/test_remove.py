"""After a removal, the records on the host are deleted, under each shell."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from runnerops.remote import state_folder
from tests.shells import SHELLS


def forget(root: Path, shell: tuple[str, ...]) -> tuple[int, str]:
    tools = root / "bin"
    tools.mkdir(exist_ok=True)
    (tools / "systemctl").write_text("#!/bin/sh\n")
    (tools / "systemctl").chmod(0o755)
    _, _, script, *words = state_folder.forget(patience_s=1)
    environ = {"PATH": f"{tools}:{os.environ['PATH']}", "RUNNEROPS_ROOT": str(root)}
    argv = [*shell, "-c", script, *words]
    completed = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=60, check=False)
    return completed.returncode, completed.stderr.strip()


@pytest.mark.parametrize("shell", SHELLS)
def test_what_a_host_keeps_goes_unless_something_is_unfinished_or_runs(shell: tuple[str, ...], tmp_path: Path) -> None:
    state = tmp_path / "var/lib/runnerops"
    assert forget(tmp_path, shell) == (0, "")
    (state / "runs/1").mkdir(parents=True)
    for name in ("intents/docker", "paused/7", "begun/0123abcd", "rotated/0123"):
        (state / name).parent.mkdir()
        (state / name).write_text("")  # as a power cut may leave it: no other command tells of it
        assert forget(tmp_path, shell) == (state_folder.UNFINISHED, name)
        (state / name).unlink()
    with (state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert forget(tmp_path, shell) == (state_folder.IN_USE, "")
    assert (state / "runs/1").exists()
    assert forget(tmp_path, shell) == (0, "")
    assert [*state.parent.iterdir()] == []
