"""GitLab's own count of a runner's jobs is shown beside the host's count while a run waits for them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from runnerops.engine.gitlab.counting import JobCounter
from runnerops.errors import GitlabError
from runnerops.model.plan import Plan
from runnerops.model.run import Event
from runnerops.model.steps import DRAINED, Step
from tests.integration.gitlab_pausing import Machine, World, fixture_world
from tests.lab.shell import until
from tests.unit.plan_builders import ORIGIN
from tests.unit.services import runner_builders as build

__all__ = ["fixture_world"]
PLAN = Plan("h", 1, ORIGIN, forward=(Step("phase", ("docker",)), Step("await", ("60", DRAINED, "sh", "drain.sh"))))
STEP, WAIT = Event("h", 1.0, "forward", 0, "step", ""), Event("h", 1.0, "forward", 1, "wait", "1 job: job 7")


def test_a_wait_has_the_count_and_is_told_again_where_that_changes() -> None:
    seen: list[Event] = []
    counts: Iterator[int] = iter([2, 2, 1])
    over = threading.Event()

    def count() -> int:
        found = next(counts, None)
        if found is None:
            over.set()
            raise GitlabError("it is down", "")
        return found

    with JobCounter(PLAN, count, seen.append, seconds=0.01) as watch:
        watch(STEP)
        watch(WAIT)
        assert over.wait(60)
        watch(WAIT)
        watch(STEP)
    assert [(event.kind, event.in_gitlab) for event in seen] == [
        ("step", None),
        ("wait", None),
        ("wait", 2),
        ("wait", 1),
        ("wait", 1),
        ("step", None),
    ]


def test_nothing_but_a_wait_for_jobs_asks() -> None:
    asked: list[int] = []

    def count() -> int:
        asked.append(1)
        return 1

    with JobCounter(PLAN, count, lambda _: None, seconds=0.01) as watch:
        watch(STEP)
        watch(Event("h", 1.0, "forward", 0, "wait", "1 job"))
        watch(Event("h", 1.0, "", -1, "wait", "1 job"))
    assert asked == []


def test_a_drain_shows_what_gitlab_counts_on_the_runner_of_this_machine(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the very run: the host says that it waits, and goes on once GitLab's count was told."""
    world.gitlab.start(token=build.TOKEN).state = "running"
    seen: list[int | None] = []
    project, planned = world.plan()
    drain = next(at for at, step in enumerate(planned.plan.forward) if step.verb == "await" and step.args[1] == DRAINED)
    lines = Machine.lines

    def with_a_wait(machine: Machine, command: list[str], stdin: bytes) -> Iterator[bytes]:
        yield f"1.0\tforward\t{drain}\twait\t1 job: job 7\n".encode()
        until("counted", lambda: 1 in seen, seconds=60)
        yield from lines(machine, command, stdin)

    monkeypatch.setattr(Machine, "lines", with_a_wait)
    executor = world.executor(planned, project)
    monkeypatch.setattr(executor.context.show, "watch", lambda event: seen.append(event.in_gitlab))
    executor.run()
    assert seen[0] is None
    assert executor.outcomes["h"].result.value == "applied"
