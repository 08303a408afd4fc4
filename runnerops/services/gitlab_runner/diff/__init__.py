"""Which keys of two config.toml differ in meaning. Pure.

The runner rewrites the whole file when it replaces a token: comments disappear, keys move, defaults appear. None of
this is a change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runnerops.model.common import Key, Tree, Value, value_at
from runnerops.model.plan import KeyChange
from runnerops.services.gitlab_runner.diff.matching import match, match_equals, normal_url
from runnerops.services.gitlab_runner.format import runners_of
from runnerops.services.gitlab_runner.schema import HOST_OWNED, TABLES, Known
from runnerops.services.shared.durations import nanoseconds

_DEFAULTS: Mapping[Key, Value] = {
    ("concurrent",): 1,
    ("connection_max_age",): "15m0s",
    ("session_server", "session_timeout"): 1800,
    ("log_level",): "info",
    ("log_format",): "runner",
}
"""What the runner writes or uses for a missing key, if that is not the zero value of its type."""

_UNKNOWN = Known("any", zero_counts=True)


def key_changes(old: Tree, new: Tree) -> tuple[KeyChange, ...]:
    """Keys that differ in meaning. `user` is decided by the unit; a token that `new` does not give belongs
    to the host.
    """
    changes = list(_of_table("config", _general(old), _general(new), ()))
    before, after = runners_of(old), runners_of(new)
    partners = match_equals(before, after, match(before, after), distance)
    for index, runner in enumerate(after):
        partner = partners.get(index)
        key = ("runners", index)
        if partner is None:
            changes.append(KeyChange(key, None, runner))
        else:
            changes += _of_table("runner", _without_hosts_keys(before[partner]), _without_hosts_keys(runner), key)
            changes += _of_token(before[partner], runner, key)
    removed = (index for index in range(len(before)) if index not in partners.values())
    changes += (KeyChange(("runners", index), before[index], None) for index in removed)
    return tuple(changes)


def counterpart(key_change: KeyChange, old: Tree, new: Tree, base: Tree) -> Value:
    """The value at the same place; for a runner, in the block that is the same runner."""
    if len(key_change.key) < 2 or key_change.key[0] != "runners":
        return value_at(base, key_change.key)
    is_removed = len(key_change.key) == 2 and key_change.new is None
    index, base_runners = int(key_change.key[1]), runners_of(base)
    partner = match(base_runners, runners_of(old if is_removed else new)).get(index)
    return None if partner is None else value_at(base_runners[partner], key_change.key[2:])


def owns(key: Key) -> bool:
    """Whether gitlab-runner writes the key itself: tokens, ids and dates."""
    return len(key) == 3 and key[0] == "runners" and key[2] in HOST_OWNED


def distance(old: Tree, new: Tree) -> int:
    """The number of keys in which two runners differ, without keys that belong to the host."""
    return sum(1 for _ in _of_table("runner", _without_hosts_keys(old), _without_hosts_keys(new), ("runners", 0)))


def _general(tree: Tree) -> Tree:
    """The tree without runners and without `user`, because at each load the `--user` of the unit replaces it."""
    return {name: value for name, value in tree.items() if name not in {"runners", "user"}}


def _without_hosts_keys(runner: Tree) -> Tree:
    return {name: value for name, value in runner.items() if name not in HOST_OWNED}


def _of_token(old: Tree, new: Tree, key: Key) -> Iterator[KeyChange]:
    before, after = old.get("token"), new.get("token")
    if "token" in new and (before or "") != (after or ""):
        yield KeyChange((*key, "token"), before, after)


def _of_table(table: str, old: Tree, new: Tree, key: Key) -> Iterator[KeyChange]:
    for name in dict.fromkeys((*old, *new)):
        known_file = TABLES[table].get(name, _UNKNOWN)
        yield from _of_key(known_file, old.get(name), new.get(name), (*key, name))


def _of_key(known_file: Known, old: Value, new: Value, key: Key) -> Iterator[KeyChange]:
    kind, _, table = known_file.kind.partition(" ")
    if kind == "table" and _is_table(old) and _is_table(new):
        yield from _of_table(table, _tree(old), _tree(new), key)
    elif kind == "[table" and isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _of_table(table[:-1], _tree(before), _tree(after), (*key, index))
    elif kind.startswith("{") and _is_table(old) and _is_table(new):
        yield from _of_pairs(_tree(old), _tree(new), key)
    elif kind == "tree" and _is_table(old) and _is_table(new):
        yield from _of_loose(_tree(old), _tree(new), key)
    elif _normal(known_file, key, old) != _normal(known_file, key, new):
        yield KeyChange(key, old, new)


def _of_pairs(old: Tree, new: Tree, key: Key) -> Iterator[KeyChange]:
    """The user's own keys. The runner adds none, so an empty value counts like any other."""
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield KeyChange((*key, name), old.get(name), new.get(name))


def _of_loose(old: Value, new: Value, key: Key) -> Iterator[KeyChange]:
    """An unknown table. A zero value counts if it is asked for; if only the host has it, the runner may
    have added it.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys((*old, *new)):
            yield from _of_loose(old.get(name), new.get(name), (*key, name))
    elif isinstance(old, dict) and new is None:
        yield from _of_loose(old, {}, key)
    elif old != new and not (new is None and old in (0, "", [])):
        yield KeyChange(key, old, new)


def _is_table(value: Value) -> bool:
    return value is None or isinstance(value, dict)


def _tree(value: Value) -> Tree:
    return value if isinstance(value, dict) else {}


def _normal(known_file: Known, key: Key, value: Value) -> object:
    """The value in a normal form. A missing key and values with the same meaning as it give its default."""
    default = _DEFAULTS.get(key)
    time = nanoseconds(value) if known_file.kind == "duration" and isinstance(value, str) else None
    if value is None or (time is not None and time == nanoseconds(str(default))):
        return default
    if not known_file.zero_counts and (value in (0, "", [], {}) or time == 0):  # `false` equals 0 too
        return default
    if known_file.kind == "str|[str]" and isinstance(value, str):
        return [value]
    if time is not None:
        return time
    return normal_url(value) if key[-1] == "url" else value
