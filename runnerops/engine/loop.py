"""Plans, shows, confirms and applies: what all commands that change hosts have in common. Busy hosts get a further
round.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from runnerops.engine.exit_codes import exit_of
from runnerops.engine.options import UiOptions
from runnerops.engine.plans.planned import Planned, Plans, left_for_maintenance
from runnerops.engine.plans.review import exit_code_of, failed_outcome, show_json, show_text
from runnerops.engine.project import Project
from runnerops.engine.runs.interrupts import ActiveRuns
from runnerops.engine.runs.scheduling import PriorRounds
from runnerops.errors import HostError, RunneropsError
from runnerops.frozen import frozen
from runnerops.model.common import Exit, Result
from runnerops.model.host_names import brief
from runnerops.model.host_state import Run
from runnerops.model.inventory import Host
from runnerops.model.plan import Plan
from runnerops.model.run import Outcome
from runnerops.report.rollout import rollout_text
from runnerops.report.screen import Screen
from runnerops.report.summary import table_lines
from runnerops.report.terminal import columns
from runnerops.report.text import actions_text, outcome_lines, summary_line

if TYPE_CHECKING:
    from runnerops.engine.hosts.connections import ConnectionPool
    from runnerops.engine.runs.executor import HostExecutor
    from runnerops.engine.runs.forget import Forgetting
    from runnerops.engine.runs.locks import LockWait


@frozen
class DeployLoop:
    """The rounds of one command. `forgetting` is done at the end if all went well (`remove --forget`)."""

    pool: ConnectionPool
    ui: UiOptions
    lock_wait: LockWait
    forgetting: Forgetting | None = None
    active_runs: ActiveRuns = field(default_factory=ActiveRuns)

    @property
    def screen(self) -> Screen:
        """The screen that everything is shown on."""
        return self.pool.screen

    def run(self, project: Project, make_plans: Callable[[Project], Plans]) -> Exit:
        """Plans, shows and applies. Busy hosts are planned, shown and applied once more. Returns the worst result of
        the hosts.
        """
        canary = project.inventory.rollout.canary
        no_canary = "not among the targets" if canary not in {"", *(host.name for host in project.hosts)} else ""
        if self.ui.dry_run:
            return self._dry_run(project, make_plans(project), no_canary)
        outcomes: dict[str, Outcome] = {}
        actions: dict[str, str] = {}
        remaining, prior = project, PriorRounds()
        while remaining.hosts and not self.active_runs.interrupted:
            plans = make_plans(remaining)
            self._show(remaining, plans, no_canary)
            if not self._confirmed(plans):
                self.screen.say("nothing more was changed" if outcomes else "nothing was changed")
                outcomes |= {name: Outcome(name, Result.PENDING) for name in _ready(plans)}
                break
            actions |= {name: actions_text(planned.plan) for name, planned in _changing(plans).items()}
            executor = self._run_round(remaining, plans, prior)
            prior = executor.prior_rounds()
            _merge_outcomes(outcomes, executor.outcomes)
            remaining = replace(project, hosts=tuple(host for host in remaining.hosts if host.name in executor.replan))
        for host in project.hosts if self.active_runs.interrupted else ():
            outcomes.setdefault(
                host.name, Outcome(host.name, Result.SKIPPED, message="not touched: interrupted before")
            )
        if self.forgetting and not self.active_runs.interrupted:
            self._forget(outcomes, self.forgetting)
        code = exit_of([outcome.result for outcome in outcomes.values()])
        if self.active_runs.interrupted and code not in {Exit.ROLLED_BACK, Exit.NEEDS_ATTENTION}:
            code = Exit.INTERRUPTED
        if self.ui.as_json or len(project.hosts) > 1:
            self._show_summary([outcomes[host.name] for host in project.hosts if host.name in outcomes], actions, code)
        return code

    def _run_round(self, project: Project, plans: Plans, prior: PriorRounds) -> HostExecutor:
        """One round: every host of the project is brought to its outcome."""
        from runnerops.engine.runs.executor import HostExecutor  # `preload_modules` has imported these by now
        from runnerops.engine.runs.round_context import RoundContext
        from runnerops.report.progress import open_show

        pool, ui = self.pool, self.ui
        executed = executed_plans(plans, pool, project)
        with contextlib.ExitStack() as stack:
            show = open_show(executed, pool.screen, stack, as_json=ui.as_json, verbose=ui.verbose)
            context = RoundContext(
                project, pool, pool.screen, show, self.lock_wait, self.active_runs, no_wait=ui.no_wait
            )
            executor = HostExecutor(context, plans, executed, prior)
            if project.inventory.rollout.health:
                from runnerops.engine.verify.health import HealthCheck

                executor.health = HealthCheck(project, pool)
            executor.run()
        return executor

    def _confirmed(self, plans: Plans) -> bool:
        ready = [name for name, planned in _changing(plans).items() if planned.plan.part != "rest"]
        return self.ui.yes or not ready or self.screen.ask(f"apply to {', '.join(brief(ready))}?")

    def _show(self, project: Project, plans: Plans, no_canary: str) -> None:
        """Shows people the plans, and the order in which they will be applied."""
        if self.ui.as_json:
            return
        show_text(project, plans, self.screen, verbose=self.ui.verbose)
        disturbed = [name for name, planned in _changing(plans).items() if planned.plan.disturbs]
        quiet = [
            name for name, result in plans.items() if isinstance(result, Planned) and result.result is Result.UNCHANGED
        ]
        rollout = project.inventory.rollout
        no_canary = "in maintenance" if left_for_maintenance(plans.get(rollout.canary)) else no_canary
        if order := rollout_text(rollout, disturbed, _ready(plans), quiet, no_canary):
            self.screen.say(order)

    def _dry_run(self, project: Project, plans: Plans, no_canary: str) -> Exit:
        """Shows the plans without applying them. The exit code is that of `diff`."""
        if self.ui.as_json:
            show_json(project, plans, self.screen)
        self._show(project, plans, no_canary)
        code = exit_code_of(plans)
        return Exit.OK if code is Exit.PENDING else code

    def _forget(self, outcomes: dict[str, Outcome], forgetting: Forgetting) -> None:
        name = forgetting.host.name
        if name in outcomes:
            before = outcomes[name]
            try:
                outcomes[name] = forgetting.after(before)
            except RunneropsError as error:
                outcomes[name] = failed_outcome(name, error)
            if outcomes[name] is not before and not self.ui.as_json:
                self.screen.lines(outcome_lines(outcomes[name]))

    def _show_summary(self, outcomes: Sequence[Outcome], actions: Mapping[str, str], code: Exit) -> None:
        """Shows a line for each host, if anything was begun, and the last line, which counts the results."""
        if self.ui.as_json:
            from runnerops.report.document import summary_document

            self.screen.json(summary_document(outcomes, code), indent=None)
        else:
            width = columns(self.screen.err)
            for style, text in table_lines(outcomes, actions, self.screen.redactor.text, width) if actions else ():
                self.screen.say(text, style)
            self.screen.say(summary_line(outcomes), "good" if code is Exit.OK else "bad")


def _changing(plans: Plans) -> Mapping[str, Planned]:
    return {name: planned for name, planned in plans.items() if isinstance(planned, Planned) and planned.ready}


def _ready(plans: Plans) -> list[str]:
    return list(_changing(plans))


def executed_plans(plans: Plans, pool: ConnectionPool, project: Project) -> Mapping[str, Plan]:
    """By host, the plan whose steps its run executes: its own, or that of the run that is followed instead."""
    executed: dict[str, Plan] = {}
    for host in project.hosts:
        planned = plans[host.name]
        if isinstance(planned, Planned):
            run = planned.own_run
            executed[host.name] = _followed_plan(host, planned.plan, run, pool) if run else planned.plan
    return executed


def _followed_plan(host: Host, plan: Plan, run: Run, pool: ConnectionPool) -> Plan:
    """The steps of the followed run, as its host tells them. If the host cannot be asked, our own plan, which has the
    same digest.
    """
    from runnerops.engine.runs.outcome import plan_of_record
    from runnerops.remote.history import read_history

    with contextlib.suppress(HostError):
        for record in read_history(host.name, pool.reader(host)).records:
            if record.run.number == run.number:
                return plan_of_record(host.name, record)
    return replace(plan, run=run.number)


def _merge_outcomes(outcomes: dict[str, Outcome], new_outcomes: Mapping[str, Outcome]) -> None:
    """Adds outcomes. A host that is in sync after a run of this very plan was followed gets the outcome of that run."""
    for name, outcome in new_outcomes.items():
        followed = outcomes.get(name)
        if not (followed and followed.result is Result.APPLIED and outcome.result is Result.UNCHANGED):
            outcomes[name] = outcome
