"""A host on which somebody else's run is going on: who began it, waiting for its end, and interrupts."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.plans.planned import Planned
from runnerops.engine.runs.interrupts import ActiveRuns
from runnerops.engine.runs.locks import LockWait, detect_race, locked_outcome, resolve_lock_conflict
from runnerops.model.common import Result
from runnerops.model.host_state import Run
from runnerops.model.inventory import Host, Requester
from runnerops.model.plan import Plan
from runnerops.remote.links import ReadOnly
from runnerops.report.screen import Screen
from runnerops.report.signals import Terminated
from runnerops.ssh.link import Completed

PLAN = Plan("h", 8, Requester("me", "here"), digest="mine")


def run(*, running: bool, digest: str = "other", result: str = "", pipeline: str = "") -> Run:
    return Run(7, Requester("anna", "laptop", "", pipeline), digest, result, running, started_at=1000)


def planned(last: Run | None) -> Planned:
    return Planned(PLAN, (), Result.PENDING, last)


class Reader:
    """Answers each wait with the next word."""

    def __init__(self, *words: bytes) -> None:
        self.words = list(words)

    def read(self, script: bytes) -> bytes:
        assert b"runnerops-7" in script
        return self.words.pop(0)


def wait(seconds: int, *plans: Planned, words: tuple[bytes, ...] = (b"over\n",)) -> tuple[Planned, str]:
    err = io.StringIO()
    left = iter(plans)
    lock_wait = LockWait(seconds, Screen(err=err))
    return lock_wait.plan_when_free(cast(ReadOnly, Reader(*words)), lambda: next(left)), err.getvalue()


def test_without_patience_a_busy_host_is_busy() -> None:
    result, output = wait(0, planned(run(running=True)), words=())
    assert result.live_run
    assert output == ""


def test_with_patience_it_is_planned_again_after_the_end() -> None:
    free = planned(run(running=False, result="applied"))
    result, output = wait(60, planned(run(running=True)), free, words=(b"", b"over\n"))
    assert result is free
    assert output.count("waiting for run 7 by anna from laptop, since ") == 1


def test_a_run_of_the_very_same_plan_is_not_waited_for_but_followed() -> None:
    own = planned(run(running=True, digest="mine"))
    assert wait(60, own, words=())[0] is own
    assert own.own_run
    assert not own.ready


@pytest.mark.parametrize(
    ("last", "says"),
    [
        (run(running=True), "run 7 by anna from laptop, since 1970-"),
        (run(running=True, pipeline="https://x/-/pipelines/3"), "by anna from https://x/-/pipelines/3, since"),
        (run(running=False, result="applied"), "came in between (applied)"),
        (Run(7, Requester("anna", "laptop"), "d", "", running=True), "since just now"),
    ],
)
def test_a_busy_host_names_the_run_that_has_the_lock(last: Run, says: str) -> None:
    outcome = locked_outcome(last, "h")
    assert outcome.result is Result.LOCKED
    assert says in outcome.message
    assert "try again" in outcome.hint
    assert "deploy" not in outcome.hint, "a rollback or a removal can meet it too"


class Kept:
    """Answers with the history of a host that keeps one run, as it is by now."""

    def __init__(self, end: str, digest: str, number: int = 7) -> None:
        self.end, self.digest, self.number = end, digest, number

    def read(self, script: bytes) -> bytes:
        word = script.split(b"word=", 1)[1].split(b"\n", 1)[0].decode()
        meta = {
            "run": self.number,
            "requested_by": {"user": "anna", "machine": "laptop", "commit": "", "pipeline": ""},
            "digest": self.digest,
        }
        folder = f"/var/lib/runnerops/runs/{self.number}"
        answers = {"numbers": str(self.number), "kept": f"{folder}/meta:{json.dumps(meta)}"}
        answers |= {"logs": f"{folder}/log:1.0\t\t-1\tend\t{self.end}"} if self.end else {}
        return "".join(f"{word} fact {name}\n{text}\n\n{word} end 0\n" for name, text in answers.items()).encode()


@pytest.mark.parametrize(
    ("last", "end", "digest", "replan"),
    [
        (run(running=False), "applied", "mine", True),
        (run(running=False), "applied", "other", False),
        (run(running=False), "rolled-back", "mine", False),
        (run(running=False), "", "mine", None),
        (run(running=False, result="applied"), "applied", "mine", None),
        (None, "applied", "mine", None),
    ],
)
def test_a_run_that_was_just_beginning_when_the_host_was_looked_at(
    last: Run | None, end: str, digest: str, replan: bool | None
) -> None:
    conflict = detect_race(PLAN, last, cast(ReadOnly, Kept(end, digest)), LockWait(0, Screen(err=io.StringIO())))
    assert (conflict.replan if conflict else None) == replan
    assert not conflict or "run 7 by anna from laptop" in conflict.outcome.message


@pytest.mark.parametrize(
    ("number", "end", "digest", "replan"),
    [
        (9, "applied", "mine", True),
        (9, "applied", "other", False),
        (9, "needs-attention", "mine", False),
        (9, "rolled-back", "mine", None),
        (9, "failed", "other", None),
        (9, "locked", "mine", None),
        (9, "", "mine", None),
        (8, "failed", "mine", None),  # our own run
    ],
)
def test_a_run_that_began_later_and_had_the_lock_first(number: int, end: str, digest: str, replan: bool | None) -> None:
    reader = cast(ReadOnly, Kept(end, digest, number))
    conflict = detect_race(PLAN, run(running=False, result="applied"), reader, LockWait(0, Screen(err=io.StringIO())))
    assert (conflict.replan if conflict else None) == replan
    assert not conflict or "run 9 by anna from laptop" in conflict.outcome.message


@pytest.mark.parametrize(
    ("end", "digest", "result", "replan"),
    [
        ("", "mine", Result.LOCKED, True),  # it is just beginning, or was cut off
        ("", "other", Result.LOCKED, True),
        ("applied", "mine", Result.LOCKED, True),
        ("applied", "other", Result.LOCKED, False),
        ("rolled-back", "mine", Result.ROLLED_BACK, False),
    ],
)
def test_a_run_that_had_the_host_first(end: str, digest: str, result: Result, replan: bool) -> None:
    conflict = resolve_lock_conflict(PLAN, cast(ReadOnly, Kept(end, digest)), LockWait(0, Screen(err=io.StringIO())))
    assert (conflict.outcome.result, conflict.replan) == (result, replan)


@pytest.mark.parametrize(("digest", "result"), [("mine", Result.UNKNOWN), ("other", Result.LOCKED)])
def test_a_run_that_neither_begins_nor_ends_is_looked_at_once_more_only(digest: str, result: Result) -> None:
    lock_wait = LockWait(0, Screen(err=io.StringIO()))
    reader = cast(ReadOnly, Kept("", digest))
    conflict = [resolve_lock_conflict(PLAN, reader, lock_wait) for _ in range(2)]
    assert [(outcome_of.outcome.result, outcome_of.replan) for outcome_of in conflict] == [
        (Result.LOCKED, True),
        (result, False),
    ]


# ------------------------------------------------------------------------------------------------------- interrupts


class Show:
    """Remembers whether it is quiet."""

    def __init__(self) -> None:
        self.quiet = False

    def watch(self, event: object) -> None:
        """Nothing to see."""

    def end(self, outcome: object) -> None:
        """Nothing to see."""

    def hush(self) -> None:
        self.quiet = True

    def resume(self) -> None:
        self.quiet = False

    def gather(self) -> None:
        """It tells nothing anyway."""

    def say(self, text: str) -> None:
        """Nothing to see."""


class Asking(Screen):
    """A screen at which somebody gives this answer; None: nobody is there, an exception: they interrupt again."""

    answer: bool | KeyboardInterrupt | None = None
    rendered = 0

    @property
    def interactive(self) -> bool:
        return self.answer is not None

    def ask(self, question: str, *, otherwise: bool = False) -> bool:
        self.rendered += 1
        assert otherwise
        assert "h" in question
        if isinstance(self.answer, KeyboardInterrupt):
            raise self.answer
        return bool(self.answer)


class Stops:
    """The way to a host; a run that is told to stop ends at once."""

    def __init__(self, ended: threading.Event) -> None:
        self.commands: list[Any] = []
        self.ended = ended

    def link(self, host: Host) -> Stops:
        assert host.name == "h"
        return self

    def run(self, command: object, stdin: bytes, timeout: float) -> Completed:
        assert stdin == b""
        assert timeout
        self.commands.append(command)
        self.ended.set()
        return Completed(0, b"", b"")


@contextmanager
def one_run(active_runs: ActiveRuns, ended: threading.Event, plan: Plan = PLAN) -> Iterator[None]:
    """A run that goes on until `ended`."""
    begun = threading.Event()

    def go_on() -> None:
        with active_runs.tracked(Host("h", "h"), plan):
            begun.set()
            ended.wait(20)

    thread = threading.Thread(target=go_on)
    thread.start()
    begun.wait(20)
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize(
    ("answer", "stop", "rendered", "stopped"),
    [
        (True, KeyboardInterrupt(), 1, False),
        (False, KeyboardInterrupt(), 1, True),
        (KeyboardInterrupt(), KeyboardInterrupt(), 1, False),
        (None, KeyboardInterrupt(), 0, False),
        (False, Terminated(), 0, False),
    ],
    ids=["yes", "no", "again", "nobody there", "sigterm"],
)
def test_an_interrupt_asks_whether_to_stop_the_run(
    answer: bool | KeyboardInterrupt | None, stop: KeyboardInterrupt, rendered: int, stopped: bool
) -> None:
    active_runs, ended = ActiveRuns(), threading.Event()
    screen, pool, show = Asking(err=io.StringIO()), Stops(ended), Show()
    screen.answer = answer
    with one_run(active_runs, ended):
        active_runs.interrupt(stop, screen, show, cast(ConnectionPool, pool))
        assert active_runs.interrupted
        assert screen.rendered == rendered
        assert bool(pool.commands) is stopped
        assert active_runs.unfollowed == (() if stopped else ("h",))
        assert show.quiet is not stopped


def test_a_run_that_asks_gitlab_for_a_token_is_not_stopped_for_the_token_would_be_lost() -> None:
    active_runs, ended = ActiveRuns(), threading.Event()
    screen, pool, show = Asking(err=io.StringIO()), Stops(ended), Show()
    screen.answer = False
    with one_run(active_runs, ended, replace(PLAN, command="rotate", part="first")):
        active_runs.interrupt(KeyboardInterrupt(), screen, show, cast(ConnectionPool, pool))
        assert (screen.rendered, pool.commands, active_runs.unfollowed) == (0, [], ("h",))
        with active_runs.tracked(Host("other", "other"), PLAN) as may_begin:
            assert not may_begin
        assert active_runs.unfollowed == ("h",)


def test_with_no_run_going_on_nobody_is_asked() -> None:
    active_runs, screen = ActiveRuns(), Asking(err=io.StringIO())
    screen.answer = False
    active_runs.interrupt(KeyboardInterrupt(), screen, Show(), cast(ConnectionPool, Stops(threading.Event())))
    assert active_runs.interrupted
    assert screen.rendered == 0
    assert active_runs.unfollowed == ()
