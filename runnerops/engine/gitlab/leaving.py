"""Runners that leave the inventory and were managed in GitLab: planned, paused, and deleted once their host is without them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING

from runnerops.engine.gitlab.asking import Asking, by_token, system_id_of
from runnerops.engine.planned import Planned
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
from runnerops.services.gitlab_runner.reconcile.leaving import Leaving, leaving, on_record, tokens_of

if TYPE_CHECKING:
    from runnerops.gitlab.client import GitlabClient

POLL_SECONDS = 5.0
"""Between two looks at whether a runner's jobs have ended."""


@frozen
class Leavers:
    """What a plan says of runners that leave. `in_gitlab` is what the run records as managed there."""

    deletions: tuple[Deletion, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    notes: tuple[str, ...] = ()
    in_gitlab: Managed = field(default_factory=dict)
    left: tuple[str, ...] = ()
    """Those that are to be deleted, and cannot be by this deploy."""


@frozen
class Departures:
    """What plans the runners that leave one host. `hosts` are all of the inventory: one may have got a runner's token."""

    host: Host
    hosts: Sequence[Host]
    observed: HostState
    policy: Policy
    asking: Asking

    def plan(self, desired: Sequence[RenderedFile]) -> Leavers:
        """What is to be deleted in GitLab, once the host has these files. Nothing is deleted here."""
        host, observed = self.host, self.observed
        deletions: list[Deletion] = []
        unagreed: list[Deletion] = []
        gone: list[int] = []
        left: list[str] = []
        notes: list[str] = []
        for one in leaving(host, desired, observed):
            deletion = Deletion(one.name, one.id, bool(one.token), self.policy.drain_s)
            try:
                why = self._why_not(one)
            except GitlabError as error:
                left.append(str(deletion))
                text = f"runner {deletion} stays in GitLab until it can be deleted"
                notes.append(f"{text}: {error.message}; {error.hint}")
                continue
            if why is None:
                deletions.append(deletion)
                unagreed += [] if one.agreed else [deletion]
            else:
                gone.append(one.id)
                worth = why and one.name not in host.lost  # of those it is told what becomes of them
                notes += [f"runner {deletion} is not deleted in GitLab: {why}"] if worth else []
        told = {wish.runner: wish.id for wish in self.asking.wishes if wish.host == host.name}
        in_gitlab = on_record(host, desired, observed, told, gone)
        itself = deletes_itself(host.gitlab.url if host.gitlab else "", deletions, self.policy)
        return Leavers(tuple(deletions), (*itself, *_blocked(unagreed)), tuple(notes), in_gitlab, tuple(left))

    def _why_not(self, one: Leaving) -> str | None:
        """Why it is not deleted; empty where there is nothing to delete, None where it is to be. Raises GitlabError."""
        assert self.host.gitlab
        try:
            client = by_token(self.host.gitlab, self.asking)
            why = self.asking.watched(self.host.gitlab, partial(_why_not, client, one, system_id_of(self.observed)))
        except GitlabError:
            if there := self._elsewhere(one):  # once the host is without its token that is harder to tell
                return there
            raise
        return self._elsewhere(one) or None if why is None else why

    def _elsewhere(self, one: Leaving) -> str:
        """Which other host of the inventory has its token, as the end of a sentence; empty for none. Raises GitlabError."""
        resolver = Resolver(self.asking.environ, self.asking.folder, self.asking.run)
        for other in self.hosts:
            given = tokens_of(other) if one.known_by and other.name != self.host.name else ()
            for token in given:
                value = resolver.resolve(token) if isinstance(token, Secret) else token
                for _, problem, hint in resolver.missing():
                    text = f"it is not known whether {other.name} has its token: {problem}"
                    raise GitlabError(text, hint)
                if fingerprint(self.observed.secret_fingerprints.key, value) == one.known_by:
                    return f"{other.name} has its token"
        return ""


def with_created(host: Host, planned: Managed) -> Managed:
    """What the run records once the runners that it brings are created: `planned`, and these."""
    assert host.gitlab
    url = str(normal_url(host.gitlab.url))
    made = {one.id: name for name, one in host.created.items()}
    return {**planned, url: {**planned.get(url, {}), **made}}


def gone_for_good(blockers: Sequence[Blocker]) -> Iterator[Blocker]:
    """Of runners that a rollback would bring back, and GitLab does not know any more: with the way to another one."""
    for one in blockers:
        more = (
            "it was deleted there, or its token was reset, and neither can be undone: put the runner into the inventory"
        )
        yield replace(
            one, message=f"{one.message}; {more}, and deploy, which creates another one (gitlab: {{group: 42}})"
        )


def _blocked(unagreed: Sequence[Deletion]) -> Iterator[Blocker]:
    """Not for one that a run has taken off already: that was agreed to."""
    if unagreed:
        names = ", ".join(map(str, unagreed))
        message = f"not in the inventory any more, so also deleted in GitLab, which cannot be undone: {names}"
        yield Blocker("drop-runner", message, tuple(one.runner for one in unagreed))


def _why_not(client: GitlabClient, one: Leaving, own: str) -> str | None:
    """Why it is not deleted; empty where there is nothing to delete, None where it is to be. Raises GitlabError."""
    if client.runner(one.id) is None:
        return "it does not exist any more" if one.token else ""
    told = client.verify(one.token, own) if one.token and own else None
    if told and told.get("id", one.id) != one.id:  # the file's `id` stays where somebody edits the token beside it
        return f"its host has the token of runner {told['id']}; delete the one there that nobody uses"
    if one.given and client.managers(one.id) is None:
        return "this GitLab does not say which machines use it; delete it there when none does"
    if others := _others(client, one.id, own):
        return f"other machines use it too ({', '.join(others)}); delete it there when none does"
    return None


def _others(client: GitlabClient, number: int, own: str) -> tuple[str, ...]:
    """Machines beside this one that asked for jobs as this runner in the last week or so, by system id."""
    from runnerops.gitlab.pausing import others_among

    return others_among(client.managers(number) or (), own)


def delete_leavers(host: Host, planned: Planned, asking: Asking) -> Iterator[GitlabError]:
    """The host is without them: each is deleted once its last job has ended. Yields what could not be done."""
    deletions, runner = planned.plan.unpaired.deletions, planned.facts.runner
    if not deletions:
        return
    assert host.gitlab
    try:
        client = by_token(host.gitlab, asking)
    except GitlabError as error:
        yield error
        return
    deleting = _Deleting(host.name, client, asking, runner.system_id if runner else "")
    for one in deletions:
        try:
            asking.watched(host.gitlab, partial(deleting.delete, one))
            asking.deleted.add(one.id)
        except GitlabError as error:
            yield GitlabError(f"runner {one} is still in GitLab: {error.message}", error.hint)


@frozen
class _Deleting:
    """What deletes the runners of one host in GitLab; `own` is its system id."""

    host: str
    client: GitlabClient
    asking: Asking
    own: str

    def delete(self, one: Deletion) -> None:
        """What is gone already is none to worry about. Raises GitlabError."""
        from runnerops.gitlab.pausing import pause

        if self.client.runner(one.id) is None:
            return
        if others := _others(self.client, one.id, self.own):
            text = f"other machines use it since the plan was made ({', '.join(others)})"
            raise GitlabError(text, "run the command again, which makes a new plan")
        pause(self.client, one.id)
        self._await_jobs(one)
        self.client.delete_runner(one.id)
        if self.client.runner(one.id) is not None:
            raise GitlabError(
                "GitLab accepted its deletion but still has it", "run the command again, or look at it in GitLab"
            )

    def _await_jobs(self, one: Deletion) -> None:
        """Raises GitlabError where they run for too long, or nobody is to wait."""
        end = time.monotonic() + one.wait_s
        while jobs := self.client.running_jobs(one.id, ""):
            if not self.asking.may_wait() or time.monotonic() >= end:
                text = "1 job of it runs" if jobs == 1 else f"{jobs} jobs of it run"
                raise GitlabError(f"{text} there, and it is paused", "run the command again when its jobs have ended")
            self.asking.tell(self.host, f"waits for the last jobs of runner {one} in GitLab: {jobs}")
            time.sleep(min(POLL_SECONDS, max(0.0, end - time.monotonic())))
