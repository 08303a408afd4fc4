"""A change as a unified diff of masked trees. It never shows a comment, layout or secret of a host. Pure."""

from __future__ import annotations

import difflib

from runnerops.model.common import Key, Tree, Value
from runnerops.model.inventory import FileSpec
from runnerops.model.plan import Change
from runnerops.redact import Masker
from runnerops.services import service_of
from runnerops.services.base import ParseError


def state_of(change: Change) -> str:
    """What happens to the file, in a word: new, removed, changed, layout differs, or the change of mode and owner."""
    old, new = change.old, change.new
    if new.content is None:
        return "removed"
    if old.kind == "absent":
        return "new"
    if change.key_changes:
        return "changed"
    if old.content != new.content:
        return "layout differs"
    words = [f"mode {old.mode} → {new.spec.mode}"] if old.mode != new.spec.mode else []
    words += [f"owner {old.owner} → {new.spec.owner}"] if old.owner != new.spec.owner else []
    return ", ".join(words)


def diff_lines(change: Change, masker: Masker) -> list[str]:
    """The diff without its file header. If the host's file cannot be parsed, a line that says so."""
    spec = change.new.spec
    try:
        old = _without_rewriting(change, masker) or masked_text(spec, change.old.content, masker)
    except ParseError as error:
        place = f"line {error.line}, column {error.column}"
        return [
            f"the host's file cannot be read as {spec.format.upper()} ({place}: {error.problem}); its text is not shown"
        ]
    new = masked_text(spec, change.new.content, masker)
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=3)
    return [line for line in lines if not line.startswith(("--- ", "+++ "))]


def _without_rewriting(change: Change, masker: Masker) -> str:
    """The old side for a file that the managed system rewrote: what differs in meaning, without the defaults that it
    added.

    Empty if that is unknown: somebody else wrote the file, or whole list items were added or removed.
    """
    spec, tree = change.new.spec, None
    if change.drift and change.drift.by == "runner" and change.new.content is not None:
        tree = service_of(spec.service).parse(spec, change.new.content)
    if tree is None or any(not _put(tree, key_change.key, key_change.old) for key_change in change.key_changes):
        return ""
    service = service_of(spec.service)
    return service.dump(masker.tree(service, tree)).decode()


def _put(tree: Tree, key: Key, value: Value) -> bool:
    """Sets a value, or removes it if it is None. Returns whether there is such a place."""
    place: Value = tree
    for part in key[:-1]:
        if isinstance(place, dict) and isinstance(part, str):
            place = place.setdefault(part, {})
        elif isinstance(place, list) and isinstance(part, int) and part < len(place):
            place = place[part]
        else:
            return False
    if not isinstance(place, dict) or isinstance(key[-1], int):
        return False
    place.pop(key[-1], None)
    if value is not None:
        place[key[-1]] = value
    return True


def masked_text(spec: FileSpec, content: bytes | None, masker: Masker) -> str:
    """A file in canonical form with every secret masked; empty for a file that does not exist."""
    if content is None:
        return ""
    service = service_of(spec.service)
    tree = service.parse(spec, content)
    return service.dump(masker.tree(service, tree)).decode()
