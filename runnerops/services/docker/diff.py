"""Whether two daemon.json mean the same, and what is loaded in a host's daemon. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from runnerops.model.common import Key, Tree, Value, value_at
from runnerops.model.facts import DockerFacts
from runnerops.model.host_state import HostState
from runnerops.model.inventory import FileSpec
from runnerops.model.plan import KeyChange
from runnerops.services.base import ParseError
from runnerops.services.docker.format import NAME, PATH, parse
from runnerops.services.docker.schema import STICKY, key_of_flag, mirrors_of, neutral

_SPEC = FileSpec(NAME, PATH, "daemon.json.j2", "json")


def key_changes(old: Tree, new: Tree) -> tuple[KeyChange, ...]:
    """Keys whose meaning differs. A neutral value equals a missing key; mirrors are compared as dockerd normalises
    them.
    """
    return tuple(_key_changes((), old, new))


def counterpart(key_change: KeyChange, base: Tree) -> Value:
    """The value at the same place: keys of daemon.json never move."""
    return value_at(base, key_change.key)


def differ(old: Tree, new: Tree) -> bool:
    """Whether two trees mean different things to dockerd."""
    return next(_key_changes((), old, new), None) is not None


def _key_changes(key: Key, old: Tree, new: Tree) -> Iterator[KeyChange]:
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name), new.get(name)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _key_changes((*key, name), before, after)
        elif not _same("" if key else name, before, after):
            yield KeyChange((*key, name), before, after)


def _same(name: str, before: Value, after: Value) -> bool:
    if neutral(name, before) or neutral(name, after):
        return neutral(name, before) and neutral(name, after)
    if name == "registry-mirrors" and isinstance(before, list) and isinstance(after, list):
        return mirrors_of(before) == mirrors_of(after)
    return type(before) is type(after) and before == after  # `1` is not the same as `true`


def flags(docker: DockerFacts | None) -> frozenset[str]:
    """The keys that the unit sets as flags of dockerd."""
    argv = docker.unit.argv[1:] if docker else ()
    return frozenset(filter(None, map(key_of_flag, argv)))


def flag_values(docker: DockerFacts | None) -> Mapping[str, str]:
    """The values that the unit gives for flags with a value; of repeated flags the last one."""
    argv = docker.unit.argv[1:] if docker else ()
    keys: dict[str, str] = {}
    for word, following in pairwise((*argv, "")):
        if name := key_of_flag(word):
            long, equals, value = word.partition("=")
            attached = value if equals else ("" if long.startswith("--") else word[2:])
            keys[name] = attached or ("" if following.startswith("-") else following)
    return keys


def given_features(docker: DockerFacts | None) -> Mapping[str, bool]:
    """The feature flags that the unit gives as flags of dockerd: `--feature NAME` or `--feature NAME=false`."""
    argv = docker.unit.argv[1:] if docker else ()
    words = (
        word.partition("=")[2] or following
        for word, following in pairwise((*argv, ""))
        if key_of_flag(word) == "features"
    )
    pairs = (word.partition("=") for word in words)
    return {name: value.lower() not in {"false", "0", "f"} for name, _, value in pairs}


def path_of(observed: HostState) -> str:
    """The file that this host's dockerd reads."""
    path = PATH
    argv = observed.facts.docker.unit.argv if observed.facts.docker else ()
    for word, following in pairwise((*argv, "")):
        if word.startswith("--config-file="):
            path = word.partition("=")[2]
        elif word == "--config-file":
            path = following
    return path or PATH


def read(content: bytes | None) -> Tree | None:
    """The tree of a file; None if there is no file, or it cannot be read."""
    if content is None:
        return None
    try:
        return parse(content)
    except ParseError:
        return None


def tree_of(content: bytes | None) -> Tree:
    """Like `read`, but an empty tree if there is no file, or it cannot be read."""
    return read(content) or {}


def loaded(docker: DockerFacts | None) -> Tree:
    """The loaded values that the daemon tells, without those that its unit sets as flags."""
    if docker is None:
        return {}
    tree: Tree = {}
    if docker.mirrors is not None:
        tree["registry-mirrors"] = list(docker.mirrors)
    if docker.live_restore is not None:
        tree["live-restore"] = docker.live_restore
    return {name: value for name, value in tree.items() if name not in flags(docker)}


def sticking(desired: Tree, old: Tree, loaded_keys: Tree, as_flags: frozenset[str]) -> Tree:
    """Neutral values for keys that would stay loaded after a reload if they were only removed from the file."""
    return {
        key.name: key.neutral
        for key in STICKY
        if key.name not in desired
        and key.neutral is not None
        and key.name not in as_flags
        and (key.name in old or not neutral(key.name, loaded_keys.get(key.name)))
    }
