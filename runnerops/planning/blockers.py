"""Blockers that do not belong to one service: missing tools, holds, files that runnerops did not write. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from runnerops.model.common import HOST_FORMAT, key_text
from runnerops.model.host_state import Hold, HostState
from runnerops.model.inventory import Host, Policy
from runnerops.model.plan import Blocker, Change, KeyChange
from runnerops.parsing.moments import in_utc
from runnerops.services import service_of
from runnerops.services.base import ParseError

TOOLS = ("systemd-run", "flock", "setsid", "sha256sum", "stat", "tar", "timeout")
"""The programs that `host.sh` calls."""


def unmet_requirements(observed: HostState) -> Iterable[Blocker]:
    """Blockers for a host that lacks what `host.sh` needs, or that a newer runnerops has written to."""
    if observed.format > HOST_FORMAT:
        text = f"a newer runnerops has deployed to this host (format {observed.format}, this one reads {HOST_FORMAT})"
        yield Blocker("newer-format", f"{text}: upgrade runnerops on this machine")
    if not observed.facts.systemd:
        yield Blocker("no-systemd", "the host does not run systemd, which runs and supervises a deploy's steps")
        return
    missing = tuple(tool for tool in TOOLS if tool not in observed.facts.tools)
    if missing:
        message = f"the host lacks {', '.join(missing)}: install util-linux, coreutils and tar, or busybox"
        yield Blocker("missing-tools", message, details=missing)


def hold_blockers(observed: HostState) -> Iterable[Blocker]:
    """The blocker of a hold that somebody put on the host, and whose time is not over."""
    if observed.hold:
        yield hold_blocker(observed.hold)


def hold_blocker(hold: Hold) -> Blocker:
    """Makes a blocker of a hold."""
    when = f" until {in_utc(hold.until)}" if hold.until else ""
    by = f" by {hold.by}" if hold.by else ""
    return Blocker("held", f"the host is held{by}{when}: {hold.reason}", details=(hold.reason,))


def unmanaged_file(change: Change) -> Iterable[Blocker]:
    """Blockers for parts of a file of somebody else that the first deploy would overwrite."""
    path, kind = change.old.path, change.old.kind
    if kind not in {"absent", "file"}:
        kind_text = {"directory": "a directory", "link": "a link to somewhere else"}.get(kind, "not a regular file")
        yield Blocker("not-a-file", f"{path} is {kind_text}: move it away, then deploy again")
    if change.origin != "unmanaged" or kind != "file":
        return
    if _unreadable(change):
        yield Blocker(
            "unmanaged-file",
            f"{path} existed before the first deploy and cannot be parsed: its whole content would be lost",
        )
        return
    changes = [key_change for key_change in change.key_changes if key_change.old is not None]
    lost = tuple(key_text(key_change.key) for key_change in changes)
    if lost:
        yield Blocker(
            "unmanaged-file",
            f"{path} existed before the first deploy; these keys would be changed or lost: {_labels(changes)}",
            details=lost,
        )


def modified_on_host(change: Change) -> Iterable[Blocker]:
    """Blockers for edits on the host since the last run that would be overwritten. What the managed system wrote itself
    is no edit.
    """
    drift, path = change.drift, change.old.path
    if drift is None:
        return
    owns = service_of(change.new.spec.service).owns
    key_changes = [
        key_change
        for key_change in change.key_changes
        if key_change.origin in {"host", "both"} and not owns(key_change.key)
    ]
    lost = tuple(dict.fromkeys(key_text(key_change.key) for key_change in key_changes))
    if change.old.kind == "absent":
        yield Blocker("modified-on-host", f"{path} was removed on the host since run {drift.run}", details=(path,))
    elif _unreadable(change):
        yield Blocker("modified-on-host", f"{path} was edited on the host since run {drift.run}, and cannot be parsed")
    elif lost:
        message = (
            f"{path} was edited on the host since run {drift.run}; these edits would be undone: {_labels(key_changes)}"
        )
        yield Blocker("modified-on-host", message, details=lost)


def _labels(key_changes: Iterable[KeyChange]) -> str:
    return ", ".join(dict.fromkeys(key_change.label for key_change in key_changes))


def _unreadable(change: Change) -> bool:
    try:
        service_of(change.new.spec.service).parse(change.new.spec, change.old.content or b"")
    except ParseError:
        return True
    return False


def is_overridden(blocker: Blocker, policy: Policy) -> bool:
    """Whether this run's flags, or the inventory, override the blocker."""
    if not blocker.overridable:
        return False
    return policy.kill_jobs if blocker.code == "jobs-running" else blocker.code in policy.allow


ASKED_BY_STEPS = frozenset({"unproven-mirror", "upstream-down"})
"""Codes that also leave out steps of a run. If a plan has actions they are not reported as idle, because nobody knows
whether the step would have failed.
"""


def notes_on_unused_allowances(command: str, host: Host, blockers: Iterable[Blocker], *, acts: bool) -> Iterable[str]:
    """Notes on blockers that the inventory overrides for this host although they do not arise. `acts`: the plan has
    actions.
    """
    arising = {blocker.code for blocker in blockers} | (ASKED_BY_STEPS if acts else frozenset())
    for code in host.allow if command == "deploy" and not host.left_out else ():
        if code not in arising:
            yield f"hosts.{host.name}.allow.{code} does not occur any more: remove it from the inventory"


def filter_blockers(
    host: Host, deployed: frozenset[str], blockers: Iterable[Blocker]
) -> tuple[tuple[Blocker, ...], tuple[str, ...]]:
    """Returns the blockers, each once, and notes. A mirror whose host this deploy changes first is verified then, so it
    becomes a note.
    """
    remaining: list[Blocker] = []
    notes: list[str] = []
    verified_later = {cache.url: cache.host for cache in host.caches if cache.host in deployed}
    for blocker in blockers:
        url = blocker.details[0].rstrip("/") if blocker.details else ""
        if blocker.code == "unproven-mirror" and url in verified_later:
            notes.append(f"mirror {url} is verified when {verified_later[url]} is done")
        elif blocker not in remaining:
            remaining.append(blocker)
    return tuple(remaining), tuple(notes)
