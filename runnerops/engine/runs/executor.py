"""Carries out the plans of one round: each host is applied, followed, held back or left alone. This module reads no
flags, and asks the user nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING

from runnerops.engine.plans.planned import Planned, Plans
from runnerops.engine.plans.review import failed_outcome
from runnerops.engine.runs.host_runs import HostRuns
from runnerops.engine.runs.in_gitlab import GitlabRound
from runnerops.engine.runs.not_begun import in_sync, not_begun_with, why_held
from runnerops.engine.runs.outcome import unverified_outcome
from runnerops.engine.runs.round_context import RoundContext
from runnerops.engine.runs.scheduling import HoldReason, HostTask, Judge, PriorRounds, run_in_order
from runnerops.errors import RunneropsError
from runnerops.frozen import mutable
from runnerops.model.common import Result
from runnerops.model.host_names import brief
from runnerops.model.inventory import Host
from runnerops.model.plan import Plan
from runnerops.model.run import Event, Outcome
from runnerops.report.rollout import pause_text

if TYPE_CHECKING:
    from runnerops.engine.verify.health import HealthCheck


@mutable
class HostExecutor:
    """The hosts of one round and their outcomes.

    `executed_plans` has the plan whose steps each host's run executes. `replan` names the hosts that must be planned again.
    """

    context: RoundContext
    plans: Plans
    executed_plans: Mapping[str, Plan]
    prior: PriorRounds = field(default_factory=PriorRounds)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    replan: set[str] = field(default_factory=set)
    health: HealthCheck | None = None
    verifying: dict[str, Outcome] = field(default_factory=dict)
    """Hosts on which `verify` checks the result of their run, each with its outcome if that is interrupted."""
    gitlab: GitlabRound = field(init=False)
    _runs: HostRuns = field(init=False)
    _failing: set[str] = field(default_factory=set)
    """Hosts on which a step of the run has failed. How the run ends is not known yet."""

    def __post_init__(self) -> None:
        self.gitlab = GitlabRound(self.context, self._tell)
        self._runs = HostRuns(self.context, self.gitlab, self._watch, self.replan)

    def run(self) -> None:
        """Brings every host to its outcome. After an interrupt, only hosts that have begun get one."""
        tasks = {host.name: self._task(host) for host in self.context.project.hosts}
        try:
            judge: Judge[Outcome] = Judge(
                Outcome.is_good,
                Outcome.still_drains,
                Outcome.has_failed,
                self._announce_pause,
                self._failing.__contains__,
            )
            results = run_in_order(tasks, self._hold_back, judge, self.context.project.inventory.rollout, self.prior)
            for name, result in results.items():
                if isinstance(result, Exception):
                    self._end(failed_outcome(name, result))
            if len(self.prior_rounds().failed) >= self.context.project.inventory.rollout.max_failures:
                self.replan.clear()  # no further round begins other hosts either
        except KeyboardInterrupt as interrupt:
            self.replan.clear()
            self.context.active_runs.interrupt(interrupt, self.context.screen, self.context.show, self.context.pool)
            for name in self.context.active_runs.unfollowed:
                hint = f"`runnerops history {name} --follow` shows it until its end"
                if self.executed_plans[name].part == "first":
                    hint = _half_rotated(name)
                alone = Outcome(name, Result.IN_PROGRESS, message="it continues by itself on its host", hint=hint)
                self._end(self.gitlab.unpaused(alone))
            for name in list(self.verifying):
                if cut := self.verifying.pop(name, None):
                    self._end(cut)
            for name in self.gitlab.interrupted_outcomes.keys() - set(self.context.active_runs.unfollowed):
                if cut := self.gitlab.interrupted_outcomes.pop(name, None):
                    self._end(cut)

    def prior_rounds(self) -> PriorRounds:
        """What the next round must know of this one. Hosts that are planned again are left out."""
        ended = {name: outcome for name, outcome in self.outcomes.items() if name not in self.replan}
        disturbs = [name for name, result in self.plans.items() if isinstance(result, Planned) and result.plan.disturbs]
        return PriorRounds(
            (*self.prior.failed, *(name for name, outcome in ended.items() if outcome.has_failed())),
            (*self.prior.lasting, *(name for name in disturbs if name in ended and ended[name].still_drains())),
            self.prior.disturbing or len(disturbs),
        )

    def _task(self, host: Host) -> HostTask[Outcome]:
        planned = self.plans[host.name]
        if isinstance(planned, Exception):
            return HostTask(partial(self._end, failed_outcome(host.name, planned)), changes=False)
        plan, running = planned.plan, planned.own_run is not None
        work = partial(self._run_host, host, planned)
        return HostTask(work, plan.after, plan.needs, plan.disturbs, planned.ready or running, running)

    def _hold_back(self, name: str, whom: str, why: HoldReason) -> Outcome:
        """The outcome of a host that is held back. A host that is in sync has nothing that could be held back."""
        planned = self.plans[name]
        if isinstance(planned, Planned) and in_sync(planned.plan) and not planned.plan.blockers:
            return self._end(Outcome(name, Result.UNCHANGED))
        if whom in self.outcomes and self.outcomes[whom].still_drains():
            why = "drains"
        command = planned.plan.command if isinstance(planned, Planned) else "deploy"
        other_hosts = whom.split(", ")
        interrupted = all(
            other_host in self.outcomes and self.outcomes[other_host].interrupted for other_host in other_hosts
        )
        problem, hint = why_held(why, ", ".join(brief(other_hosts)), command, interrupted=interrupted)
        outcome = Outcome(name, Result.SKIPPED, message=f"not touched: {problem}", hint=hint)
        if self.replan.issuperset(other_hosts):  # that host is planned again, so this one is too
            self.replan.add(name)
            self.outcomes[name] = outcome
            return outcome
        return self._end(outcome)

    def _run_host(self, host: Host, planned: Planned) -> Outcome:
        if planned.own_run is None and (ended := not_begun_with(planned)):
            return self._end(self._verified(host, planned, ended))
        began = time.monotonic()
        if failed := self.gitlab.create_runners(host, planned):
            return self._end_unless_reported(failed)
        self.gitlab.pause(host, planned)
        outcome = Outcome(host.name, Result.APPLIED)
        if planned.own_run or not planned.plan.empty:
            with self.context.active_runs.tracked(host, self.executed_plans[host.name]) as may_begin:
                if not may_begin:
                    return self._not_begun(host)
                self.gitlab.interrupted_outcomes.pop(host.name, None)
                outcome = replace(self._execute(host, planned), seconds=time.monotonic() - began)
                good = outcome.result is Result.APPLIED and host.name not in self.replan
                if good and planned.plan.part == "first":
                    self.replan.add(host.name)
                    if self.context.active_runs.interrupted:
                        outcome = replace(outcome, message=_half_rotated(host.name))
                if not good or planned.plan.part == "first":
                    return self._end(outcome)
        if planned.plan.tells_gitlab:
            outcome = self.gitlab.finish(host, planned, outcome)
            if (
                self.gitlab.interrupted_outcomes.pop(host.name, None) is None
            ):  # an interrupt has reported the outcome already
                return outcome
        return self._end(self._verified(host, planned, outcome))

    def _execute(self, host: Host, planned: Planned) -> Outcome:
        try:
            planned = self.gitlab.with_created(host, planned)
            if planned.own_run:
                outcome = self._runs.follow(host, planned, self.executed_plans[host.name])
            else:
                outcome = self._runs.apply(host, planned)
        except RunneropsError as error:
            outcome = failed_outcome(host.name, error)
        return self.gitlab.after(outcome)

    def _not_begun(self, host: Host) -> Outcome:
        """The outcome if an interrupt came before the run. It is shown only if something was done in GitLab already."""
        outcome = Outcome(host.name, Result.FAILED, message="interrupted before its run began")
        return self._end_unless_reported(self.gitlab.after(outcome))

    def _end_unless_reported(self, outcome: Outcome) -> Outcome:
        return self._end(outcome) if self.gitlab.interrupted_outcomes.pop(outcome.host, None) else outcome

    def _verified(self, host: Host, planned: Planned, outcome: Outcome) -> Outcome:
        """With `rollout.health`, the host must pass `verify` after a deploy that changed it. This is not asked of a
        rollback.

        A canary that is in sync must pass too before other hosts are changed, because an earlier deploy may have left
        it in a state that does not pass.
        """
        if not (self.health and planned.plan.command.startswith("deploy")):
            return outcome
        if planned.ready:
            due = outcome.result is Result.APPLIED
        else:
            others_ready = any(isinstance(plan, Planned) and plan.ready for plan in self.plans.values())
            canary = host.name == self.context.project.inventory.rollout.canary
            due = canary and others_ready and outcome.result in {Result.APPLIED, Result.UNCHANGED}
        if not due:
            return outcome
        self.verifying[host.name] = unverified_outcome(outcome)
        self._tell(host.name, "verify: whether pulls go through its cache")
        began = time.monotonic()
        checked = self.health.after(host, outcome)
        checked = replace(checked, seconds=outcome.seconds + time.monotonic() - began)
        return checked if self.verifying.pop(host.name, None) else self.outcomes[host.name]

    def _announce_pause(self, seconds: int, seconds_left: int) -> None:
        self.context.show.say(pause_text(seconds, seconds_left, time.time()))

    def _watch(self, event: Event) -> None:
        if event.kind == "fail" and event.list == "forward":
            self._failing.add(event.host)
        self.context.show.watch(event)

    def _tell(self, name: str, text: str) -> None:
        self.context.show.watch(Event(name, time.time(), "", -1, "note", text))

    def _end(self, outcome: Outcome) -> Outcome:
        self.outcomes[outcome.host] = outcome
        self.context.show.end(outcome)
        return outcome


def _half_rotated(host: str) -> str:
    """What the first run of a rotation leaves if the second one does not follow."""
    consequence = (
        "the new token is stored on the host but not yet in config.toml, and the runner gets no jobs until it is"
    )
    return f"{consequence}: `runnerops rotate {host}`, or a deploy, writes it there"
