"""Where an adopted host goes: the inventory as it is, and what of it concerns this host. Reads the inventory's file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from runnerops.adopt.target import host_at, is_login
from runnerops.errors import InventoryError, RunneropsError, UsageError
from runnerops.inventory import load, the_host
from runnerops.inventory.document import Document, child
from runnerops.inventory.drafts import inherited, tree
from runnerops.inventory.load import read_document
from runnerops.inventory.nodes import Node, parse
from runnerops.inventory.problems import Problems
from runnerops.model.common import ServiceName, Tree
from runnerops.model.inventory import Host, Inventory

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Place:
    """`content` is the file's, empty where there is none. `host` has no section: it is only looked at.

    `known`: the file has the host, and with it the sections in `own`. `inherited` is what it has from defaults and groups.
    """

    path: Path
    content: bytes = field(repr=False)
    loaded: Inventory
    host: Host
    known: bool
    own: frozenset[ServiceName] = frozenset()
    inherited: Tree = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The file's, without a byte order mark."""
        return self.content.decode("utf-8-sig")

    def content_of(self, text: str) -> bytes:
        """The bytes of a file like this one with another text."""
        return (_BOM if self.content.startswith(_BOM) else b"") + text.encode()


def find_place(path: Path, target: str, name: str) -> Place:
    """Raises UsageError where neither the inventory nor the target says which host is meant."""
    if is_login(target):
        return _new(path, host_at(target, name))
    if name:
        raise UsageError(f"--name {name}: a host of the inventory has a name", "--name is for USER@ADDRESS")
    if not path.exists():
        hint = f"name a login, as in `runnerops adopt USER@{target}`: --write then makes {path.name}"
        raise UsageError(f"{path}: no such inventory", hint)
    loaded = load(path)
    host = the_host(loaded, target)
    read = read_document(path)
    own = frozenset(service for service in ServiceName if child(read.hosts[host.name], service.value) is not None)
    return Place(path, path.read_bytes(), loaded, _bare(host), True, own, _inherited(read, host.name))


def _new(path: Path, host: Host) -> Place:
    if not path.exists():
        return Place(path, b"", Inventory(str(path), (host,), {}), host, False)
    try:
        loaded, read = load(path), read_document(path)
    except InventoryError:  # one without a host yet; what else is wrong is told when the host is in it
        return Place(path, path.read_bytes(), Inventory(str(path), (host,), {}), host, False)
    if any(host.name in (one.name, one.address) for one in loaded.hosts):
        there = next(one.name for one in loaded.hosts if host.name in (one.name, one.address))
        hint = f"`runnerops adopt {there}` adds what it lacks; another host needs a name of its own: --name NAME"
        raise UsageError(f"{host.name} is in {path} already", hint)
    return Place(path, path.read_bytes(), loaded, host, False, inherited=_inherited(read, host.name))


def _bare(host: Host) -> Host:
    return replace(host, sections={}, caches=(), locations={}, wired=False, stopped=frozenset(), renamed={}, keep={})


def _inherited(read: Document, name: str) -> Tree:
    found = tree(inherited(read, name), (), {})
    return found if isinstance(found, dict) else {}


def only_adds(place: Place, text: str) -> bool:
    """Whether the text says all that the file says now, and differs in what it says of this host alone."""
    return _others(place.text, place) == _others(text, place)


def _others(text: str, place: Place) -> object:
    """All values, without what this command puts there."""
    try:
        found = _values(parse(text, str(place.path), Problems())) if text.strip() else {}
    except RunneropsError:  # an inventory that has nothing yet
        return {}
    hosts = found.get("hosts") if isinstance(found, dict) else None
    rest = {key: value for key, value in found.items() if key != "hosts"} if isinstance(found, dict) else {}
    kept = dict(hosts) if isinstance(hosts, dict) else {}
    mine = kept.pop(place.host.name, None)
    added = {service.value for service in ServiceName if service not in place.own}
    own = (
        {key: value for key, value in mine.items() if key not in added}
        if place.known and isinstance(mine, dict)
        else {}
    )
    return rest, kept, own


def _values(node: Node) -> object:
    if isinstance(node.value, dict):
        return {name: _values(item) for name, item in node.value.items()}
    if isinstance(node.value, tuple):
        return [_values(item) for item in node.value]
    return str(node.value)
