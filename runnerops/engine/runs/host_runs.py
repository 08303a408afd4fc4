"""Executes the run of one host, or follows one that has the same plan. Decides whether the host must be planned again,
because of another run or a change since the plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from runnerops.engine.hosts.observe import observe
from runnerops.engine.plans.planned import Planned
from runnerops.engine.runs import apply
from runnerops.engine.runs.in_gitlab import GitlabRound
from runnerops.engine.runs.locks import LockConflict, detect_race, resolve_lock_conflict
from runnerops.engine.runs.round_context import RoundContext
from runnerops.errors import HostError
from runnerops.frozen import frozen
from runnerops.model.common import Result
from runnerops.model.inventory import Host
from runnerops.model.plan import Plan
from runnerops.model.run import Event, Outcome
from runnerops.planning.races import changed_path, differs_in_owned_keys_only
from runnerops.report.history import holder_text


@frozen
class HostRuns:
    """The runs of one round. `replan` gets the hosts that must be planned again; `watch` is told of each event."""

    context: RoundContext
    gitlab: GitlabRound
    watch: Callable[[Event], None]
    replan: set[str]

    def apply(self, host: Host, planned: Planned) -> Outcome:
        """Executes its plan."""
        plan = planned.plan
        link = self.context.pool.host_link(host)
        with self.gitlab.counting(planned, plan, self.watch) as watch:
            outcome = apply.apply(plan, link, self.context.screen.redactor, watch, no_wait=self.context.no_wait)
        if conflict := self._conflict(host, planned, outcome):
            if conflict.replan:
                self.replan.add(host.name)
            return conflict.outcome
        if self._written_meanwhile(host, plan, outcome):
            self.replan.add(host.name)
            self.context.lock_wait.planned_again.add(host.name)
        if outcome.result is Result.APPLIED and planned.result is Result.UNCHANGED:
            return replace(outcome, result=Result.UNCHANGED, message="in sync; recorded as applied")
        return outcome

    def _conflict(self, host: Host, planned: Planned, outcome: Outcome) -> LockConflict | None:
        """What another run on the host means for this one; None if there was no other run."""
        reader = self.context.pool.reader(host)
        if outcome.result is Result.LOCKED:
            return resolve_lock_conflict(planned.plan, reader, self.context.lock_wait)
        if changed_path(outcome.result, outcome.failed):
            return detect_race(planned.plan, planned.last, reader, self.context.lock_wait)
        return None

    def _written_meanwhile(self, host: Host, plan: Plan, outcome: Outcome) -> bool:
        """Whether a managed system changed only its own keys in its file since the plan. Then the host is planned
        again, once.
        """
        path = changed_path(outcome.result, outcome.failed)
        if not path or host.name in self.context.lock_wait.planned_again:
            return False
        rendered = self.context.project.rendered.get(host.name, ())
        try:
            content = observe(host, rendered, self.context.pool.reader(host)).file(path).content
        except HostError:  # then the outcome of the run itself is reported
            return False
        if not differs_in_owned_keys_only(path, plan, rendered, content):
            return False
        self.context.show.say(
            f"{host.name}: {path} was changed meanwhile by its own service, only in its own keys: planning again"
        )
        return True

    def follow(self, host: Host, planned: Planned, plan: Plan) -> Outcome:
        """Follows a run that is executing this very plan. After a good end, the host is planned again to see that it is
        in sync. `plan` has the steps of that run.
        """
        assert planned.own_run
        self.context.show.say(f"{host.name}: {holder_text(planned.own_run)}, has the same plan: following it")
        link = self.context.pool.host_link(host)
        with self.gitlab.counting(planned, plan, self.watch) as watch:
            outcome = apply.follow(plan, link, self.context.screen.redactor, watch, no_wait=self.context.no_wait)
        if outcome.result is Result.APPLIED:
            self.replan.add(host.name)
        return replace(outcome, message=f"{outcome.message}\n  this was {holder_text(planned.own_run)}".strip())
