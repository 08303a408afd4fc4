"""The daemon.json that a host should have, at the path that its dockerd reads, with the host's own keys. Pure."""

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
    """Returns the file at the path that this dockerd reads, with the host's own keys, and with sticky keys written out.

    A restart clears sticky values, so they are not written out in a run that restarts Docker with a changed file.
    """
    return tuple(_desired(host, file.at(path_of(observed)), observed) for file in rendered), ()


def written_out(host: Host, rendered: Sequence[RenderedFile], observed: HostState) -> tuple[str, ...]:
    """Keys that are or will be in the file only because a reload would otherwise keep their old value loaded."""
    unloaded_names: dict[str, None] = {}
    for file, before in zip(reconcile(host, rendered, observed)[0], rendered, strict=True):
        tree = read(file.content) or {}
        kept_keys = keep(read(before.content) or {}, tree, host.keep.get(NAME, ()))
        names = (key.name for key in STICKY if key.name in tree and key.name not in kept_keys)
        unloaded_names |= dict.fromkeys(name for name in names if neutral(name, tree[name]))
    return tuple(unloaded_names)


def _desired(host: Host, file: RenderedFile, observed: HostState) -> RenderedFile:
    content = observed.file(file.spec.path).content
    desired, old = read(file.content), read(content)
    if desired is None:
        return file
    kept_keys = keep(desired, old or {}, host.keep.get(NAME, ()))
    loaded_keys = loaded(observed.facts.docker)
    full = kept_keys | sticking(kept_keys, old or {}, loaded_keys, flags(observed.facts.docker))
    if old is not None and not _unloads(old, kept_keys, loaded_keys) and not differ(old, full):
        return replace(file, content=content)
    if full != kept_keys and _restarts(host, replace(file, content=text_of(full)), observed):
        full = kept_keys
    return file if full == desired else replace(file, content=text_of(full))


def _restarts(host: Host, file: RenderedFile, observed: HostState) -> bool:
    """Whether Docker restarts with this file, for any reason."""
    old = observed.file(file.spec.path)
    changes = key_changes(read(old.content) or {}, read(file.content) or {})
    action = daemon_action(host, (Change(old, file, changes),), observed, Policy())
    return action is not None and action.verb is Verb.RESTART


def _unloads(old: Tree, desired: Tree, loaded_keys: Tree) -> bool:
    """Whether the daemon still has a value loaded that neither its file nor the desired file names."""
    return any(
        not neutral(name, value) and name not in old and neutral(name, desired.get(name))
        for name, value in loaded_keys.items()
    )
