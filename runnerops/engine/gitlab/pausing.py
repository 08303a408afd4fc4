"""Runners that are paused in GitLab while a run drains their host, and unpaused after it.

A drain loses no jobs without a pause, so a failure here does not stop a run. The host has a record of each pause, from
before the runner is paused until it is unpaused. So if a deploy is cut off in between, the next one finds the record.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING

from runnerops.engine.gitlab.context import GitlabContext, api_client, system_id_of
from runnerops.errors import GitlabDownError, GitlabError, LostTokenError, RunneropsError
from runnerops.frozen import mutable
from runnerops.model.common import Result
from runnerops.model.facts import Facts
from runnerops.model.gitlab import Pause, PauseRecord
from runnerops.model.inventory import Host
from runnerops.model.plan import Plan
from runnerops.model.run import Outcome
from runnerops.planning.paused import stays_paused
from runnerops.remote import state_folder
from runnerops.services.gitlab_runner.lost_token import way_out
from runnerops.services.gitlab_runner.observe.registered import of_gitlab, registrations_named

if TYPE_CHECKING:
    from runnerops.gitlab.client import GitlabClient
    from runnerops.planning.plan import Request
    from runnerops.ssh.link import Link

_SECONDS = 30.0
_GOOD = frozenset({Result.APPLIED, Result.UNCHANGED})
_NOT_PROVEN = frozenset({Result.IN_PROGRESS, Result.UNKNOWN, Result.NEEDS_ATTENTION})
"""Results after which it is not known whether the runner works. So it is not given jobs."""
_UNTOUCHED = frozenset({Result.LOCKED, Result.REFUSED, Result.FAILED, Result.UNREACHABLE})
"""Results of a run that left the host as it was, or that could not be followed. They tell nothing about runners that
earlier runs left paused, and another deploy may be at work on the host.
"""


def plan_pauses(
    plan: Plan, request: Request, gitlab_context: GitlabContext
) -> tuple[tuple[Pause, ...], tuple[str, ...]]:
    """Returns the runners to pause while this plan's run drains the host, and notes on those that cannot be paused.
    Nothing is changed in GitLab.
    """
    from runnerops.gitlab.pausing import plan_pause

    host, observed = request.host, request.observed
    assert host.gitlab
    managed = host.gitlab_settings.keys() | host.gitlab_places.keys()
    pauses: list[Pause] = []
    notes: list[str] = []
    for registration in of_gitlab(host.gitlab.url, registrations_named(managed, request.desired, observed)):
        try:
            client = api_client(host.gitlab, gitlab_context)
            ask = partial(plan_pause, client, registration, system_id_of(observed), plan.run)
            if pause := gitlab_context.call(host.gitlab, ask):
                pauses.append(replace(pause, stays=stays_paused(host, registration.name)))
        except GitlabError as error:
            remedy = way_out(host, registration.name, registration.id) if isinstance(error, LostTokenError) else ""
            text = f"runner {registration.name} is not paused in GitLab while it drains"
            notes.append(f"{text}: {error.message}; {remedy or error.hint}")
    return tuple(pauses), tuple(notes)


@mutable
class Pauses:
    """The pauses of one host's plan while it is applied."""

    host: Host
    plan: Plan
    gitlab_context: GitlabContext
    link: Callable[[], Link]
    by_runner: dict[int, Pause] = field(default_factory=dict)
    """By GitLab's id, the runners that this deploy paused, or may have paused."""
    doubtful: set[int] = field(default_factory=set)
    """Runners of which GitLab did not say whether they were paused."""
    messages: list[str] = field(default_factory=list)
    run: int = 0
    """The run that was followed to its end, if that is not the plan's own. A client that follows the plan's own run
    unpauses what that run had paused.
    """

    def pause(self) -> None:
        """Pauses the planned runners, after the host has recorded it. A runner that is paused meanwhile may have a
        record of another deploy.
        """
        from runnerops.gitlab.pausing import pause

        assert self.host.gitlab
        url = self.host.gitlab.url
        planned = self.plan.pausing.paused_now
        try:
            client = api_client(self.host.gitlab, self.gitlab_context)
            planned = tuple(self._not_paused_yet(client))
            if planned:
                self._on_host(
                    state_folder.write_pause_records(
                        PauseRecord(paused.id, paused.run, url, paused.runner) for paused in planned
                    )
                )
        except RunneropsError as error:
            self.messages.append(f"not paused in GitLab: {_names(planned)}: {error.message}")
            return
        for paused in planned:
            try:
                if self.gitlab_context.call(self.host.gitlab, partial(pause, client, paused.id)):
                    self.by_runner[paused.id] = paused
            except GitlabError as error:
                self.messages.append(f"not paused in GitLab: {paused.runner}: {error.message}")
                if isinstance(error, GitlabDownError):
                    self.by_runner[paused.id] = paused
                    self.doubtful.add(paused.id)
        self._forget(paused.id for paused in planned if paused.id not in self.by_runner)

    def _not_paused_yet(self, client: GitlabClient) -> Iterator[Pause]:
        from runnerops.gitlab.pausing import is_paused

        assert self.host.gitlab
        for paused in self.plan.pausing.paused_now:
            try:
                if not self.gitlab_context.call(self.host.gitlab, partial(is_paused, client, paused.id)):
                    yield paused
            except GitlabError as error:
                self.messages.append(f"not paused in GitLab: {paused.runner}: {error.message}")

    def after(self, outcome: Outcome) -> Outcome:
        """Unpauses what may be unpaused after this outcome. Returns the host's outcome."""
        is_known = outcome.result not in _UNTOUCHED
        pauses = [
            paused
            for paused in self.plan.pausing.left_paused
            if is_known or (outcome.result, paused.run) == (Result.FAILED, self.run)
        ]
        paused_here = {paused.id: paused for paused in (*pauses, *self.by_runner.values())}
        if outcome.result in _NOT_PROVEN:
            return _with_lines(outcome, self.messages, _still_paused_text(paused_here.values()))
        good = outcome.result in _GOOD
        stay = {number for number, paused in paused_here.items() if paused.stays and good}
        errors = self._unpaused(paused_here.keys() - stay)
        to_go = {deletion.id for deletion in self.plan.unpaired.deletions} if good else set()
        self._forget(paused_here.keys() - errors.keys() - to_go)
        outcome = _with_lines(outcome, self.messages, *self._done(paused_here.keys() - stay - errors.keys()))
        if outcome.result in {Result.FAILED, Result.UNREACHABLE}:
            outcome = _with_lines(
                outcome,
                _still_paused_text(paused for paused in self.plan.pausing.left_paused if paused.id not in paused_here),
            )
        lost = [paused_here[number] for number in errors if number not in self.doubtful]
        return self._still_paused_outcome(outcome, lost, errors, good=good) if lost else outcome

    def jobs(self, facts: Facts) -> int:
        """How many jobs of these runners GitLab has as running on this host. Raises GitlabError."""
        assert self.host.gitlab
        client, own_system_id = (
            api_client(self.host.gitlab, self.gitlab_context),
            facts.runner.system_id if facts.runner else "",
        )
        numbers = {paused.id for paused in (*self.plan.pausing.paused_now, *self.plan.pausing.left_paused)}
        return sum(client.running_jobs(number, own_system_id) for number in sorted(numbers))

    def deleted(self, numbers: Collection[int]) -> None:
        """Removes the records of runners that left and were deleted. Until then they stay, because a runner may come
        back to the host.
        """
        self._forget(numbers)

    def _still_paused_outcome(
        self, outcome: Outcome, lost: Sequence[Pause], errors: Mapping[int, GitlabError], *, good: bool
    ) -> Outcome:
        """Reports runners that still get no jobs. A run that ended well counts as failed then."""
        if not good:
            return _with_lines(outcome, _still_paused_text(lost))
        message = "its files were in sync" if self.plan.empty else "its files are deployed"
        outcome = _with_lines(replace(outcome, message=message), self.messages, _still_paused_text(lost))
        error_texts = tuple(dict.fromkeys(error.message for error in errors.values()))
        hint = "deploy again, or unpause it in GitLab"
        return replace(outcome, result=Result.FAILED, deployed=True, diagnostics=error_texts, hint=hint)

    def _unpaused(self, wanted: Collection[int]) -> dict[int, GitlabError]:
        """Unpauses the runners. Returns errors by GitLab's id."""
        from runnerops.gitlab.pausing import unpause

        assert self.host.gitlab
        errors: dict[int, GitlabError] = {}
        for number in sorted(wanted):
            try:  # asked even if GitLab was down before: until then the runner gets no jobs
                unpause(api_client(self.host.gitlab, self.gitlab_context), number)
            except GitlabError as error:
                errors[number] = error
        return errors

    def _done(self, unpaused: Collection[int]) -> Iterator[str]:
        if sure := [paused for number, paused in self.by_runner.items() if number not in self.doubtful]:
            yield f"paused in GitLab meanwhile: {_names(sure)}"
        if still_paused := [
            paused
            for paused in self.plan.pausing.left_paused
            if paused.id in unpaused and paused.id not in self.by_runner
        ]:
            yield f"unpaused in GitLab: {_names(still_paused)}"
        if doubt := [self.by_runner[number] for number in self.doubtful if number not in unpaused]:
            yield f"{_names(doubt)} may be paused in GitLab; the next deploy corrects that"

    def _forget(self, numbers: Iterable[int]) -> None:
        """Removes the host's records. If the host cannot be reached they stay, and the next deploy finds that nothing
        is paused.
        """
        if not (ordered := sorted(numbers)):
            return
        try:
            self._on_host(state_folder.delete_pause_records(ordered))
        except RunneropsError as error:
            self.messages.append(f"the host's record of that could not be removed: {error.message}")

    def _on_host(self, command: Sequence[str]) -> None:
        """Runs a command on the host. Raises RunneropsError."""
        completed = self.link().run(command, b"", _SECONDS)
        if completed.status != 0:
            last = completed.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise RunneropsError(f"the host could not record it (exit status {completed.status}): {''.join(last)}", "")


def _still_paused_text(paused: Iterable[Pause]) -> str:
    """What is left for the next deploy, as a clause; empty if nothing is left."""
    names = _names(paused)
    return f"still paused in GitLab: {names}; the next deploy unpauses them" if names else ""


def _names(paused: Iterable[Pause]) -> str:
    return ", ".join(dict.fromkeys(paused_runner.runner for paused_runner in paused))


def _with_lines(outcome: Outcome, *additions: Sequence[str] | str) -> Outcome:
    lines = [line for added in additions for line in ([added] if isinstance(added, str) else added) if line]
    return replace(outcome, message="\n  ".join(filter(None, (outcome.message, *lines))))
