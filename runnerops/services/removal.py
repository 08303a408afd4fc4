"""What a file becomes when its service is removed: the original, with the changes of others since then. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from runnerops.model.common import Tree, Value
from runnerops.model.host_state import HostState, RemoteFile
from runnerops.model.inventory import FileSpec, Original, RenderedFile


def original_of(path: str, originals: Mapping[str, Original], observed: HostState) -> Original | None:
    """The original of a path, or for a symbolic link that of its target. None if none is kept."""
    return originals.get(observed.file(path).path) or originals.get(path)


def as_before(spec: FileSpec, content: bytes | None, original: Original | None, file: RemoteFile) -> RenderedFile:
    """The file with the mode and the owner of the original, or the present ones if these were not kept."""
    mode = (original.mode if original else "") or file.mode or spec.mode
    owner = (original.owner if original else "") or file.owner or spec.owner
    return RenderedFile(replace(spec, mode=mode, owner=owner), content)


def take_back(base: Tree, first: Tree, now: Tree) -> Tree:
    """Undoes in `now` what runs changed between `first` and `base`, which is what the last run left. Changes of others
    since then stay.
    """
    result = dict(now)
    for name in dict.fromkeys((*base, *first)):
        value = _taken_back(base.get(name), first.get(name), now.get(name))
        if value is None:
            result.pop(name, None)
        else:
            result[name] = value
    return result


def _taken_back(base: Value, first: Value, now: Value) -> Value:
    """None means that the key does not exist."""
    if _equal(base, now):
        return first
    if _equal(base, first):
        return now
    if isinstance(base, dict) and isinstance(now, dict) and (first is None or isinstance(first, dict)):
        return take_back(base, first or {}, now) or first
    if isinstance(base, list) and isinstance(now, list) and (first is None or isinstance(first, list)):
        before = first or []
        lost = [item for item in before if item not in base and item not in now]
        return [*lost, *(item for item in now if item in before or item not in base)] or first
    return now


def _equal(first: Value, second: Value) -> bool:
    return type(first) is type(second) and first == second  # `1` is not the same as `true`
