"""Whether two files of a cache mean the same. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.common import Key, Tree, Value, value_at
from runnerops.model.inventory import FileSpec
from runnerops.model.plan import KeyChange
from runnerops.parsing.go_yaml import text_of
from runnerops.services.registry.format import COMPOSE_TEMPLATE


def key_changes(spec: FileSpec, old: Tree, new: Tree) -> tuple[KeyChange, ...]:
    """Keys whose meaning differs. Null equals a missing key, and Compose's two notations of pairs are equal."""
    return tuple(_key_changes((), plain(spec, old), plain(spec, new)))


def counterpart(spec: FileSpec, key_change: KeyChange, base: Tree) -> Value:
    """The value at the same place, in the form that `key_changes` compares."""
    return value_at(plain(spec, base), key_change.key)


def plain(spec: FileSpec, tree: Tree) -> Tree:
    """A file in the form that is compared."""
    return plain_compose(tree) if spec.template == COMPOSE_TEMPLATE else _config(tree)


def _key_changes(key: Key, old: Tree, new: Tree) -> Iterator[KeyChange]:
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name), new.get(name)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _key_changes((*key, name), before, after)
        elif _kind(before) is not _kind(after) or before != after:
            yield KeyChange((*key, name), before, after)


def _kind(value: Value) -> type:
    """The type of a value, however it is written: `0.50` is the same as `0.5`, but `1` is not the same as `true`."""
    return next((kind for kind in (bool, int, float, str) if isinstance(value, kind)), type(value))


def _config(tree: Tree) -> Tree:
    proxy = tree.get("proxy")
    if not isinstance(proxy, dict) or not isinstance(proxy.get("remoteurl"), str):
        return tree
    return {**tree, "proxy": {**proxy, "remoteurl": str(proxy["remoteurl"]).rstrip("/")}}


def plain_compose(tree: Tree) -> Tree:
    """A Compose file in one form: pairs as mappings of texts, without `version`, which Compose ignores."""
    services = tree.get("services")
    plain = {name: value for name, value in tree.items() if name != "version"}
    if isinstance(services, dict):
        plain["services"] = {name: _service(service) for name, service in services.items()}
    return plain


def _service(service: Value) -> Value:
    if not isinstance(service, dict):
        return service
    plain = dict(service)
    for name in ("environment", "labels"):
        if name in plain:
            plain[name] = _pairs(plain[name])
    if isinstance(ports := plain.get("ports"), list):
        plain["ports"] = [port if isinstance(port, dict) else str(port) for port in ports]
    return plain


def _pairs(value: Value) -> Value:
    if isinstance(value, list):
        return {name: text if equals else None for name, equals, text in (str(item).partition("=") for item in value)}
    if isinstance(value, dict):
        return {name: item if item is None else _text(item) for name, item in value.items()}
    return value


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return text_of(value) if isinstance(value, int | float) else str(value)
