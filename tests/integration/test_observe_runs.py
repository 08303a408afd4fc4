"""What an observation reports about a run that ends at the same time."""

from __future__ import annotations

import json
import subprocess
from importlib.resources import files as package_files
from pathlib import Path

import pytest

from runnerops.model.answers import Answer
from runnerops.model.facts import Facts
from runnerops.remote import observation
from runnerops.remote.state import host_state
from tests.shells import SHELLS

REMOTE = package_files("runnerops.remote")
FRAME = REMOTE.joinpath("observe.sh").read_text()
HISTORY = REMOTE.joinpath("history.sh").read_text()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("call", "answer"), [("observe_runs", "walked"), ("observe_history", "logs")])
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
    completed = subprocess.run(
        command, input=script.encode(), capture_output=True, env={"RUNNEROPS_ROOT": str(tmp_path)}, check=True
    )
    answers, _ = observation.decode_observation("w", completed.stdout)
    assert answers["alive"].text == ""
    assert b"\tend\tapplied" in answers[answer].output  # not every run has every file, so grep's status tells nothing


@pytest.mark.parametrize(
    ("alive", "ends", "last"),
    [
        ((7,), {8: "locked"}, 7),  # it was refused the host, which run 7 has
        ((7, 8), {}, 7),  # run 8 waits for the lock
        ((), {7: "applied", 8: "locked"}, 7),
        ((), {7: "applied", 8: "failed"}, 8),
        ((), {7: "applied"}, 8),  # cut off
        ((8,), {7: "applied"}, 8),
        ((), {7: "locked", 8: "locked"}, 8),
    ],
)
def test_the_last_run_is_the_one_that_has_the_host(alive: tuple[int, ...], ends: dict[int, str], last: int) -> None:
    state = "/var/lib/runnerops/runs"
    texts = {
        "numbers": "7\n8\n",
        "kept": "".join(f"{state}/{run}/meta:{json.dumps({'run': run})}\n" for run in (7, 8)),
        "walked": "".join(f"{state}/{run}/log:2.0\t\t-1\tend\t{word}\n" for run, word in ends.items()),
        "alive": "".join(f"runnerops-{run}.service loaded active running x\n" for run in alive),
    }
    observed = host_state({name: Answer(0, text.encode()) for name, text in texts.items()}, {}, Facts())
    assert observed.last
    assert (observed.last.number, observed.next_run) == (last, 9)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("there", "asked"),
    [
        (None, True),  # no systemd that has a place for them
        ([], False),
        (["session-1.scope"], False),
        (["session-1.scope", "runnerops-7.service"], True),
    ],
)
def test_systemctl_lists_runs_only_if_a_unit_may_exist(
    shell: tuple[str, ...], there: list[str] | None, asked: bool, tmp_path: Path
) -> None:
    (tmp_path / "var/lib/runnerops").mkdir(parents=True)
    transient = tmp_path / "run/systemd/transient"
    if there is not None:
        transient.mkdir(parents=True)
    for name in there or ():
        (transient / name).touch()
    script = f"word=w\n{FRAME}\nsystemctl() {{ echo asked; }}\nobserve_runs\n"
    completed = subprocess.run(
        [*shell], input=script.encode(), capture_output=True, env={"RUNNEROPS_ROOT": str(tmp_path)}, check=True
    )
    assert observation.decode_observation("w", completed.stdout)[0]["alive"].text == ("asked" if asked else "")


KNOWN = """MainPID=0
ExecStart={ path=/a ; argv[]=/a b ; ignore_errors=no }
Id=one.service
LoadState=loaded

MainPID=0
Id=other.service
LoadState=not-found
"""


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("unit", "status", "expected", "asked"),
    [
        ("one.service", 0, KNOWN.partition("\n\n")[0], 1),
        ("other.service", 0, KNOWN.partition("\n\n")[2].strip(), 1),
        ("alias.service", 0, KNOWN.strip(), 2),  # systemd tells it under its own name: it is asked after alone
        ("one.service", 1, "", 1),
    ],
)
def test_several_units_are_read_with_one_call(
    shell: tuple[str, ...], unit: str, status: int, expected: str, asked: int, tmp_path: Path
) -> None:
    (tmp_path / "known").write_text(KNOWN if status == 0 else "")
    fake = f"systemctl() {{ echo >>{tmp_path}/asked; cat {tmp_path}/known; return {status}; }}"
    script = (
        f"{FRAME}\n{fake}\nprepare_units one.service alias.service\nservice_unit {unit}\nprintf '%s\\n' \"$unit\"\n"
    )
    completed = subprocess.run([*shell], input=script, capture_output=True, text=True, check=True)
    lines = [line for line in completed.stdout.strip().splitlines() if not line.startswith("Id=")]
    assert lines == [line for line in expected.splitlines() if not line.startswith("Id=")]
    assert len((tmp_path / "asked").read_text().splitlines()) == asked
