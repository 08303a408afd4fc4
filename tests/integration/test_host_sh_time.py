"""Waits, time limits and the lock of `host.sh`. They take real seconds, so they are not among the unit tests."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from runnerops.model.steps import Step
from tests.integration.walker import Walker, sh
from tests.shells import HERE


def side_by_side(folder: Path, steps: Sequence[Step], check: Callable[[Walker], None]) -> None:
    """The check under every shell with every step, each on a disk of its own; all wait at the same time."""
    disks = [
        Walker(folder / f"{Path(shell[0]).name}-{index}", shell, more_applets=("timeout",))
        for shell in HERE
        for index in range(len(steps))
    ]
    for disk, step in zip(disks, [*steps] * len(HERE), strict=True):
        disk.prepare([step])
    with ThreadPoolExecutor(len(disks)) as pool:
        list(pool.map(check, disks))


def test_a_step_that_exceeds_its_time_limit_fails(tmp_path: Path) -> None:
    steps = [
        Step("run", ("1", "sleep", "60")),
        Step("run", ("1", "sh", "-c", "sleep 60 & wait")),
        Step("await", ("1", "ok", "false")),
        Step("await", ("1", "ok", "sleep", "60")),
        Step("await", ("1", "=a", "echo", "a b")),
        Step("await", ("1", "~x", "echo", "a b c")),
    ]

    def check(walker: Walker) -> None:
        begun = time.monotonic()
        assert (walker.root.name, walker.walk()) == (walker.root.name, "failed")
        assert time.monotonic() - begun < 50

    side_by_side(tmp_path, steps, check)


def test_nothing_outlives_its_time_limit(tmp_path: Path) -> None:
    """Neither what refuses to end, nor what a script left behind it."""

    def check(walker: Walker) -> None:
        assert walker.walk() == "failed"
        assert "it did not end within 1 s" in [event.text for event in walker.events()]
        time.sleep(3)  # as long as what was left behind would have taken
        assert walker.read("/var/lib/runnerops/runs/late") is None

    side_by_side(tmp_path, [sh("trap '' TERM; (sleep 3; echo late >../late) & sleep 9", seconds=1)], check)


def test_an_await_is_repeated_until_its_condition_is_met_and_logs_changes(tmp_path: Path) -> None:
    def check(walker: Walker) -> None:
        assert walker.walk() == "applied"
        assert [event.text for event in walker.events() if event.kind == "wait"] == ["2 jobs", "1 jobs"]

    count = 'n=$(cat n 2>/dev/null || echo 0); n=$((n + 1)); echo $n >n; echo "$((3 - n)) jobs"'
    side_by_side(tmp_path, [Step("await", ("9", "=0 jobs", "sh", "-c", count))], check)


def test_an_attempt_that_is_killed_does_not_replace_the_output_before(tmp_path: Path) -> None:
    def check(walker: Walker) -> None:
        assert walker.walk() == "failed"
        assert [event.text for event in walker.events() if event.kind == "wait"] == ["2 jobs"]
        texts = [event.text for event in walker.events()]
        assert "jobs 7 and 8" in texts
        assert not any("printed nothing" in text for text in texts)

    ask = 'if [ -e asked ]; then exec sleep 60; fi; : >asked; echo "2 jobs"; echo "jobs 7 and 8"'
    side_by_side(tmp_path, [Step("await", ("3", "=gone", "sh", "-c", ask))], check)


def test_no_answer_at_all_is_told_and_is_no_empty_one(tmp_path: Path) -> None:
    def check(walker: Walker) -> None:
        assert walker.walk() == "failed"
        assert "no answer in time" in [event.text for event in walker.events()]

    side_by_side(tmp_path, [Step("await", ("1", "=", "sleep", "60"))], check)


def test_only_one_run_has_the_lock_at_a_time(tmp_path: Path) -> None:
    def check(walker: Walker) -> None:
        with walker.at("/var/lib/runnerops/lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            assert walker.walk() == "locked"
            assert walker.back() == "locked"
        assert not any(event.kind == "step" for event in walker.events())

    side_by_side(tmp_path, [sh("true")], check)


def test_a_run_without_the_lock_does_nothing_also_if_its_log_cannot_be_written(tmp_path: Path) -> None:
    """As on a full disk."""

    def check(walker: Walker) -> None:
        (walker.folder / "log").symlink_to("/dev/full")
        with walker.at("/var/lib/runnerops/lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            walker.call("walk", str(walker.folder))
        assert walker.read("/var/lib/runnerops/runs/acts") is None

    side_by_side(tmp_path, [sh("echo acted >>../acts")], check)
