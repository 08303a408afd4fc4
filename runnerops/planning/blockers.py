"""What a deploy does not do unasked, whatever the service: a host that lacks a tool, a file that is not ours. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from runnerops.model.common import key_text
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, Policy
from runnerops.model.plan import Change, Stop
from runnerops.services import service_of
from runnerops.services.base import ParseError

TOOLS = ("systemd-run", "flock", "setsid", "sha256sum", "stat", "tar", "timeout")
"""What `host.sh` calls beside the shell's own words."""


def not_equipped(have: HostState) -> Iterable[Stop]:
    """What the host's half cannot do without."""
    if not have.facts.systemd:
        yield Stop(
            "no-systemd", "the host does not run systemd, which runs and supervises a deploy's steps", allowable=False
        )
        return
    missing = tuple(tool for tool in TOOLS if tool not in have.facts.tools)
    if missing:
        message = f"not there: {', '.join(missing)}: install util-linux, coreutils and tar, or busybox"
        yield Stop("missing-tools", message, allowable=False, details=missing)


def not_ours(change: Change) -> Iterable[Stop]:
    """What a first deploy would lose of a file that somebody else made."""
    path, kind = change.old.path, change.old.kind
    if kind not in {"absent", "file"}:
        what = {"directory": "a directory", "link": "a link to somewhere else"}.get(kind, "no regular file")
        yield Stop("not-a-file", f"{path} is {what}: move it away, then deploy again", allowable=False)
    if change.cause != "first" or kind != "file":
        return
    if _unreadable(change):
        yield Stop(
            "not-ours", f"{path} was there before the first deploy and cannot be parsed: all of it would be lost"
        )
        return
    lost = tuple(key_text(edit.key) for edit in change.edits if edit.old is not None)
    if lost:
        yield Stop(
            "not-ours",
            f"{path} was there before the first deploy; would be changed or lost: {', '.join(lost)}",
            details=lost,
        )


def edited_there(change: Change) -> Iterable[Stop]:
    """What would be lost of an edit made on the host since our last run; what the system itself writes apart."""
    drift, path = change.drift, change.old.path
    if drift is None:
        return
    owns, spec = service_of(change.new.spec.service).owns, change.new.spec
    edits = (edit for edit in change.edits if edit.cause in {"host", "both"} and not owns(spec, edit.key))
    lost = tuple(dict.fromkeys(key_text(edit.key) for edit in edits))
    if change.old.kind == "absent":
        yield Stop("host-edit", f"{path} was removed on the host since run {drift.run}", details=(path,))
    elif _unreadable(change):
        yield Stop("host-edit", f"{path} was edited on the host since run {drift.run}, and cannot be parsed")
    elif lost:
        message = f"{path} was edited on the host since run {drift.run}; would be undone: {', '.join(lost)}"
        yield Stop("host-edit", message, details=lost)


def _unreadable(change: Change) -> bool:
    try:
        service_of(change.new.spec.service).parse(change.new.spec, change.old.content or b"")
    except ParseError:
        return True
    return False


def lifted(stop: Stop, policy: Policy) -> bool:
    """Whether this run's flags allow what the stop is about."""
    if not stop.allowable:
        return False
    return policy.kill_jobs if stop.code == "jobs-running" else stop.code in policy.allow


def sift(host: Host, deployed: frozenset[str], stops: Iterable[Stop]) -> tuple[tuple[Stop, ...], tuple[str, ...]]:
    """Stops in order, each once; a mirror whose host goes first in this very deploy is proven then, not now."""
    kept: list[Stop] = []
    notes: list[str] = []
    proven_later = {cache.url: cache.host for cache in host.caches if cache.host in deployed}
    for stop in stops:
        url = stop.details[0].rstrip("/") if stop.details else ""
        if stop.code == "unproven-mirror" and url in proven_later:
            notes.append(f"mirror {url} is proven when {proven_later[url]} is done")
        elif stop not in kept:
            kept.append(stop)
    return tuple(kept), tuple(notes)
