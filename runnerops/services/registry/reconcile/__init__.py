"""When two files of a cache mean the same, and what becomes of files that are asked for no more. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from runnerops.model.common import ABSENT, Key, Tree, Value
from runnerops.model.host_state import HostState
from runnerops.model.inventory import FileSpec, Host, RenderedFile
from runnerops.model.plan import Blocker, KeyChange
from runnerops.services.base import ParseError, value_at
from runnerops.services.keep import keep
from runnerops.services.registry.format import COMPOSE_TEMPLATE, CONFIG_TEMPLATE, NAME, dump, parse, spec_at
from runnerops.services.registry.label import config_sha256

_FILE = re.compile(r"registry-config(?:\..+)?\.yml|docker-compose\.yml")


def key_changes(spec: FileSpec, old: Tree, new: Tree) -> tuple[KeyChange, ...]:
    """Keys whose meaning differs; null equals no key, and Compose's two ways to write pairs are one."""
    return tuple(_key_changes((), _plain(spec, old), _plain(spec, new)))


def counterpart(spec: FileSpec, key_change: KeyChange, base: Tree) -> Value:
    """The same place, in the one form that `edits` compares."""
    return value_at(_plain(spec, base), key_change.key)


def _plain(spec: FileSpec, tree: Tree) -> Tree:
    return plain_compose(tree) if spec.template == COMPOSE_TEMPLATE else _config(tree)


def _key_changes(key: Key, old: Tree, new: Tree) -> Iterator[KeyChange]:
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name), new.get(name)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _key_changes((*key, name), before, after)
        elif type(before) is not type(after) or before != after:
            yield KeyChange((*key, name), before, after)


def _config(tree: Tree) -> Tree:
    proxy = tree.get("proxy")
    if not isinstance(proxy, dict) or not isinstance(proxy.get("remoteurl"), str):
        return tree
    return {**tree, "proxy": {**proxy, "remoteurl": str(proxy["remoteurl"]).rstrip("/")}}


def plain_compose(tree: Tree) -> Tree:
    """A Compose file in one form: pairs as mappings of texts, no `version`, which Compose ignores."""
    services = tree.get("services")
    plain = {name: value for name, value in tree.items() if name != "version"}
    if isinstance(services, dict):
        plain["services"] = {name: _service(one) for name, one in services.items()}
    return plain


def _service(one: Value) -> Value:
    if not isinstance(one, dict):
        return one
    plain = dict(one)
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
    return str(value).lower() if isinstance(value, bool) else str(value)


def read(content: bytes | None) -> Tree | None:
    """The tree of a file; None where there is none, or none that can be read."""
    if content is None:
        return None
    try:
        return parse(content)
    except ParseError:
        return None


def reconcile(
    host: Host, rendered: Sequence[RenderedFile], observed: HostState
) -> tuple[tuple[RenderedFile, ...], tuple[Blocker, ...]]:
    """The host's own bytes where they mean what is asked; files of ours that nothing asks for go."""
    if NAME not in host.sections:
        return (), ()
    kept = _kept(rendered, observed, host.keep.get(NAME, ()))
    return (*(_settled(file, observed) for file in kept), *_leaving(rendered, observed)), ()


def _kept(rendered: Sequence[RenderedFile], observed: HostState, keys: Sequence[str]) -> Iterator[RenderedFile]:
    """The host's own at the dotted keys of `keep`, in whichever file has them. A config's checksum follows the config."""
    checksums: dict[bytes, bytes] = {}
    for file in rendered:
        desired, old = read(file.content), read(observed.file(file.spec.path).content)
        mine = desired if desired is None else keep(desired, _plain(file.spec, old or {}), keys)
        if desired is None or mine is None or not key_changes(file.spec, desired, mine):
            mine, content = desired, file.content or b""
        else:
            content = dump(mine)
        if file.spec.template == CONFIG_TEMPLATE and desired is not None and mine is not None:
            checksums[_checksum(desired)] = _checksum(mine)
        for before, after in checksums.items() if file.spec.template == COMPOSE_TEMPLATE else ():
            content = content.replace(before, after)
        yield replace(file, content=content)


def _checksum(config: Tree) -> bytes:
    return config_sha256(config).encode()


def _settled(file: RenderedFile, observed: HostState) -> RenderedFile:
    there = observed.file(file.spec.path).content
    desired, old = read(file.content), read(there)
    if desired is None or old is None or key_changes(file.spec, old, desired):
        return file
    return replace(file, content=there)


def is_our_file(path: str) -> bool:
    """Whether a path that runnerops applied is one of a cache's."""
    return _FILE.fullmatch(path.rpartition("/")[2]) is not None


def _leaving(rendered: Sequence[RenderedFile], observed: HostState) -> Iterator[RenderedFile]:
    """Only what runnerops applied is ever removed."""
    wanted = {file.spec.path for file in rendered}
    for path, sha in observed.applied.items():
        name = _FILE.fullmatch(path.rpartition("/")[2])
        if name and path not in wanted and sha != ABSENT and observed.file(path).kind == "file":
            yield RenderedFile(spec_at(path, observed.file(path).mode), None)
