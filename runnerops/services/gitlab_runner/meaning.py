"""What a difference between two config.toml means: which keys really differ, and which runner is which. Pure.

The runner rewrites the whole file when it rotates a token: comments go, keys move, defaults appear. None of that is a
change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from runnerops.model import Edit, FileSpec, Key, Tree, Value
from runnerops.services.gitlab_runner.document import runners_of
from runnerops.services.gitlab_runner.keys import HOST_OWNED, POINTERS

_DEFAULTS: Mapping[Key, Value] = {
    ("concurrent",): 1,
    ("connection_max_age",): "15m0s",
    ("session_server", "session_timeout"): 1800,
    ("log_level",): "info",
    ("log_format",): "runner",
}
"""What the runner writes, or takes, for a key that is not there, where that is not the zero of its type."""


_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def edits(spec: FileSpec, old: Tree, new: Tree) -> tuple[Edit, ...]:  # noqa: ARG001
    """Keys that differ in meaning. `user` is the unit's, a token that one side does not give is the other's."""
    found = list(_differences(_general(old), _general(new), ()))
    before, after = runners_of(old), runners_of(new)
    partners = match(before, after)
    for index, runner in enumerate(after):
        partner = partners.get(index)
        key = ("runners", index)
        if partner is None:
            found.append(Edit(key, None, runner))
        else:
            found += _differences(_asked(before[partner]), _asked(runner), key)
            found += _token_edit(before[partner], runner, key)
    gone = (index for index in range(len(before)) if index not in partners.values())
    found += (Edit(("runners", index), before[index], None) for index in gone)
    return tuple(found)


def match(have: Sequence[Tree], want: Sequence[Tree]) -> dict[int, int]:
    """For each wanted runner, by index, the one it is on the host: by token, else id, else name and url."""
    partners: dict[int, int] = {}
    for tell in (_by_token, _by_id, _by_name):
        for index, runner in enumerate(want):
            mark = tell(runner)
            if index in partners or mark is None:
                continue
            free = [other for other in range(len(have)) if other not in partners.values() and tell(have[other]) == mark]
            if len(free) == 1:
                partners[index] = free[0]
    return partners


def rivals(have: Sequence[Tree], runner: Tree) -> list[int]:
    """Those on the host that have this runner's name and url: more than one, and nobody can tell which it is."""
    return [index for index, other in enumerate(have) if _by_name(other) == _by_name(runner)]


def _by_token(runner: Tree) -> object:
    return runner.get("token") or None


def _by_id(runner: Tree) -> object:
    return runner.get("id") or None


def _by_name(runner: Tree) -> object:
    return runner.get("name"), normal_url(runner.get("url"))


def normal_url(url: Value) -> Value:
    """Scheme and host in lower case, no slash at the end."""
    if not isinstance(url, str):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), parts.path.rstrip("/"), parts.query, parts.fragment))


def _general(tree: Tree) -> Tree:
    return {name: value for name, value in tree.items() if name not in {"runners", "user"}}


def _asked(runner: Tree) -> Tree:
    return {name: value for name, value in runner.items() if name not in HOST_OWNED}


def _token_edit(old: Tree, new: Tree, key: Key) -> Iterator[Edit]:
    before, after = old.get("token"), new.get("token")
    if before and after and before != after:
        yield Edit((*key, "token"), before, after)


def _differences(old: Value, new: Value, key: Key) -> Iterator[Edit]:
    if isinstance(old, dict) or isinstance(new, dict):
        before = old if isinstance(old, dict) else {}
        after = new if isinstance(new, dict) else {}
        for name in dict.fromkeys((*before, *after)):
            yield from _differences(before.get(name), after.get(name), (*key, name))
    elif _tables(old) and _tables(new) and len(old) == len(new):  # type: ignore[arg-type]
        assert isinstance(old, list)
        assert isinstance(new, list)
        for index, pair in enumerate(zip(old, new, strict=True)):
            yield from _differences(*pair, (*key, index))
    elif _normal(key, old) != _normal(key, new):
        yield Edit(key, old, new)


def _tables(value: Value) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _normal(key: Key, value: Value) -> Value:
    """The value in one form, or None for what means the same as no key at all."""
    if _means_nothing(key, value):
        return None
    if key[-1] == "url":
        return normal_url(value)
    if key[-1] == "pull_policy" and isinstance(value, str):
        return [value]
    return _seconds(value) if isinstance(value, str) else value


def _means_nothing(key: Key, value: Value) -> bool:
    default = _DEFAULTS.get(key)
    if value is None or (value == default and type(value) is type(default)):
        return True
    if isinstance(value, str) and isinstance(default, str):
        return _seconds(value) == _seconds(default)
    if isinstance(value, datetime):
        return value.year == 1
    if key[-1] in POINTERS or "feature_flags" in key:  # a flag that is on by default is turned off by `false`
        return value in ("", [], {})
    return default is None and value in (0, "", [], {})  # `false` is 0 too


def _seconds(text: str) -> Value:
    """`15m` and `15m0s` are one duration; other texts are themselves."""
    found = _DURATION.fullmatch(text)
    if not text or not found:
        return text
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return f"{hours * 3600 + minutes * 60 + seconds} seconds"
