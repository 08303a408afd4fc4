"""Runners that earlier runs left paused in GitLab: which of them a deploy unpauses, and which it cannot. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from runnerops.model.common import STATE_FOLDER
from runnerops.model.gitlab import Deletion, Pause, PauseRecord, Pausing
from runnerops.model.inventory import Host
from runnerops.services.gitlab_runner.diff.matching import normal_url

_UNPAUSING = frozenset({"deploy", "rollback", "remove", "abort"})
"""Commands whose runs verify the runners of their host at the end, so that these may be unpaused then."""


def left_paused(command: str, host: Host, paused: Sequence[PauseRecord]) -> tuple[Pause, ...]:
    """The paused runners of the GitLab for which the inventory has a token, if this command unpauses runners."""
    if command.split(maxsplit=1)[0] not in _UNPAUSING or host.gitlab is None or not host.gitlab.token:
        return ()
    return tuple(
        Pause(record.runner, record.id, record.run, stays=stays_paused(host, record.runner))
        for record in paused
        if normal_url(record.url) == normal_url(host.gitlab.url)
    )


def notes_on_still_paused(command: str, host: Host, paused: Sequence[PauseRecord]) -> Iterator[str]:
    """For the other paused runners, a sentence that says who unpauses them."""
    if host.left_out:
        return
    own_ids = {pause.id for pause in left_paused(command, host, paused)}
    for record in paused:
        text = f"run {record.run} paused runner {record.runner} in GitLab ({record.url})"
        if record.id not in own_ids and left_paused("deploy", host, [record]):
            yield f"{text}, and it was not unpaused: `runnerops deploy {host.name}` does that"
        elif record.id not in own_ids:
            yield (
                f"{text}, and the inventory has no API token for this GitLab:"
                f" unpause it there, and remove {STATE_FOLDER}/paused/{record.id} on the host"
            )


def pausing_with_deletions(pauses: Sequence[Pause], deletions: Sequence[Deletion], run: int) -> Pausing:
    """Adds runners that are deleted in GitLab: they are paused for good, before this run takes them off the host.
    `pauses`: runners that are paused already.
    """
    deleted_ids = {deletion.id for deletion in deletions}
    return Pausing(
        tuple(Pause(deletion.runner, deletion.id, run, stays=True) for deletion in deletions if deletion.on_host),
        tuple(replace(pause, stays=True) if pause.id in deleted_ids else pause for pause in pauses),
    )


def stays_paused(host: Host, runner: str) -> bool:
    """Whether the inventory asks for this runner to be paused."""
    return host.gitlab_settings.get(runner, {}).get("paused") is True
