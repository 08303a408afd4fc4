"""What a host keeps of its runs is read with the real scripts, and shown as text and JSON."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from runnerops.errors import HostError
from runnerops.model.common import HOST_FORMAT, Result
from runnerops.model.host_state import Run
from runnerops.model.inventory import Requester
from runnerops.model.run import Record
from runnerops.model.steps import Step
from runnerops.remote.history import History, read_history
from runnerops.report.history import history_document, origin_text, record_lines
from tests.integration.walker import Walker, sh, stage, swap
from tests.shells import SHELLS

A = "/etc/a.conf"


@dataclass(frozen=True, slots=True)
class Reader:
    """Runs an observe script on this machine, below a scratch root."""

    root: Path
    shell: tuple[str, ...]

    def read(self, script: bytes) -> bytes:
        environ = {"PATH": os.environ["PATH"], "RUNNEROPS_ROOT": str(self.root)}
        return subprocess.run([*self.shell, "-s"], input=script, env=environ, capture_output=True, check=True).stdout


def meta(number: int, **more: object) -> bytes:
    requester = {"user": "anna", "machine": "laptop", "commit": "c" * 40, "pipeline": ""}
    document = {
        "run": number,
        "requested_by": requester,
        "digest": "d",
        "actions": ["reload docker"],
        "files": {},
        **more,
    }
    return (json.dumps(document) + "\n").encode()


@pytest.fixture(params=SHELLS, name="found")
def fixture_found(request: pytest.FixtureRequest, tmp_path: Path) -> History:
    """Three runs: one applied, one that a failing step took back, one that was cut off at once."""
    first = Walker(tmp_path, request.param)
    first.prepare([stage("new.1", A, b"1\n"), swap(A, None, b"1\n")], files={"new.1": b"1\n", "meta": meta(1)})
    assert first.walk() == "applied"
    second = replace(first, run=2)
    forward = [
        stage("old.1", A, b"1\n"),
        stage("new.1", A, b"2\n"),
        Step("phase", ("docker",)),
        swap(A, b"1\n", b"2\n"),
    ]
    rollback = [Step("phase", ("docker",)), swap(A, b"2\n", b"1\n")]
    second.prepare(
        [*forward, sh("echo no such thing; false")], rollback, {"old.1": b"1\n", "new.1": b"2\n", "meta": meta(2)}
    )
    assert second.walk() == "rolled-back"
    replace(first, run=3).prepare([sh("true")], files={"meta": meta(3, command="rollback")})
    return read_history("h", Reader(tmp_path, request.param))


def test_the_newest_run_comes_first_with_its_end(found: History) -> None:
    assert [record.run.number for record in found.records] == [3, 2, 1]
    assert [record.result for record in found.records] == [Result.UNKNOWN, Result.ROLLED_BACK, Result.APPLIED]
    assert [record.command for record in found.records] == ["rollback", "deploy", "deploy"]


def test_a_run_shows_its_requester_files_actions_and_failed_step(found: History) -> None:
    run = found.records[1]
    assert run.run.requester == Requester("anna", "laptop", "c" * 40, "")
    assert (list(run.swapped), run.actions) == ([A], ("reload docker",))
    assert run.failed
    assert run.failed.args[:3] == ("5", "sh", "-c")
    text = "\n".join(line for _, line in record_lines(run, "h", found.clock, verbose=False))
    assert "run 2 " in text
    assert "rolled-back" in text
    assert "deploy by anna on laptop, commit cccccccccccc" in text
    assert f"~ {A}" in text
    assert "→ reload docker" in text
    assert "no such thing" in text


def test_steps_there_and_back_with_their_times(found: History) -> None:
    text = [line for _, line in record_lines(found.records[1], "h", found.clock, verbose=True)]
    steps = [line for line in text if " s  " in line and "run 2" not in line]
    assert len(steps) == 7
    assert sum("rollback: " in line for line in steps) == 2


def test_a_run_that_was_cut_off_says_so(found: History) -> None:
    first = next(iter(record_lines(found.records[0], "h", found.clock, verbose=False)))
    assert "cut off" in first[1]


def test_a_run_that_is_going_on_stands_first_and_says_how_to_follow_it() -> None:
    record = Record(
        Run(4, Requester("anna", "laptop", "", "https://x/-/pipelines/7"), "d", "", running=True, started_at=1000)
    )
    lines = [line for _, line in record_lines(record, "h", 1065, verbose=False)]
    assert "going on for 65 s" in lines[0]
    assert "https://x/-/pipelines/7" in "\n".join(lines)
    assert "runnerops history h --follow" in lines[-1]


def test_the_history_as_json(found: History) -> None:
    document = json.loads(json.dumps(history_document("h", found.records)))
    assert (document["version"], document["host"]) == (1, "h")
    cut, back, applied = document["runs"]
    assert (cut["result"], cut["end"], cut["finished_at"]) == ("unknown", "", None)
    assert (back["result"], back["files"], back["actions"]) == ("rolled-back", [A], ["reload docker"])
    assert back["failed"].startswith("run 5 sh -c")
    assert {event["event"] for event in applied["events"]} == {"step", "done", "end"}


@pytest.mark.parametrize(
    ("requester", "text"),
    [
        (Requester("anna", "laptop"), "anna on laptop"),
        (Requester("", ""), "somebody"),
        (Requester("anna", "", "0123456789abcdef"), "anna, commit 0123456789ab"),
    ],
)
def test_a_requester_as_text(requester: Requester, text: str) -> None:
    assert origin_text(requester) == text


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_a_history_of_a_newer_format_is_refused(shell: tuple[str, ...], tmp_path: Path) -> None:
    walker = Walker(tmp_path, shell)
    walker.prepare([stage("new.1", A, b"1\n")], files={"new.1": b"1\n", "meta": meta(1, format=HOST_FORMAT + 1)})
    with pytest.raises(HostError, match="a newer runnerops") as caught:
        read_history("h", Reader(tmp_path, shell))
    assert caught.value.result == "refused"
