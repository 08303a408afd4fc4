"""The walker and time: what waits, what takes too long, and the lock. Real seconds, so not among the unit tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runnerops.model import Step
from tests.unit.walker import SHELLS, Walker, sh


@pytest.fixture(params=SHELLS, ids=lambda shell: shell[0], name="walker")
def fixture_walker(request: pytest.FixtureRequest, tmp_path: Path) -> Walker:
    return Walker(tmp_path, request.param)


@pytest.mark.parametrize(
    "step",
    [
        Step("run", ("1", "sleep", "9")),
        Step("run", ("1", "sh", "-c", "sleep 9 & wait")),
        Step("await", ("1", "ok", "false")),
        Step("await", ("1", "ok", "sleep", "9")),
        Step("await", ("1", "=a", "echo", "a b")),
        Step("await", ("1", "~x", "echo", "a b c")),
    ],
    ids=lambda step: " ".join((step.verb, *step.args)),
)
def test_what_does_not_hold_in_its_seconds_fails(walker: Walker, step: Step) -> None:
    walker.prepare([step])
    assert walker.walk() == "failed"


def test_an_await_is_asked_until_it_holds_and_tells_what_changes(walker: Walker) -> None:
    count = 'n=$(cat n 2>/dev/null || echo 0); n=$((n + 1)); echo $n >n; echo "$((3 - n)) jobs"'
    walker.prepare([Step("await", ("9", "=0 jobs", "sh", "-c", count))])
    assert walker.walk() == "applied"
    assert [event.text for event in walker.events() if event.kind == "wait"] == ["2 jobs", "1 jobs"]


def test_one_run_at_a_time(walker: Walker) -> None:
    walker.prepare([sh("true")])
    lock = walker.at("/var/lib/runnerops/lock")
    with subprocess.Popen(["flock", str(lock), "sleep", "8"], stdout=subprocess.PIPE) as holder:
        while subprocess.run(["flock", "-n", str(lock), "true"], check=False).returncode == 0:
            pass
        assert walker.walk() == "locked"
        subprocess.run(["pkill", "-P", str(holder.pid)], check=True)
    assert not any(event.kind == "step" for event in walker.events())
