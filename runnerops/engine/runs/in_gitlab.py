"""Does in GitLab what the hosts of one round need: before their runs, after them, and after an interrupt."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING

from runnerops.engine.plans.planned import Planned
from runnerops.engine.runs.round_context import RoundContext
from runnerops.errors import GitlabDownError, RunneropsError
from runnerops.frozen import mutable
from runnerops.model.common import Result
from runnerops.model.inventory import Host
from runnerops.model.plan import Plan
from runnerops.model.run import Event, Outcome

if TYPE_CHECKING:
    from runnerops.engine.gitlab.context import GitlabContext
    from runnerops.engine.gitlab.creation_records import HostCreationRecords
    from runnerops.engine.gitlab.new_runners import NewRunners
    from runnerops.engine.gitlab.pausing import Pauses


@mutable
class GitlabRound:
    """GitLab's part of one round. `tell` shows waits, by host. After an interrupt, nothing is waited for."""

    context: RoundContext
    tell: Callable[[str, str], None]
    new_runners: dict[str, NewRunners] = field(default_factory=dict)
    """By host, the runners that were created in GitLab for its run."""
    records: dict[str, HostCreationRecords] = field(default_factory=dict)
    """By host, its records of places where runners are created."""
    pauses: dict[str, Pauses] = field(default_factory=dict)
    """By host, the runners that are paused in GitLab for its run or for an earlier one."""
    down: dict[str, GitlabDownError] = field(default_factory=dict)
    """By URL, the GitLabs that did not answer. No further host waits for them."""
    interrupted_outcomes: dict[str, Outcome] = field(default_factory=dict)
    """Hosts for which GitLab is being changed before or after their run, each with its outcome if that is interrupted.
    """

    def create_runners(self, host: Host, planned: Planned) -> Outcome | None:
        """Creates runners that GitLab lacks before the host's run, which gets their tokens. Returns the host's outcome
        if that fails.
        """
        if planned.own_run or not planned.plan.unpaired.creations:
            return None
        from runnerops.engine.gitlab.new_runners import new_runners

        message = "interrupted while its runners were created in GitLab; nothing was changed on the host"
        hint = "deploy again: what was created is then deleted"
        self.interrupted_outcomes[host.name] = Outcome(host.name, Result.FAILED, message=message, hint=hint)
        record, new = self._record(host, planned), None
        try:
            new = new_runners(host, planned.plan.unpaired.creations, self._context())
            record.begin(new.planned)
            new.create()
        except RunneropsError as error:
            if new and new.taken_back:
                record.taken_back()
            message = f"nothing was changed on the host: {error.message}"
            return Outcome(host.name, Result.FAILED, message=message, hint=error.hint)
        self.new_runners[host.name] = new
        return None

    def pause(self, host: Host, planned: Planned) -> None:
        """Pauses the planned runners for the duration of the run. If this fails, the run starts nevertheless."""
        if not (planned.plan.pausing or planned.plan.unpaired.deletions) or self.context.active_runs.interrupted:
            return
        from runnerops.engine.gitlab.pausing import Pauses

        run = planned.own_run.number if planned.own_run else 0
        pauses = Pauses(host, planned.plan, self._context(), partial(self.context.pool.link, host), run=run)
        self.pauses[host.name] = pauses
        if planned.own_run is None and planned.plan.pausing.paused_now:
            message = "interrupted while its runners were paused in GitLab; nothing was changed on the host"
            hint = "deploy again: what was paused is then unpaused"
            self.interrupted_outcomes.setdefault(
                host.name, Outcome(host.name, Result.FAILED, message=message, hint=hint)
            )
            pauses.pause()

    def with_created(self, host: Host, planned: Planned) -> Planned:
        """Makes the plan with the tokens of the runners that were created for it."""
        new = self.new_runners.get(host.name)
        if not (new and planned.with_created):
            return planned
        names = tuple(record.name for record in self.records[host.name].records)
        return replace(planned, plan=replace(planned.with_created(new.created), relies_on=names))

    def counting(
        self, planned: Planned, walked: Plan, watch: Callable[[Event], None]
    ) -> AbstractContextManager[Callable[[Event], None]]:
        """Wraps `watch`: while the run waits for jobs, its events get the jobs that GitLab counts on
        the paused runners.
        """
        pauses, pausing = self.pauses.get(walked.host), planned.plan.pausing
        if pauses is None or self.context.no_wait or not pausing:
            return nullcontext(watch)
        from runnerops.engine.gitlab.counting import JobCounter

        return JobCounter(walked, partial(pauses.jobs, planned.facts), watch)

    def after(self, outcome: Outcome) -> Outcome:
        """Keeps or takes back what was created and paused in GitLab, after the run has ended or was not begun. Returns
        the outcome.
        """
        if new := self.new_runners.get(outcome.host):
            outcome = new.after(outcome)
            if new.taken_back:
                self.records[outcome.host].taken_back()
        return self.unpaused(outcome)

    def unpaused(self, outcome: Outcome) -> Outcome:
        """Unpauses the runners if the end of the run allows it. Returns the outcome."""
        pauses = self.pauses.get(outcome.host)
        return pauses.after(outcome) if pauses else outcome

    def finish(self, host: Host, planned: Planned, outcome: Outcome) -> Outcome:
        """Carries out GitLab's part of the plan after the host's own run has ended well, or if no run is needed."""
        from runnerops.engine.gitlab.after_run import interrupted, set_in_gitlab

        self.interrupted_outcomes[host.name] = interrupted(planned.plan, outcome)
        no_run = planned.plan.empty and planned.own_run is None
        unpaired = planned.plan.unpaired
        if no_run and (unpaired.leftovers or unpaired.begun):
            try:
                self._record(host, planned).claim(planned.plan.run)
            except RunneropsError as error:
                return replace(interrupted(planned.plan, outcome), diagnostics=(error.message,), hint=error.hint)
        if no_run and planned.plan.pausing.left_paused:
            outcome = self.unpaused(outcome)
        if outcome.result is Result.APPLIED:
            gitlab_context = self._context()
            outcome = set_in_gitlab(host, planned, outcome, gitlab_context, self.new_runners.get(host.name))
            if pauses := self.pauses.get(host.name):
                pauses.deleted(gitlab_context.deleted)
            if outcome.result is Result.APPLIED:
                self._record(host, planned).all_done()
        return outcome

    def _record(self, host: Host, planned: Planned) -> HostCreationRecords:
        from runnerops.engine.gitlab.creation_records import HostCreationRecords

        new = HostCreationRecords(host, planned.plan.unpaired, partial(self.context.pool.link, host))
        return self.records.setdefault(host.name, new)

    def _context(self) -> GitlabContext:
        from runnerops.engine.gitlab.context import GitlabContext

        folder, pool = self.context.project.inventory.folder, self.context.pool
        gitlab_context = GitlabContext(folder, pool.environ, self.context.screen.redactor, self.down, pool.run_command)
        return replace(
            gitlab_context,
            tell=self.tell,
            may_wait=lambda: not (self.context.no_wait or self.context.active_runs.interrupted),
        )
