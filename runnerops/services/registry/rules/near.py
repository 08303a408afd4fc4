"""Names the key that is meant by one which a registry does not read, and where a key belongs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from runnerops.model.common import Key, Tree, Value
from runnerops.parsing.near import question, similar_names
from runnerops.services.registry.rules.found import Found
from runnerops.services.registry.schema import Shape

_NEAR = 0.8
"""How similar a misspelt key is to a known one, of 1."""

_MEANT: Mapping[str, str] = {
    "address": "addr",
    "accesskeyid": "accesskey",
    "adress": "addr",
    "awsaccesskeyid": "accesskey",
    "awssecretaccesskey": "secretkey",
    "certfile": "certificate",
    "crt": "certificate",
    "endpoint": "regionendpoint",
    "keyfile": "key",
    "listen": "addr",
    "mirror": "proxy",
    "proxies": "proxy",
    "secretaccesskey": "secretkey",
    "upstream": "remoteurl",
    "file": "path",
    "uri": "url",
    "url": "remoteurl uri",
}
"""By name: the keys, as words, of which one is meant by it in a table that has it, although the two are not alike."""

_SHORT = 4
"""If two names begin with the same letters, at least this many, one may be meant by the other."""


def near_keys(name: str, known_names: Iterable[str]) -> tuple[str, ...]:
    """The known keys that a name may stand for: the one that continues it, else some that differ by a few letters, else
    one that begins like it.

    The keys of a registry have no `_` and no `-`, so these do not count in a name.
    """
    names = [known_name for known_name in known_names if known_name != "*"]
    plain = name.replace("_", "").replace("-", "").lower()
    if plain not in names and (meant := [meant for meant in _MEANT.get(plain, "").split() if meant in names]):
        return tuple(meant)
    longer = [name for name in names if len(plain) >= _SHORT and name.startswith(plain)]
    if len(longer) == 1 and plain not in names:
        return tuple(longer)
    return similar_names(plain, names, _NEAR) or tuple(name for name in names if _begins_like(plain, name))[:1]


def slips(given_names: Iterable[str], names: Sequence[str]) -> set[str]:
    """Names that are missing only because they are misspelt, as the rule about unknown keys reports."""
    return {
        meant_name
        for given_name in given_names
        if given_name not in names
        for meant_name in near_keys(given_name, names)
    }


def as_meant(shape: Mapping[str, Shape], tree: Tree) -> tuple[Tree, Mapping[Key, str]]:
    """Returns a file as if its misspelt keys, which another rule reports, were right; and the place of each of these there
    with its name in the file.
    """
    names: dict[Key, str] = {}
    return _as_meant(shape, tree, (), names), names


def _as_meant(shape: Mapping[str, Shape], tree: Tree, key: Key, names: dict[Key, str]) -> Tree:
    meant_tree: Tree = {}
    for name, value in tree.items():
        unknown = name not in shape and "*" not in shape and not name.startswith("x-")
        meant_name = next(iter(near_keys(name, shape)), name) if unknown else name
        if meant_name != name and (meant_name in tree or meant_name in meant_tree):
            meant_name = name
        elif meant_name != name:
            names[*key, meant_name] = name
        meant_tree[meant_name] = _below(shape.get(meant_name, shape.get("*")), value, (*key, meant_name), names)
    return meant_tree


def _below(shape: Shape | None, value: Value, key: Key, names: dict[Key, str]) -> Value:
    if isinstance(shape, dict) and isinstance(value, dict):
        return _as_meant(shape, value, key, names)
    if isinstance(shape, list) and isinstance(value, list):
        return [_below(shape[0], item, (*key, index), names) for index, item in enumerate(value)]
    return value


def _begins_like(name: str, known_name: str) -> bool:
    return min(len(name), len(known_name)) >= _SHORT and (name.startswith(known_name) or known_name.startswith(name))


def places_of(shape: Mapping[str, Shape], key: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yields the path of every key that has a name."""
    for name, inner in shape.items():
        if name != "*":
            yield (*key, name)
            if isinstance(inner, dict):
                yield from places_of(inner, (*key, name))


def unread(
    known_keys: Mapping[int, frozenset[str]] | None, table: Tree, major: int, key: Key, *, any_case: bool = False
) -> Found:
    """Finds keys that are not read in a table that accepts any. `known_keys`: what each major reads; None if unknown."""
    if known_keys is None:
        return
    every = frozenset[str]().union(*known_keys.values())
    read_keys = known_keys.get(major, every)
    for name in table:
        plain = name.lower() if any_case else name
        if plain in read_keys:
            continue
        if plain in every:
            yield "C001", "warning", (*key, name), f"registry {major} ignores it", "take it out"
        elif meant_names := near_keys(name, sorted(read_keys)):
            yield (
                "C001",
                "error",
                (*key, name),
                f"unknown key, {question(meant_names)}",
                f"write {' or '.join(meant_names)}",
            )
        else:
            yield "C001", "warning", (*key, name), "unknown key, which the registry ignores", "take it out"
