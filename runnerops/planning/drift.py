"""Whose a difference is: yours, the host's since our last run, both, or of a file that is not ours yet. Pure.

Three contents decide: what the host has, what it should have, and what a run of ours last applied there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from runnerops.model.common import ABSENT, Key, Tree, Value
from runnerops.model.host_state import HostState, RemoteFile
from runnerops.model.inventory import FileSpec, RenderedFile
from runnerops.model.plan import Cause, Drift, Edit
from runnerops.services import service_of
from runnerops.services.base import ParseError, Service, sha256


def ours(path: str, old: RemoteFile, have: HostState) -> bool:
    """Whether the host's file is what a run of ours applied, or meant to put there: such a file is no edit."""
    sha = sha256(old.content) if old.kind in {"file", "absent"} else ""
    return sha == have.applied.get(path, ABSENT) or any(
        sha in have.staged.get(name, frozenset()) for name in (path, old.path)
    )


def explain(
    file: RenderedFile, old: RemoteFile, edits: Sequence[Edit], have: HostState
) -> tuple[tuple[Edit, ...], Cause, Drift | None]:
    """The edits, each with its cause; the cause of the whole; who wrote the file if it was not us."""
    path = file.spec.path
    if ours(path, old, have):
        return tuple(edits), "yours", None
    if path not in have.applied:
        return tuple(replace(edit, cause="first") for edit in edits), "first", None
    base, tree = _base(file.spec, have), _tree(file.spec, old.content)
    if base is None or tree is None:  # what it was is not kept, or what it is cannot be read
        found = tuple(replace(edit, cause="both" if base is None else "host") for edit in edits)
        return found, _sum(found), Drift(have.since, old.mtime, "hand")
    want = _tree(file.spec, file.content) or {}
    service = service_of(file.spec.service)
    found = tuple(replace(edit, cause=_cause(service, file.spec, edit, tree, want, base)) for edit in edits)
    foreign = (edit for edit in service.edits(file.spec, base, tree) if not service.owns(file.spec, edit.key))
    return found, _sum(found), Drift(have.since, old.mtime, "hand" if any(True for _ in foreign) else "runner")


def _cause(service: Service, spec: FileSpec, edit: Edit, old: Tree, new: Tree, base: Tree) -> Cause:
    was = service.counterpart(spec, edit, old, new, base)
    if _same(service, spec, edit.key, edit.old, was):
        return "yours"
    if _same(service, spec, edit.key, edit.new, was):
        return "runner" if service.owns(spec, edit.key) else "host"
    return "both"


def _same(service: Service, spec: FileSpec, key: Key, one: Value, other: Value) -> bool:
    """By meaning; what the managed system writes itself counts only where the key is such a one."""
    edits = service.edits(spec, _alone(key, one), _alone(key, other))
    return not any(service.owns(spec, key) or not service.owns(spec, edit.key) for edit in edits)


def _alone(key: Key, value: Value) -> Tree:
    """The smallest tree that has `value` at `key`; a list on the way has one item."""
    below = value
    for part in reversed(key):
        below = [below] if isinstance(part, int) else {part: below}
    assert isinstance(below, dict)
    return below


def _sum(edits: Iterable[Edit]) -> Cause:
    causes = {edit.cause for edit in edits}
    return causes.pop() if len(causes) == 1 else "both" if causes else "yours"


def _base(spec: FileSpec, have: HostState) -> Tree | None:
    """What was last applied; None where its content is not kept, or was none that can be read."""
    if have.applied[spec.path] == ABSENT:
        return {}
    return _tree(spec, have.base[spec.path]) if spec.path in have.base else None


def _tree(spec: FileSpec, content: bytes | None) -> Tree | None:
    """None where the content cannot be read; a file that is not there is empty."""
    try:
        return {} if content is None else service_of(spec.service).parse(spec, content)
    except ParseError:
        return None
