"""The work of one host in a deploy, and connections that break right after a run: what counts is how the run ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from typing import cast

import pytest

from runnerops.engine.exit_codes import exit_of
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.loop import executed_plans
from runnerops.engine.plans.planned import Planned
from runnerops.engine.project import Project
from runnerops.engine.runs.executor import HostExecutor
from runnerops.engine.runs.interrupts import ActiveRuns
from runnerops.engine.runs.locks import LockWait
from runnerops.engine.runs.not_begun import why_held
from runnerops.engine.runs.round_context import RoundContext
from runnerops.engine.runs.scheduling import HoldReason, PriorRounds
from runnerops.engine.verify.health import HealthCheck
from runnerops.errors import RunneropsError
from runnerops.model.common import Exit, Result, ServiceName, Verb
from runnerops.model.host_state import Run
from runnerops.model.inventory import Host, Inventory, Requester
from runnerops.model.plan import Action, Blocker, Finding, Plan
from runnerops.model.rollout import Rollout
from runnerops.model.run import Outcome
from runnerops.redact import Redactor
from runnerops.remote.links import HostLink
from runnerops.report.document import summary_document
from runnerops.report.progress.show import Show
from runnerops.report.screen import Screen
from tests.unit.executor_doubles import PLAN, PROJECT, Breaking, Quiet, Several


def test_a_lost_connection_after_a_run_does_not_hide_how_it_ended() -> None:
    planned = Planned(PLAN, (), Result.PENDING)
    screen = Screen(out=StringIO(), err=StringIO(), redactor=Redactor())
    pool = cast(ConnectionPool, Breaking())
    context = RoundContext(PROJECT, pool, screen, cast(Show, Quiet()), LockWait(0, screen), ActiveRuns())
    turns = HostExecutor(context, {"h": planned}, {"h": PLAN})
    turns.run()
    assert turns.outcomes["h"].result is Result.ROLLED_BACK
    assert not turns.replan


def test_a_run_of_this_very_plan_is_followed_by_its_own_number_though_its_steps_cannot_be_read() -> None:
    live = Run(7, Requester("anna", "laptop"), "mine", "", running=True)
    plans = {"h": Planned(PLAN, (), Result.PENDING, live)}
    assert executed_plans(plans, cast(ConnectionPool, Breaking()), PROJECT)["h"].run == 7


def test_a_failed_run_leaves_the_rest_untouched_and_says_why() -> None:
    restart = (Action(ServiceName.GITLAB_RUNNER, Verb.RESTART),)
    names = ("canary", "bad-1", "c", "in-sync")
    hosts = tuple(Host(name, name) for name in names)
    plans = {
        name: Planned(replace(PLAN, host=name, actions=restart), (), Result.PENDING)
        if name != "in-sync"
        else Planned(Plan(name, 8, PLAN.requester), (), Result.UNCHANGED)
        for name in names
    }
    for canary, expected in (
        ("canary", {"canary": "applied", "bad-1": "failed", "c": "skipped", "in-sync": "unchanged"}),
        ("bad-1", {"canary": "skipped", "bad-1": "failed", "c": "skipped", "in-sync": "unchanged"}),
    ):
        fleet = Inventory("inventory.yml", hosts, {}, rollout=Rollout(canary=canary, batch="1"))
        project = Project(fleet, hosts, dict.fromkeys(names, ()), dict.fromkeys(names, ()), b"")
        screen = Screen(out=StringIO(), err=StringIO(), redactor=Redactor())
        executed = {name: planned.plan for name, planned in plans.items()}
        pool, show = cast(ConnectionPool, Several()), cast(Show, Quiet())
        context = RoundContext(project, pool, screen, show, LockWait(0, screen), ActiveRuns())
        turns = HostExecutor(context, plans, executed)
        turns.run()
        assert {name: str(outcome.result) for name, outcome in turns.outcomes.items()} == expected
        reason = "the canary bad-1 did not end well" if canary == "bad-1" else "the deploy stopped at bad-1"
        assert turns.outcomes["c"].message == f"not touched: {reason}"


class Examined:
    """Of hosts that are called so, `verify` finds that something is broken."""

    def after(self, host: Host, outcome: Outcome) -> Outcome:
        bad = host.name.startswith("broken")
        return replace(outcome, result=Result.FAILED if bad else outcome.result, message="examined")


class Good(HostExecutor):
    """A deploy whose runs all end well."""

    def _execute(self, host: Host, planned: Planned) -> Outcome:
        assert planned.plan.host == host.name
        return Outcome(host.name, Result.APPLIED)


def good_runs(
    hosts: tuple[Host, ...], plans: dict[str, Plan], planned: dict[str, Planned], rollout: Rollout
) -> Mapping[str, Outcome]:
    """What becomes of each host of a deploy whose runs end well, if `verify` follows them."""
    project = Project(Inventory("i.yml", hosts, {}, rollout=rollout), hosts, {}, {}, b"")
    screen = Screen(out=StringIO(), err=StringIO(), redactor=Redactor())
    pool, show = cast(ConnectionPool, Several()), cast(Show, Quiet())
    context = RoundContext(project, pool, screen, show, LockWait(0, screen), ActiveRuns())
    turns = Good(context, planned, plans)
    turns.health = cast(HealthCheck, Examined())
    turns.run()
    return turns.outcomes


@pytest.mark.parametrize(
    ("names", "command", "expected"),
    [
        (("a", "broken", "c"), "deploy", {"a": "applied", "broken": "failed", "c": "skipped"}),
        (("a", "broken", "c"), "deploy --only docker", {"a": "applied", "broken": "failed", "c": "skipped"}),
        (("a", "broken", "c"), "rollback", {"a": "applied", "broken": "applied", "c": "applied"}),
        (("broken", "b"), "deploy", {"broken": "failed", "b": "skipped"}),
        (("a", "b"), "deploy", {"a": "applied", "b": "applied"}),
    ],
)
def test_a_host_that_does_not_pass_verify_after_its_run_stops_the_deploy(
    names: tuple[str, ...], command: str, expected: dict[str, str]
) -> None:
    hosts = tuple(Host(name, name) for name in names)
    restart = (Action(ServiceName.DOCKER, Verb.RESTART),)
    plans = {name: replace(PLAN, host=name, command=command, actions=restart) for name in names}
    planned = {name: Planned(plan, (), Result.PENDING) for name, plan in plans.items()}
    rollout = Rollout(batch="1", health=True)
    outcomes = good_runs(hosts, plans, planned, rollout)
    assert {name: str(outcome.result) for name, outcome in outcomes.items()} == expected
    examined = {name for name, outcome in outcomes.items() if outcome.message == "examined"}
    assert examined == ({name for name in names if expected[name] != "skipped"} if command != "rollback" else set())


@pytest.mark.parametrize(
    ("canary", "resume", "others", "expected"),
    [
        ("fine", False, True, {"fine": "unchanged", "b": "applied"}),
        ("broken", False, True, {"broken": "failed", "b": "skipped"}),
        ("broken", True, True, {"broken": "unchanged", "b": "applied"}),
        ("broken", False, False, {"broken": "unchanged", "b": "unchanged"}),
    ],
)
def test_a_canary_that_is_in_sync_must_pass_verify_before_others_are_changed(
    canary: str, resume: bool, others: bool, expected: dict[str, str]
) -> None:
    """It may be in sync since the deploy before, after which it did not pass."""
    hosts = (Host(canary, canary), Host("b", "b"))
    made_plan, restart = Plan(canary, 1, PLAN.requester), (Action(ServiceName.DOCKER, Verb.RESTART),)
    plans = {
        canary: made_plan,
        "b": replace(PLAN, host="b", actions=restart) if others else replace(made_plan, host="b"),
    }
    planned = {
        name: Planned(plan, (), Result.UNCHANGED if plan.empty else Result.PENDING) for name, plan in plans.items()
    }
    rollout = Rollout(canary="" if resume else canary, health=True)
    outcomes = good_runs(hosts, plans, planned, rollout)
    assert {name: str(outcome.result) for name, outcome in outcomes.items()} == expected


class Raced(HostExecutor):
    """A deploy in which the runs of hosts called so come too late, and have to be planned once more."""

    def _execute(self, host: Host, planned: Planned) -> Outcome:
        if "late" in host.name:
            self.replan.add(host.name)
        return Outcome(planned.plan.host, Result.APPLIED if host.name == "good" else Result.FAILED)


@pytest.mark.parametrize(
    ("names", "most", "again"),
    [
        (("late", "c", "d"), 1, {"late", "c", "d"}),
        (("late", "bad", "c"), 1, set()),
        (("late", "bad", "c"), 9, {"late", "c"}),
        (("late", "good", "c"), 9, {"late", "c"}),
    ],
    ids=["all wait for it", "stopped", "not yet stopped", "good"],
)
def test_hosts_that_wait_for_one_that_is_planned_again_are_too_unless_the_deploy_stopped(
    names: tuple[str, ...], most: int, again: set[str]
) -> None:
    hosts = tuple(Host(name, name) for name in names)
    cache = {name: frozenset[str]() if name in {"late", "good", "bad"} else frozenset({"late"}) for name in names}
    plans = {name: replace(PLAN, host=name, after=cache[name], needs=cache[name]) for name in names}
    screen = Screen(out=StringIO(), err=StringIO(), redactor=Redactor())
    project = Project(Inventory("i.yml", hosts, {}, rollout=Rollout(max_failures=most)), hosts, {}, {}, b"")
    planned = {name: Planned(plan, (), Result.PENDING) for name, plan in plans.items()}
    pool, show = cast(ConnectionPool, Breaking()), cast(Show, Quiet())
    context = RoundContext(project, pool, screen, show, LockWait(0, screen), ActiveRuns())
    turns = Raced(context, planned, plans)
    turns.run()
    assert turns.replan == again
    assert turns.outcomes.keys() == set(names)


def test_a_limit_of_failures_is_the_whole_deploys_and_not_a_rounds() -> None:
    names = ("bad-1", "late", "bad-2", "c")
    hosts = tuple(Host(name, name) for name in names)
    screen = Screen(out=StringIO(), err=StringIO(), redactor=Redactor())
    rollout = Rollout(max_failures=2, batch="1")
    restart = (Action(ServiceName.GITLAB_RUNNER, Verb.RESTART),)
    plans = {name: replace(PLAN, host=name, actions=restart) for name in names}
    earlier, results = PriorRounds(), dict[str, str]()
    for again in (("bad-1", "late"), ("bad-2", "c")):
        left = tuple(host for host in hosts if host.name in again)
        project = Project(Inventory("i.yml", hosts, {}, rollout=rollout), left, {}, {}, b"")
        planned = {name: Planned(plans[name], (), Result.PENDING) for name in again}
        pool, show = cast(ConnectionPool, Several()), cast(Show, Quiet())
        context = RoundContext(project, pool, screen, show, LockWait(0, screen), ActiveRuns())
        turns = Raced(context, planned, plans, earlier)
        turns.run()
        earlier = turns.prior_rounds()
        results |= {name: str(outcome.result) for name, outcome in turns.outcomes.items()}
    assert earlier.failed == ("bad-1", "bad-2")
    assert results == {"bad-1": "failed", "late": "failed", "bad-2": "failed", "c": "skipped"}
    assert turns.outcomes["c"].message == "not touched: the deploy stopped at bad-1, bad-2"


def refused(plan: Plan) -> Outcome:
    screen = Screen(out=StringIO(), err=StringIO(), redactor=Redactor())
    plans = {"h": Planned(plan, (), Result.PENDING)}
    pool = cast(ConnectionPool, Breaking())
    context = RoundContext(PROJECT, pool, screen, cast(Show, Quiet()), LockWait(0, screen), ActiveRuns())
    turns = HostExecutor(context, plans, {"h": plan})
    turns.run()
    return turns.outcomes["h"]


def test_a_rotation_that_is_interrupted_after_its_first_run_says_what_is_left_to_do() -> None:
    plan, runs = replace(PLAN, command="rotate", part="first"), ActiveRuns()

    class Meanwhile(Several):
        def host_link(self, host: Host) -> HostLink:
            runs.interrupted = True
            return super().host_link(host)

    screen, pool = Screen(out=StringIO(), err=StringIO(), redactor=Redactor()), cast(ConnectionPool, Meanwhile())
    plans = {"h": Planned(plan, (), Result.PENDING)}
    context = RoundContext(PROJECT, pool, screen, cast(Show, Quiet()), LockWait(0, screen), runs)
    turns = HostExecutor(context, plans, {"h": plan})
    turns.run()
    assert turns.outcomes["h"].result is Result.APPLIED
    assert "`runnerops rotate h`, or a deploy, writes it there" in turns.outcomes["h"].message


def test_a_host_whose_saved_plan_does_not_hold_says_what_differs() -> None:
    plan = replace(PLAN, blockers=(Blocker("plan-differs", "not the plan", ("a key",)), Blocker("last-mirror", "none")))
    outcome = refused(plan)
    assert (outcome.result, outcome.diagnostics) == (Result.STALE_PLAN, ("a key",))
    assert "plan-differs, last-mirror" in outcome.message
    assert exit_of([outcome.result, Result.APPLIED]) is Exit.STALE_PLAN


def test_programs_are_told_what_a_host_was_refused_for() -> None:
    """A person has it above, in the plan; of a deploy as JSON the summary is all."""
    error, warning = (
        Finding("D1", "error", "/f", ("k",), "m", "fix"),
        Finding("D2", "warning", "/f", ("k",), "m", "fix"),
    )
    plan = replace(PLAN, blockers=(Blocker("last-mirror", "none", ("u",)),), findings=(error, warning))
    (host,) = summary_document([refused(plan)], 1)["hosts"]
    assert (host["result"], host["message"]) == ("refused", "not touched: last-mirror, D1 (see above)")
    (blocker,) = host["blockers"]
    assert blocker == {"code": "last-mirror", "message": "none", "overridable": True, "details": ["u"]}
    assert [(finding["rule"], finding["message"], finding["fix"]) for finding in host["findings"]] == [
        ("D1", "m", "fix")
    ]


class Odd(HostExecutor):
    """A deploy with a bug of ours, or an error nobody expected there, on the host that is called so."""

    def _execute(self, host: Host, planned: Planned) -> Outcome:
        if host.name == "bug":
            raise ZeroDivisionError
        if host.name == "error":
            raise RunneropsError("the disk of this machine is full", "make room")
        return Outcome(planned.plan.host, Result.APPLIED)


def odd(*names: str) -> Odd:
    hosts = tuple(Host(name, name) for name in names)
    plans = {name: replace(PLAN, host=name) for name in names}
    planned = {name: Planned(plan, (), Result.PENDING) for name, plan in plans.items()}
    project = Project(Inventory("i.yml", hosts, {}), hosts, {}, {}, b"")
    screen = Screen(out=StringIO(), err=StringIO(), redactor=Redactor())
    pool, show = cast(ConnectionPool, Several()), cast(Show, Quiet())
    context = RoundContext(project, pool, screen, show, LockWait(0, screen), ActiveRuns())
    return Odd(context, planned, plans)


def test_an_error_in_a_hosts_own_thread_is_not_lost() -> None:
    turns = odd("a", "error")
    turns.run()
    assert {name: str(outcome.result) for name, outcome in turns.outcomes.items()} == {
        "a": "applied",
        "error": "failed",
    }
    assert turns.outcomes["error"].hint == "make room"
    turns = odd("a", "bug")
    with pytest.raises(ZeroDivisionError):
        turns.run()
    assert str(turns.outcomes["a"].result) == "applied"


class Cut(Examined):
    """Somebody interrupts while `verify` looks at a host."""

    def __init__(self, turns: HostExecutor) -> None:
        self._turns = turns
        self.cut: Outcome | None = None

    def after(self, host: Host, outcome: Outcome) -> Outcome:
        self.cut = self._turns.verifying.pop(host.name)
        self._turns.outcomes[host.name] = self.cut
        return super().after(host, outcome)


def test_a_host_whose_verify_was_interrupted_is_not_told_as_applied() -> None:
    turns = odd("a")
    turns.health = cast(HealthCheck, examined := Cut(turns))
    turns.run()
    assert turns.outcomes["a"] is examined.cut
    assert turns.outcomes["a"].result is Result.FAILED
    assert "interrupted before verify had ended" in turns.outcomes["a"].message


@pytest.mark.parametrize("why", ["drains", "cache", "canary", "failures"])
def test_a_host_that_another_command_holds_back_gets_no_hint_of_a_deploy(why: HoldReason) -> None:
    """A rollback has no `--resume` and no `--max-failures`."""
    for command in ("deploy", "deploy --only docker"):
        assert "deploy" in why_held(why, "a", command)[1]
    for command in ("rollback to run 3", "rotate"):
        problem, hint = why_held(why, "a", command)
        assert "deploy" not in problem + hint
        assert "--" not in problem + hint
    assert why_held("failures", "a", "rollback to run 3")[0] == "the rollback stopped at a"


@pytest.mark.parametrize("why", ["cache", "canary", "failures"])
@pytest.mark.parametrize("command", ["deploy", "rollback to run 3"])
def test_nobody_is_told_to_repair_a_host_whose_run_somebody_took_back(why: HoldReason, command: str) -> None:
    assert why_held(why, "a, b", command)[1].startswith("repair a, b first, then ")
    hint = why_held(why, "a, b", command, interrupted=True)[1]
    assert hint.startswith("find out who interrupted the run on a, b, then ")
    assert "repair" not in hint
