"""Runners that leave the inventory and were managed in GitLab. They are planned, paused, and deleted after their host
is without them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING

from runnerops.engine.gitlab.context import GitlabContext, api_client, system_id_of
from runnerops.engine.plans.planned import Planned
from runnerops.errors import GitlabError
from runnerops.frozen import frozen
from runnerops.model.common import Secret
from runnerops.model.gitlab import Deletion, Managed
from runnerops.model.host_state import HostState, fingerprint
from runnerops.model.inventory import Host, Policy, RenderedFile
from runnerops.model.plan import Blocker
from runnerops.secrets import Resolver
from runnerops.services.gitlab_runner.blockers.self_deploy import deletes_itself
from runnerops.services.gitlab_runner.diff.matching import normal_url
from runnerops.services.gitlab_runner.reconcile.leaving import LeavingRunner, leaving_runners, managed_after, tokens_of

if TYPE_CHECKING:
    from runnerops.gitlab.client import GitlabClient

POLL_SECONDS = 5.0
"""Seconds between two checks whether the jobs of a runner have ended."""


@frozen
class DeletionPlan:
    """What a plan says about runners that leave. `in_gitlab` is what the run records as managed in GitLab."""

    deletions: tuple[Deletion, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    notes: tuple[str, ...] = ()
    in_gitlab: Managed = field(default_factory=dict)
    left: tuple[str, ...] = ()
    """Runners that should be deleted, but cannot be by this deploy."""


@frozen
class DeletionPlanner:
    """Plans for the runners that leave one host. `hosts` are all hosts of the inventory, because another one may use
    the token.
    """

    host: Host
    hosts: Sequence[Host]
    observed: HostState
    policy: Policy
    gitlab_context: GitlabContext

    def plan(self, desired: Sequence[RenderedFile]) -> DeletionPlan:
        """Plans what is deleted in GitLab once the host has these files. Nothing is deleted yet."""
        host, observed = self.host, self.observed
        deletions: list[Deletion] = []
        unagreed: list[Deletion] = []
        undeletable: list[int] = []
        postponed: list[str] = []
        notes: list[str] = []
        for runner in leaving_runners(host, desired, observed):
            deletion = Deletion(runner.name, runner.id, bool(runner.token), self.policy.drain_s)
            try:
                why = self._reason_to_keep(runner)
            except GitlabError as error:
                postponed.append(str(deletion))
                text = f"runner {deletion} stays in GitLab until it can be deleted"
                notes.append(f"{text}: {error.message}; {error.hint}")
                continue
            if why is None:
                deletions.append(deletion)
                unagreed += [] if runner.agreed else [deletion]
            else:
                undeletable.append(runner.id)
                worth = (
                    why and runner.name not in host.lost
                )  # a note of its own says what happens to runners that are lost
                notes += [f"runner {deletion} is not deleted in GitLab: {why}"] if worth else []
        known_ids = {wish.runner: wish.id for wish in self.gitlab_context.desired_settings if wish.host == host.name}
        in_gitlab = managed_after(host, desired, observed, known_ids, undeletable)
        itself = deletes_itself(host.gitlab.url if host.gitlab else "", deletions, self.policy)
        return DeletionPlan(tuple(deletions), (*itself, *_blocked(unagreed)), tuple(notes), in_gitlab, tuple(postponed))

    def _reason_to_keep(self, runner: LeavingRunner) -> str | None:
        """Why the runner is not deleted. Empty if there is nothing to delete; None if it is to be deleted. Raises
        GitlabError.
        """
        assert self.host.gitlab
        try:
            client = api_client(self.host.gitlab, self.gitlab_context)
            why = self.gitlab_context.call(
                self.host.gitlab, partial(_reason_to_keep, client, runner, system_id_of(self.observed))
            )
        except GitlabError:
            if other_host_name := self._other_host_with_token(
                runner
            ):  # this is harder to find out once the host does not have the token
                return other_host_name
            raise
        return self._other_host_with_token(runner) or None if why is None else why

    def _other_host_with_token(self, runner: LeavingRunner) -> str:
        """Names another host of the inventory that has the runner's token, as the end of a sentence; empty if none has.
        Raises GitlabError.
        """
        resolver = Resolver(self.gitlab_context.environ, self.gitlab_context.folder, self.gitlab_context.run)
        for other_host in self.hosts:
            other_tokens = tokens_of(other_host) if runner.known_by and other_host.name != self.host.name else ()
            for token in other_tokens:
                value = resolver.resolve(token) if isinstance(token, Secret) else token
                for _, problem, hint in resolver.missing():
                    text = f"it is not known whether {other_host.name} has its token: {problem}"
                    raise GitlabError(text, hint)
                if fingerprint(self.observed.secret_fingerprints.key, value) == runner.known_by:
                    return f"{other_host.name} has its token"
        return ""


def with_created_runners(host: Host, planned: Managed) -> Managed:
    """What the run records after the runners that it brings were created: `planned`, and these."""
    assert host.gitlab
    url = str(normal_url(host.gitlab.url))
    made = {registration.id: name for name, registration in host.created.items()}
    return {**planned, url: {**planned.get(url, {}), **made}}


def with_way_to_recreate(blockers: Sequence[Blocker]) -> Iterator[Blocker]:
    """Blockers of runners that a rollback would bring back but that GitLab does not know any more, with the way to
    create others.
    """
    for blocker in blockers:
        remedy = (
            "it was deleted there, or its token was reset, and neither can be undone: put the runner into the inventory"
        )
        yield replace(
            blocker,
            message=f"{blocker.message}; {remedy}, and deploy, which creates another one (gitlab: {{group: 42}})",
        )


def _blocked(unagreed: Sequence[Deletion]) -> Iterator[Blocker]:
    """Blocks the deletions that nobody has agreed to. A runner that an earlier run took off was agreed to then."""
    if unagreed:
        names = ", ".join(map(str, unagreed))
        message = f"not in the inventory any more, so also deleted in GitLab, which cannot be undone: {names}"
        yield Blocker("drop-runner", message, tuple(deletion.runner for deletion in unagreed))


def _reason_to_keep(client: GitlabClient, runner: LeavingRunner, own_system_id: str) -> str | None:
    """Why the runner is not deleted. Empty if there is nothing to delete; None if it is to be deleted. Raises
    GitlabError.
    """
    if client.runner(runner.id) is None:
        return "it does not exist any more" if runner.token else ""
    answer = client.verify(runner.token, own_system_id) if runner.token and own_system_id else None
    if (
        answer and answer.get("id", runner.id) != runner.id
    ):  # the `id` in the file stays if somebody edits the token beside it
        return f"its host has the token of runner {answer['id']}; delete the one there that nobody uses"
    if runner.token_given and client.managers(runner.id) is None:
        return "this GitLab does not say which machines use it; delete it there when none does"
    if machines := _other_machines(client, runner.id, own_system_id):
        return f"other machines use it too ({', '.join(machines)}); delete it there when none does"
    return None


def _other_machines(client: GitlabClient, number: int, own_system_id: str) -> tuple[str, ...]:
    """System ids of other machines that asked for jobs as this runner in the last week or so."""
    from runnerops.gitlab.pausing import other_machines

    return other_machines(client.managers(number) or (), own_system_id)


def delete_runners(host: Host, planned: Planned, gitlab_context: GitlabContext) -> Iterator[GitlabError]:
    """Deletes runners that the host does not have any more, each after its last job. Yields what could not be done."""
    deletions, runner = planned.plan.unpaired.deletions, planned.facts.runner
    if not deletions:
        return
    assert host.gitlab
    try:
        client = api_client(host.gitlab, gitlab_context)
    except GitlabError as error:
        yield error
        return
    deleting = _Deleting(host.name, client, gitlab_context, runner.system_id if runner else "")
    for deletion in deletions:
        try:
            gitlab_context.call(host.gitlab, partial(deleting.delete, deletion))
            gitlab_context.deleted.add(deletion.id)
        except GitlabError as error:
            yield GitlabError(f"runner {deletion} is still in GitLab: {error.message}", error.hint)


@frozen
class _Deleting:
    """Deletes the runners of one host in GitLab. `system_id` is the host's system id."""

    host: str
    client: GitlabClient
    gitlab_context: GitlabContext
    system_id: str

    def delete(self, deletion: Deletion) -> None:
        """Deletes a runner. One that does not exist any more is no error. Raises GitlabError."""
        from runnerops.gitlab.pausing import pause

        if self.client.runner(deletion.id) is None:
            return
        if machines := _other_machines(self.client, deletion.id, self.system_id):
            text = f"other machines use it since the plan was made ({', '.join(machines)})"
            raise GitlabError(text, "run the command again, which makes a new plan")
        pause(self.client, deletion.id)
        self._await_jobs(deletion)
        self.client.delete_runner(deletion.id)
        if self.client.runner(deletion.id) is not None:
            raise GitlabError(
                "GitLab accepted its deletion but still has it", "run the command again, or look at it in GitLab"
            )

    def _await_jobs(self, deletion: Deletion) -> None:
        """Waits for the last jobs. Raises GitlabError if they run longer than the time limit, or waiting is not
        allowed.
        """
        end = time.monotonic() + deletion.wait_s
        while jobs := self.client.running_jobs(deletion.id, ""):
            if not self.gitlab_context.may_wait() or time.monotonic() >= end:
                text = "1 job of it runs" if jobs == 1 else f"{jobs} jobs of it run"
                raise GitlabError(f"{text} there, and it is paused", "run the command again when its jobs have ended")
            self.gitlab_context.tell(self.host, f"waits for the last jobs of runner {deletion} in GitLab: {jobs}")
            time.sleep(min(POLL_SECONDS, max(0.0, end - time.monotonic())))
