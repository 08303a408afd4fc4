"""The origin of each difference: the inventory, an edit on the host since the last run, both, or an unmanaged file.
Pure.

It is found by comparing three contents: what the host has, what it should have, and what the last run applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from runnerops.model.common import ABSENT, Key, Tree, Value
from runnerops.model.host_state import HostState, RemoteFile, sha256
from runnerops.model.inventory import FileSpec, RenderedFile
from runnerops.model.plan import ChangeOrigin, Drift, KeyChange
from runnerops.services import service_of
from runnerops.services.base import ParseError, Service


def written_by_run(path: str, old: RemoteFile, observed: HostState) -> bool:
    """Whether a run applied or intended to write the content of the host's file. Such a file was not edited."""
    sha = sha256(old.content) if old.kind in {"file", "absent"} else ""
    return sha == observed.applied.get(path, ABSENT) or any(
        sha in observed.staged.get(name, frozenset()) for name in (path, old.path)
    )


def find_origins(
    file: RenderedFile, old: RemoteFile, key_changes: Sequence[KeyChange], observed: HostState
) -> tuple[tuple[KeyChange, ...], ChangeOrigin, Drift | None]:
    """Returns the key changes with their origins, the origin of the whole change, and who wrote the file if
    no run did.
    """
    path = file.spec.path
    own_content = written_by_run(path, old, observed)
    if own_content and (path not in observed.restored_by_removal or old.content is None):
        return tuple(key_changes), "inventory", None
    if own_content or path not in observed.applied:
        return tuple(replace(key_change, origin="unmanaged") for key_change in key_changes), "unmanaged", None
    since = observed.since_of.get(path, observed.since)
    base, tree = _base(file.spec, observed), _tree(file.spec, old.content)
    if base is None or tree is None:  # the old content is not kept, or the file cannot be read
        changes = tuple(replace(key_change, origin="both" if base is None else "host") for key_change in key_changes)
        return changes, _combined_origin(changes), Drift(since, old.mtime, "hand")
    desired = _tree(file.spec, file.content) or {}
    service = service_of(file.spec.service)
    changes = tuple(
        replace(key_change, origin=_origin(service, file.spec, key_change, (tree, desired, base)))
        for key_change in key_changes
    )
    foreign = (
        key_change for key_change in service.key_changes(file.spec, base, tree) if not service.owns(key_change.key)
    )
    return (
        changes,
        _combined_origin(changes),
        Drift(since, old.mtime, "hand" if any(True for _ in foreign) else "runner"),
    )


def _origin(service: Service, spec: FileSpec, key_change: KeyChange, trees: tuple[Tree, Tree, Tree]) -> ChangeOrigin:
    """`trees`: what the host has, what it should have, and what the last run wrote."""
    was = service.counterpart(spec, key_change, *trees)
    if _same(service, spec, key_change.key, key_change.old, was):
        return "inventory"
    if _same(service, spec, key_change.key, key_change.new, was):
        return "runner" if service.owns(key_change.key) else "host"
    return "both"


def _same(service: Service, spec: FileSpec, key: Key, first: Value, second: Value) -> bool:
    """Whether two values of a key mean the same. Below it, keys that the managed system writes count only if the key is
    one of these.
    """
    key_changes = service.key_changes(spec, _single_key_tree(key, first), _single_key_tree(key, second))
    return not any(service.owns(key) or not service.owns(key_change.key) for key_change in key_changes)


def _single_key_tree(key: Key, value: Value) -> Tree:
    """The smallest tree that has `value` at `key`. A list on the way has one item."""
    below = value
    for part in reversed(key):
        below = [below] if isinstance(part, int) else {part: below}
    assert isinstance(below, dict)
    return below


def _combined_origin(key_changes: Iterable[KeyChange]) -> ChangeOrigin:
    origins = {key_change.origin for key_change in key_changes}
    return origins.pop() if len(origins) == 1 else "both" if origins else "inventory"


def _base(spec: FileSpec, observed: HostState) -> Tree | None:
    """What was last applied; None if its content is not kept or could not be read."""
    if observed.applied[spec.path] == ABSENT:
        return {}
    return _tree(spec, observed.base[spec.path]) if spec.path in observed.base else None


def _tree(spec: FileSpec, content: bytes | None) -> Tree | None:
    """None if the content cannot be read. A missing file is an empty tree."""
    try:
        return {} if content is None else service_of(spec.service).parse(spec, content)
    except ParseError:
        return None
