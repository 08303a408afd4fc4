"""Records on the host where its deploys create runners in GitLab. A record is written before the runners are created,
and removed when nothing is left to do there.

With it, runners of a deploy that was cut off are found even if the inventory asks for none in that place any more.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from runnerops.engine.gitlab.context import GitlabContext, api_client
from runnerops.engine.gitlab.new_runners import CreationPlan, leftovers_at
from runnerops.errors import RunneropsError
from runnerops.frozen import mutable
from runnerops.model.common import STATE_FOLDER
from runnerops.model.gitlab import Creation, CreationRecord, Leftover, Place, Unpaired
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.remote import state_folder
from runnerops.services.gitlab_runner.diff.matching import normal_url
from runnerops.ssh.link import Link

_SECONDS = 30.0


def plan_recorded_creations(host: Host, observed: HostState, gitlab_context: GitlabContext) -> CreationPlan:
    """Finds what is left in the places that the host has on record. Nothing is changed in GitLab."""
    if observed.last and observed.last.running:  # these runners may belong to that run, which is about to deploy them
        return CreationPlan()
    if host.left_out and host.gitlab is None:  # the inventory may have its token nevertheless
        return CreationPlan()
    leftovers_found: set[Leftover] = set()
    answered: list[CreationRecord] = []
    notes: dict[str, None] = {}
    looked_at: set[tuple[Place, str]] = set()
    for record in observed.begun:
        try:
            if host.gitlab is None or normal_url(host.gitlab.url) != normal_url(record.url):
                path = f"{STATE_FOLDER}/begun/{record.name}"
                hint = f"look there for runners that are not used, then remove {path} on the host"
                raise RunneropsError("the inventory has no API token for this GitLab", hint)
            client = api_client(host.gitlab, gitlab_context)
            ask = partial(leftovers_at, client, host, observed, record.place, record.mark)
            numbers = gitlab_context.call(host.gitlab, ask) if (record.place, record.mark) not in looked_at else set()
            if numbers is None:
                raise RunneropsError(
                    "it is not known which of them the host has", "compare its config.toml with GitLab"
                )
            leftovers_found |= numbers
            looked_at.add((record.place, record.mark))
            answered.append(record)
        except RunneropsError as error:
            text = f"it is not known what an interrupted deploy left in GitLab ({record.url}, {record.place})"
            notes[f"{text}: {error.message}; {error.hint}"] = None
    leftovers = tuple(sorted(leftovers_found, key=lambda item: item.id))
    return CreationPlan(leftovers=leftovers, notes=tuple(notes), begun=tuple(answered))


def record_names(observed: HostState) -> tuple[str, ...]:
    """The names of the records that the host has."""
    return tuple(record.name for record in observed.begun)


@mutable
class HostCreationRecords:
    """The records of one host while its plan is applied."""

    host: Host
    unpaired: Unpaired
    link: Callable[[], Link]
    records: tuple[CreationRecord, ...] = ()
    """The records that this deploy wrote."""
    _taken_over: str = ""
    """The suffix of the names of other deploys' records after `claim`; empty before it."""

    def begin(self, creations: Sequence[Creation]) -> None:
        """Writes the records before any of these runners is created. Raises RunneropsError if the host cannot keep
        them.
        """
        assert self.host.gitlab
        url = self.host.gitlab.url
        places = dict.fromkeys((creation.place, creation.mark) for creation in creations)
        self.records = tuple(CreationRecord(secrets.token_hex(8), url, place, mark) for place, mark in places)
        completed = self.link().run(state_folder.write_creation_records(self.records), b"", _SECONDS)
        if completed.status != 0:
            last = completed.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            text = (
                f"the host could not record what is created in GitLab (exit status {completed.status}): {''.join(last)}"
            )
            raise RunneropsError(text, "check whether its disk is full")

    def claim(self, run: int) -> None:
        """Takes over the records of earlier deploys before their runners are deleted in GitLab without a run on the
        host.

        Such a deploy may still be alive and about to start a run with the runners that it created. That run needs its
        record under the original name (`Plan.relies_on`), and its number is at least `run`. So either that run does not
        start, or this raises RunneropsError.
        """
        name = secrets.token_hex(4)
        completed = self.link().run(
            state_folder.claim_creation_records(self.unpaired.creation_records, name, run), b"", _SECONDS
        )
        if completed.status != 0:
            raise RunneropsError(
                "another deploy is creating runners for this host right now", "deploy again when it has ended"
            )
        self._taken_over = name

    def taken_back(self) -> None:
        """Called when nothing of this deploy is left in GitLab. Leftovers of earlier deploys keep their records."""
        self._drop(() if self.unpaired.leftovers else self.records)

    def all_done(self) -> None:
        """Called when nothing is left in GitLab at all."""
        taken_over = (replace(record, name=record.name + self._taken_over) for record in self.unpaired.begun)
        self._drop(tuple(dict.fromkeys((*self.records, *taken_over))))

    def _drop(self, records: Sequence[CreationRecord]) -> None:
        if not records:
            return
        try:
            self.link().run(state_folder.delete_creation_records(records), b"", _SECONDS)
        except RunneropsError:  # then the record stays, and the next deploy checks again
            return
