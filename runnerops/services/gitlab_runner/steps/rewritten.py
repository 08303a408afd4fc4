"""Whether the runner wrote config.toml at the moment of a swap, and what it wrote. Pure: builds the steps that ask the
host.

A runner that replaces its token writes the whole file from memory. If it does so before it has loaded our file, the
result is the old configuration with a new token, and ours is lost. If it does so afterwards, only its own keys differ.
The host distinguishes the two by lines `KEY = VALUE` as the runner writes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from runnerops.model.common import Tree, Value
from runnerops.model.host_state import sha256
from runnerops.model.steps import Step
from runnerops.patterns import late_pattern
from runnerops.services.gitlab_runner.format import read
from runnerops.services.gitlab_runner.schema import HOST_OWNED, TABLES
from runnerops.services.gitlab_runner.version import Version, version_of
from runnerops.services.scripts import script
from runnerops.services.shared.durations import nanoseconds
from runnerops.services.steps import run

NO_MATTER = (
    f"({'|'.join(HOST_OWNED)}|user) = .*"
    r'|.* = (0|0\.0|""|false|\[\]|0001-01-01T00:00:00Z)|concurrent = 1|connection_max_age = "15m0s"'
    r'|session_timeout = 1800|log_level = "info"|log_format = "runner"'
)
"""Lines that say nothing: the runner's own keys, and the defaults that it adds."""

_NEW, _OLD = "runner.new", "runner.old"
_SECOND = 10**9
"""In nanoseconds."""

_BARE = late_pattern(r"[A-Za-z0-9_-]+")


def files(old: bytes | None, new: bytes | None, version: Version) -> Mapping[str, bytes]:
    """Both contents as lines with which the scripts compare. A runner of this version drops keys that it
    does not know.
    """
    versions = ((_NEW, new), (_OLD, old))
    return {name: _text(read(content), version) for name, content in versions if content is not None}


def is_there(path: str, new: bytes | None) -> Step:
    """Used after the swap and the load: succeeds for that file, and for what the runner makes of it."""
    argv = script("runner-wrote.sh", "--kept", path, sha256(new), _NEW, NO_MATTER)
    return run(10, *argv, title=f"verify that {path} still has the new content")


def taken_back(path: str, new: bytes | None) -> Step:
    """Used before the swap of a rollback."""
    argv = script("runner-wrote.sh", "--taken-back", path, sha256(new), _OLD, NO_MATTER)
    return run(10, *argv, title=f"check whether gitlab-runner has written the old {path} back itself")


def _text(tree: Tree, version: Version) -> bytes:
    return "".join(f"{line}\n" for line in _table("config", tree, version)).encode()


def _table(table: str, tree: Tree, version: Version) -> Iterator[str]:
    for name, value in tree.items():
        known_key = TABLES[table].get(name)
        if known_key is None or (version and version < version_of(known_key.since)):
            continue
        kind, _, below = known_key.kind.partition(" ")
        if kind in {"table", "[table"}:
            for item in value if isinstance(value, list) else [value]:
                yield from _table(below.rstrip("]"), item, version) if isinstance(item, dict) else ()
        elif kind == "str|[str]" and isinstance(value, str):
            yield from _leaves(name, [value])
        else:
            yield from _leaves(name, _long(value) if kind == "duration" else value)


def _leaves(name: str, value: Value) -> Iterator[str]:
    if isinstance(value, dict):
        for below, item in value.items():
            yield from _leaves(below, item)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for item in value:
            yield from _leaves(name, item)
    else:
        yield f"{name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)} = {_written(value)}"


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(_written(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


def _long(value: Value) -> Value:
    """A duration as Go writes it: `15m` is `15m0s`."""
    length = nanoseconds(value) if isinstance(value, str) else None
    if length is None or length < _SECOND or length % _SECOND:
        return value
    minutes, seconds = divmod(length // _SECOND, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{seconds}s" if hours else f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
