"""What a host tells of its runs while one of them ends."""

from __future__ import annotations

import shutil
import subprocess
from importlib.resources import files as package_files
from pathlib import Path

import pytest

from runnerops.remote import protocol

OBSERVE_SH = package_files("runnerops.remote").joinpath("observe.sh").read_text()
SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_run_that_ends_while_it_is_asked_about_is_not_told_as_cut_off(shell: str, tmp_path: Path) -> None:
    """Its unit is gone when units are listed, so its last line is written by then, and must be read after."""
    run = tmp_path / "var/lib/runnerops/runs/7"
    run.mkdir(parents=True)
    (run / "log").write_text("1.0\t\t-1\tnote\tclock 1000\n")
    script = f"""word=w
    {OBSERVE_SH}
    systemctl() {{ printf '2.0\\t\\t-1\\tend\\tapplied\\n' >>{run}/log; }}
    observe_runs
    """
    command = [shell, "sh"] if shell == "busybox" else [shell]
    done = subprocess.run(
        command, input=script.encode(), capture_output=True, env={"RUNNEROPS_ROOT": str(tmp_path)}, check=True
    )
    answers, _ = protocol.decode_observation("w", done.stdout)
    assert answers["alive"].text == ""
    assert "\tend\tapplied" in answers["ends"].text
