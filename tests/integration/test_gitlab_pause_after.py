"""`abort`, `rollback` and `remove` after a run for which runners were paused in GitLab."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from runnerops.commands.abort import _AbortHooks, unpaused_lines
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.model.common import Result
from runnerops.model.gitlab import PauseRecord
from runnerops.model.host_state import Run
from runnerops.model.plan import Plan
from runnerops.model.run import Outcome, Record
from runnerops.remote import state_folder
from runnerops.remote.history import History
from tests.integration.gitlab_pausing import Machine, World
from tests.lab.gitlab import GitLab
from tests.lab.gitlab_api import Answer
from tests.unit.plan_builders import ORIGIN


@pytest.fixture(name="world")
def fixture_world(gitlab: GitLab, tmp_path: Path, no_pauses: None) -> World:  # noqa: ARG001
    """Run 1 is going on, with the runner paused for it; the client that began it is gone."""
    world = World(gitlab, Machine(tmp_path))
    world.runner.paused = True
    world.machine.run(state_folder.write_pause_records([PauseRecord(1, 1, gitlab.url, "one")]), b"", 10)
    return world


def abort(world: World, end: Result) -> Outcome:
    """What `abort` makes of a run that ends so once it was told to."""
    record = Record(Run(1, ORIGIN, "", "", running=True))
    histories = {"h": History(0, (record,), world.machine.on_record)}
    project, _ = world.plan()
    back = _AbortHooks(cast(ConnectionPool, world.machine), world.machine.root, histories)
    return back.after(project.hosts[0], Plan("h", 1, ORIGIN), Outcome("h", end))


@pytest.mark.parametrize(
    ("end", "unpaused"),
    [
        (Result.ROLLED_BACK, True),
        (Result.FAILED, True),
        (Result.APPLIED, True),
        (Result.NEEDS_ATTENTION, False),
        (Result.UNKNOWN, False),
        (Result.UNREACHABLE, False),
    ],
)
def test_an_abort_unpauses_where_the_end_shows_how_the_host_is(world: World, end: Result, unpaused: bool) -> None:
    outcome = abort(world, end)
    assert (outcome.result, world.runner.paused, bool(world.machine.on_record)) == (end, not unpaused, not unpaused)
    text = "unpaused in GitLab: one" if unpaused else "still paused in GitLab: one"
    assert text in outcome.message


def test_what_an_abort_cannot_unpause_it_says_and_leaves_on_record(world: World) -> None:
    world.gitlab.faults_at = {"PUT /runners": [Answer(429)] * 9}
    assert "still paused in GitLab: one; the next deploy unpauses" in abort(world, Result.ROLLED_BACK).message
    assert world.machine.on_record


def test_an_abort_shows_before_what_it_will_unpause_or_who_has_to(world: World) -> None:
    host = world.plan()[0].hosts[0]
    lines = [text for _, text in unpaused_lines(host, world.machine.on_record)]
    assert lines == ["    ← unpause runner one in GitLab"]
    world.access = False
    world.settings = {}
    (line,) = unpaused_lines(world.plan()[0].hosts[0], world.machine.on_record)
    assert "the inventory has no API token for this GitLab: unpause it there" in line[1]


@pytest.mark.parametrize("command", ["rollback", "rollback to run 3", "remove"])
@pytest.mark.parametrize(("end", "unpaused"), [("applied", True), ("rolled-back", True), ("failed", False)])
def test_a_run_of_another_command_unpauses_at_an_end_that_shows_the_host(
    world: World, command: str, end: str, unpaused: bool
) -> None:
    world.machine.end = end
    project, planned = world.plan(command)
    assert [pause.runner for pause in planned.plan.pausing.left_paused] == ["one"]
    executor = world.executor(planned, project)
    executor.run()
    assert executor.outcomes["h"].result.value == end
    assert (world.runner.paused, bool(world.machine.on_record)) == (not unpaused, not unpaused)


def test_a_rollback_with_nothing_else_to_do_unpauses(world: World) -> None:
    world.port = 1
    project, planned = world.plan("rollback")
    assert (planned.plan.empty, planned.result) == (True, Result.PENDING)
    executor = world.executor(planned, project)
    executor.run()
    assert "unpaused in GitLab: one" in executor.outcomes["h"].message
    assert world.machine.runs == 0
    assert world.settled()


def test_who_follows_its_own_run_to_an_end_before_any_change_unpauses(world: World) -> None:
    world.last = Run(1, ORIGIN, world.plan()[1].plan.digest, "", running=True)
    world.machine.end = "failed"
    project, planned = world.plan()
    executor = world.executor(planned, project)
    executor.run()
    assert (world.runner.paused, world.machine.on_record) == (False, ())
