"""`runnerops deploy`: plan, ask, apply, prove."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from runnerops.apply import apply
from runnerops.commands.diff import Plans, failure, show_text
from runnerops.commands.planning import Flags, Planned
from runnerops.commands.project import Project, open_project, refuse_unsound
from runnerops.commands.reach import Reach, plan_all
from runnerops.errors import RunneropsError, UsageError
from runnerops.fleet import Turn, exit_of, in_order
from runnerops.model import Exit, Host, Outcome, Result, Verb
from runnerops.report.document import summary_document
from runnerops.report.progress import Show, open_show
from runnerops.report.screen import Screen
from runnerops.report.text import GOOD


def deploy(
    path: Path,
    targets: Sequence[str],
    environ: Mapping[str, str],
    screen: Screen,
    flags: Flags,
    *,
    yes: bool,
    as_json: bool,
    verbose: bool,
) -> Exit:
    """The worst of the hosts' results is the exit code."""
    if not yes and (as_json or not screen.interactive):
        raise UsageError("deploy: there is no terminal to ask at", "look at `runnerops diff` first, then add --yes")
    project = open_project(path, targets, environ, screen.redactor)
    if refuse_unsound(project, screen):
        return Exit.FAILED
    with Reach(project.inventory, environ, screen) as reach, contextlib.ExitStack() as stack:
        plans = plan_all(project, reach, environ, screen, flags)
        if not as_json:
            show_text(project, plans, screen, verbose=verbose)
        ready = [name for name, planned in plans.items() if isinstance(planned, Planned) and planned.ready]
        if ready and not yes and not screen.ask(f"apply to {', '.join(ready)}?"):
            screen.say("nothing was changed")
            return Exit.OK
        known = {name: planned.plan for name, planned in plans.items() if isinstance(planned, Planned)}
        show = open_show(known, screen, stack, as_json=as_json, verbose=verbose)
        outcomes = _Deploy(project, plans, reach, screen, show).run()
    code = exit_of([outcome.result for outcome in outcomes])
    if as_json:
        screen.json(summary_document(outcomes, code), indent=None)
    return code


@dataclass(frozen=True, slots=True)
class _Deploy:
    """All hosts of one deploy, each in its turn."""

    project: Project
    plans: Plans
    reach: Reach
    screen: Screen
    show: Show

    def run(self) -> list[Outcome]:
        """Every host's outcome, in the inventory's order."""
        turns = {host.name: self._turn(host) for host in self.project.hosts}
        try:
            results = in_order(turns, self._held, lambda result: isinstance(result, Outcome) and result.result in GOOD)
        except KeyboardInterrupt:
            self.screen.say(
                "interrupted here; a run that has begun goes on by itself on its host, to its end or back", "warn"
            )
            self.screen.say("hint: `runnerops diff` tells whether one is going on, and how the hosts are")
            raise
        return [failure(name, result) if isinstance(result, Exception) else result for name, result in results.items()]

    def _turn(self, host: Host) -> Turn[Outcome]:
        planned = self.plans[host.name]
        if isinstance(planned, Exception):
            return Turn(partial(self._end, failure(host.name, planned)))
        disturbs = any(action.verb is Verb.RESTART for action in planned.plan.actions)
        return Turn(partial(self._host, host, planned), planned.plan.after, disturbs)

    def _held(self, name: str, whom: str) -> Outcome:
        """A client whose cache did not come up is left untouched; one that is in sync has nothing to hold back."""
        planned = self.plans[name]
        if isinstance(planned, Planned) and planned.plan.empty and not planned.plan.stops:
            return self._end(Outcome(name, Result.UNCHANGED))
        message = f"not touched: it uses the cache of {whom}, which did not come up"
        return self._end(
            Outcome(name, Result.SKIPPED, message=message, hint=f"mend {whom} first, then deploy both again")
        )

    def _host(self, host: Host, planned: Planned) -> Outcome:
        refused = _refusal(planned)
        if refused:
            return self._end(refused)
        if planned.plan.empty:
            return self._end(Outcome(host.name, Result.UNCHANGED))
        began = time.monotonic()
        try:
            outcome = apply(
                planned.plan,
                partial(self.reach.link, host),
                partial(self.reach.again, host),
                self.screen.redactor,
                self.show.watch,
            )
        except RunneropsError as error:
            outcome = failure(host.name, error)
        if outcome.result is Result.APPLIED and planned.result is Result.UNCHANGED:
            outcome = replace(outcome, result=Result.UNCHANGED, message="in sync; recorded as applied")
        return self._end(replace(outcome, seconds=time.monotonic() - began))

    def _end(self, outcome: Outcome) -> Outcome:
        self.show.end(outcome)
        return outcome


def _refusal(planned: Planned) -> Outcome | None:
    """Why this host is not touched, or None."""
    plan = planned.plan
    if planned.alive:
        message = f"run {planned.alive} is going on there"
        return Outcome(plan.host, Result.LOCKED, message=message, hint="wait for its end, then deploy again")
    errors = [finding.rule for finding in plan.findings if finding.severity == "error"]
    if plan.stops or errors:
        words = [*(stop.code for stop in plan.stops), *errors]
        return Outcome(plan.host, Result.REFUSED, message=f"not touched: {', '.join(dict.fromkeys(words))} (see above)")
    return None
