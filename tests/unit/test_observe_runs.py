"""What a host tells of its runs while one of them ends."""

from __future__ import annotations

import subprocess
from importlib.resources import files as package_files
from pathlib import Path

import pytest

from runnerops.remote import protocol
from tests.shells import SHELLS

REMOTE = package_files("runnerops.remote")
FRAME = REMOTE.joinpath("observe.sh").read_text()
HISTORY = REMOTE.joinpath("history.sh").read_text()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("call", "answer"), [("observe_runs", "ends"), ("observe_history", "logs")])
def test_a_run_that_ends_while_it_is_asked_about_is_not_told_as_cut_off(
    shell: tuple[str, ...], call: str, answer: str, tmp_path: Path
) -> None:
    """Its unit is gone when units are listed, so its last line is written by then, and must be read after."""
    run = tmp_path / "var/lib/runnerops/runs/7"
    run.mkdir(parents=True)
    (run / "log").write_text("1.0\t\t-1\tnote\tclock 1000\n")
    script = f"""word=w
    {FRAME}
    {HISTORY}
    systemctl() {{ printf '2.0\\t\\t-1\\tend\\tapplied\\n' >>{run}/log; }}
    {call}
    """
    command = [*shell]
    done = subprocess.run(
        command, input=script.encode(), capture_output=True, env={"RUNNEROPS_ROOT": str(tmp_path)}, check=True
    )
    answers, _ = protocol.decode_observation("w", done.stdout)
    assert answers["alive"].text == ""
    assert "\tend\tapplied" in answers[answer].text
