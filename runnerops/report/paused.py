"""What runs have left to do in GitLab: runners that are paused, and runners whose creation was begun. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from runnerops.model.common import STATE_FOLDER
from runnerops.model.gitlab import CreationRecord, PauseRecord
from runnerops.model.host_state import HostState, Run
from runnerops.model.inventory import Host
from runnerops.report.text import Line
from runnerops.services.gitlab_runner.diff.matching import normal_url


def paused_lines(host: str, paused: Sequence[PauseRecord], last: Run | None) -> Iterator[Line]:
    """A line for each runner that the host has on record as paused. `last`: the run that is under way, or else the last
    one.
    """
    for record in paused:
        text = f"  runner {record.runner} is paused in GitLab by run {record.run}"
        if last and last.running and last.number == record.run:
            yield "warn", f"{text}, which is still going on; the client that began it unpauses the runner at its end"
            yield "plain", f"  hint: if that client is gone, `{continue_command(host, last)}` does that after the run"
        else:
            yield "warn", f"{text}, and was not unpaused: {continue_command(host, last)}"


def continue_command(host: str, last: Run | None) -> str:
    """The command that finishes what the last run left to do in GitLab. A deploy would restore what was removed."""
    words = last.command.split() if last else []
    if words[:1] == ["remove"]:
        return " ".join(("runnerops remove", host, *(word for word in words[1:2] if not word.startswith("-"))))
    return f"runnerops deploy {host}"


def paused_document(paused: Sequence[PauseRecord]) -> list[dict[str, Any]]:
    """Paused runners as JSON values."""
    return [{"runner": record.runner, "id": record.id, "url": record.url, "run": record.run} for record in paused]


def begun_texts(host: Host, observed: HostState) -> Iterator[str]:
    """A sentence for each place at which a run that has ended began to create runners."""
    if observed.last and observed.last.running:
        return
    sentences: dict[str, str] = {}
    for record in observed.begun:
        place = f"{record.place} at {record.url}"
        remedy = f"{continue_command(host.name, observed.last)} deletes what it left"
        if not _has_token(host, record):
            path = f"{STATE_FOLDER}/begun/{record.name}"
            remedy = (
                f"the inventory has no token for it, so look there for unused runners, then remove {path} on the host"
            )
        sentences.setdefault(
            place, f"a deploy began to create runners in GitLab ({place}) and was interrupted: {remedy}"
        )
    yield from sentences.values()


def _has_token(host: Host, begun: CreationRecord) -> bool:
    """Whether a deploy can ask this GitLab for what is left there."""
    access = host.gitlab
    return access is not None and access.token is not None and normal_url(access.url) == normal_url(begun.url)
