"""The daemon.json that a host should have: where this dockerd reads it, with what is its own. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runnerops.model.common import Tree, Verb
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, Policy, RenderedFile
from runnerops.model.plan import Blocker, Change
from runnerops.services.docker.action import daemon_action
from runnerops.services.docker.diff import differ, flags, key_changes, loaded, path_of, read, sticking
from runnerops.services.docker.format import NAME, text_of
from runnerops.services.docker.schema import STICKY, neutral
from runnerops.services.keep import keep


def reconcile(
    host: Host, rendered: Sequence[RenderedFile], observed: HostState
) -> tuple[tuple[RenderedFile, ...], tuple[Blocker, ...]]:
    """The file where this dockerd reads it, the host's own keys kept, keys that stick written out.

    A restart forgets what sticks, so a file that changes in a run which restarts Docker has no such key.
    """
    return tuple(_desired(host, file.at(path_of(observed)), observed) for file in rendered), ()


def written_out(host: Host, rendered: Sequence[RenderedFile], observed: HostState) -> tuple[str, ...]:
    """Keys that the file has, or will have, only because a reload would leave the value loaded that they had before."""
    found: dict[str, None] = {}
    for file, before in zip(reconcile(host, rendered, observed)[0], rendered, strict=True):
        tree = read(file.content) or {}
        kept = keep(read(before.content) or {}, tree, host.keep.get(NAME, ()))
        names = (key.name for key in STICKY if key.name in tree and key.name not in kept)
        found |= dict.fromkeys(name for name in names if neutral(name, tree[name]))
    return tuple(found)


def _desired(host: Host, file: RenderedFile, observed: HostState) -> RenderedFile:
    there = observed.file(file.spec.path).content
    desired, old = read(file.content), read(there)
    if desired is None:
        return file
    kept = keep(desired, old or {}, host.keep.get(NAME, ()))
    now = loaded(observed.facts.docker)
    full = kept | sticking(kept, old or {}, now, flags(observed.facts.docker))
    if old is not None and not _unloads(old, kept, now) and not differ(old, full):
        return replace(file, content=there)
    if full != kept and _restarts(host, replace(file, content=text_of(full)), observed):
        full = kept
    return file if full == desired else replace(file, content=text_of(full))


def _restarts(host: Host, file: RenderedFile, observed: HostState) -> bool:
    """Whether Docker starts anew with this file, for whatever reason."""
    old = observed.file(file.spec.path)
    changes = key_changes(read(old.content) or {}, read(file.content) or {})
    action = daemon_action(host, (Change(old, file, changes),), observed, Policy())
    return action is not None and action.verb is Verb.RESTART


def _unloads(old: Tree, desired: Tree, now: Tree) -> bool:
    """Whether the daemon still has a value loaded that neither its file nor the one asked for names."""
    return any(
        not neutral(name, value) and name not in old and neutral(name, desired.get(name)) for name, value in now.items()
    )
