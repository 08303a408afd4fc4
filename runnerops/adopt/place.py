"""Where an adopted host goes: the inventory as it is, and what of it concerns this host. Reads the inventory's file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from runnerops.adopt.target import check_apart, reached_alike
from runnerops.errors import InventoryError, RunneropsError, UsageError
from runnerops.inventory import checks, load, the_host
from runnerops.inventory.document import Document, child
from runnerops.inventory.drafts import inherited, tree
from runnerops.inventory.load import read_document
from runnerops.inventory.nodes import Node, parse
from runnerops.inventory.problems import Problems
from runnerops.inventory.sources import Where, folder_of, name_of, paths_of, read_sources
from runnerops.inventory.text import decode
from runnerops.model.common import ServiceName, Tree
from runnerops.model.inventory import Host, Inventory
from runnerops.services.base import Adopted

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Place:
    """`path` is the file that it goes into, `content` what that holds: nothing where there is none. `host` has no section.

    `known`: the file has the host, and with it the sections in `own`. `inherited` is what it has from defaults and groups.
    """

    path: Path
    content: bytes = field(repr=False)
    loaded: Inventory
    host: Host
    known: bool
    own: frozenset[ServiceName] = frozenset()
    inherited: Tree = field(default_factory=dict)
    where: Where = ()
    """The whole inventory, where that is more than `path`."""

    @property
    def folder(self) -> Path:
        """What is beside the inventory."""
        return folder_of(self.where or self.path)

    def load(self, content: bytes) -> Inventory:
        """The whole inventory with this content in the file. Raises InventoryError."""
        return load(self.where or self.path, {self.path: content})

    @property
    def text(self) -> str:
        """The file's, without a byte order mark. Raises InventoryError where it is none."""
        return decode(self.content, str(self.path), Problems())

    def content_of(self, text: str) -> bytes:
        """The bytes of a file like this one with another text."""
        return (_BOM if self.content.startswith(_BOM) else b"") + text.encode()

    @property
    def is_empty(self) -> bool:
        """Whether the inventory is this file alone, and has neither a host nor defaults yet."""
        found = _said(self.text, self.path)
        return not (self.where or found.get("hosts") or found.get("defaults"))


@dataclass(frozen=True, slots=True)
class Found:
    """Where a host goes, and what each service makes of it."""

    place: Place
    adopted: Mapping[ServiceName, Adopted]

    @property
    def name(self) -> str:
        """The host's."""
        return self.place.host.name

    @property
    def has_section(self) -> bool:
        """Whether there is something that the inventory does not say yet."""
        return any(one.section is not None for one in self.adopted.values())

    def with_docker(self, adopted: Adopted) -> Found:
        """With another section for Docker."""
        return replace(self, adopted={**self.adopted, ServiceName.DOCKER: adopted})


def find_places(where: Where, targets: Sequence[Host | str], group: str = "") -> tuple[Place, ...]:
    """Where each of these hosts goes. Raises UsageError as `find_place` does, and where two are one."""
    places: list[Place] = []
    for target in targets:
        place = find_place(where, target)
        _said(place.text, place.path)  # what is no text is told before a host is asked
        check_apart(place.host, [other.host for other in places])
        places.append(place)
    if len({place.path for place in places}) > 1:
        hint = "adopt those of one file at a time"
        raise UsageError(f"{', '.join(str(place.path) for place in places)}: the hosts go into several files", hint)
    if group:
        _check_group(group, places)
    return tuple(places)


def known_names(where: Where) -> frozenset[str]:
    """Names and addresses of the hosts that the inventory has; none where there is none yet. Raises InventoryError."""
    path = paths_of(where)[0]
    if not path.exists():
        return frozenset()
    if path.is_file() and not _mapping(_said(decode(path.read_bytes(), str(path), Problems()), path).get("hosts")):
        return frozenset()
    return frozenset(text for host in load(where).hosts for text in (host.name, host.address))


def _check_group(group: str, places: Sequence[Place]) -> None:
    try:
        checks.name(group)
    except checks.Refused as error:
        raise UsageError(f"--group {group}: {error.text}", error.hint or "write another name") from None
    taken = _said(places[0].text, places[0].path)
    elsewhere = places[0].loaded.groups if places[0].where else ()
    if group in {place.host.name for place in places} or any(
        group in names for names in (_mapping(taken.get("groups")), _mapping(taken.get("hosts")), elsewhere)
    ):
        raise UsageError(f"--group {group}: the inventory has that name already", "name a new group")
    for place in places:
        if place.known:
            hint = "leave it out, or leave --group out: its entry then says all by itself"
            raise UsageError(f"--group: {place.host.name} is in {place.path} already", hint)


def find_place(where: Where, target: Host | str) -> Place:
    """`target`: a host that is to be new, or the name of one of the inventory. Raises UsageError."""
    paths = paths_of(where)
    path = paths[0]
    several = len(paths) > 1 or path.is_dir()
    if isinstance(target, Host):
        return (
            replace(_new(where, _entry_file(where, target.name), target), where=where)
            if several
            else _new(path, path, target)
        )
    if not path.exists():
        hint = f"name a login, as in `runnerops adopt USER@{target}`: --write then makes {path.name}"
        raise UsageError(f"{path}: no such inventory", hint)
    loaded = load(where)
    host = the_host(loaded, target)
    read = read_document(where)
    own = frozenset(service for service in ServiceName if child(read.hosts[host.name], service.value) is not None)
    if several:
        path = _entry_file(where, host.name, read.hosts[host.name].location.file)
    return Place(path, path.read_bytes(), loaded, _bare(host), True, own, _inherited(read, host.name), where)


def _entry_file(where: Where, host: str, file: str = "") -> Path:
    """Of several files the one with the host in it, or the first that can take it. Raises UsageError."""
    whole = [one.path for one in read_sources(where, {}) if not one.part and file in ("", str(one.path))]
    if not whole:
        hint = "put the entry in by hand; a file with `hosts:` of its own takes one"
        raise UsageError(f"{host}: {file or name_of(where)} holds no `hosts:` that an entry could be put into", hint)
    return whole[0]


def _new(where: Where, path: Path, host: Host) -> Place:
    empty = Inventory(str(path), (host,), {}, folder_of(where))
    if not path.exists():
        return Place(path, b"", empty, host, False)
    try:
        loaded, read = load(where), read_document(where)
    except InventoryError:  # one without a host yet; what else is wrong is told when the host is in it, if it is YAML
        found = Place(path, path.read_bytes(), empty, host, False)
        parse(found.text, str(path), Problems(), may_be_empty=True)
        return found
    alike = [one for one in loaded.hosts if host.name in (one.name, one.address) or reached_alike(one, host)]
    if alike:
        known = alike[0].name
        hint = f"`runnerops adopt {known}` adds what it lacks; another host needs a name of its own: --name NAME"
        raise UsageError(
            f"{host.name} is in {loaded.path} already{f', as {known}' if known != host.name else ''}", hint
        )
    return Place(path, path.read_bytes(), loaded, host, False, inherited=_inherited(read, host.name))


def _bare(host: Host) -> Host:
    return replace(host, sections={}, caches=(), locations={}, wired=False, stopped=frozenset(), renamed={}, keep={})


def _inherited(read: Document, name: str) -> Tree:
    found = tree(inherited(read, name), (), {})
    return found if isinstance(found, dict) else {}


def only_adds(places: Sequence[Place], text: str, layer: str = "") -> bool:
    """Whether the text says all that the file says now, and differs in what it says of these hosts and the layer alone.

    `layer`: `defaults`, `groups.NAME`, or empty for none.
    """
    return _others(places[0].text, places, layer) == _others(text, places, layer)


def _others(text: str, places: Sequence[Place], layer: str) -> object:
    """All values, without what this command puts there."""
    found = _said(text, places[0].path)
    top, _, group = layer.partition(".")
    inside = _mapping(found.pop(top, None)) if layer else {}
    if group and inside.keys() - {group}:
        found[top] = {name: one for name, one in inside.items() if name != group}
    kept = _mapping(found.pop("hosts", None))
    own: dict[str, object] = {}
    for place in places:
        mine = _mapping(kept.pop(place.host.name, None))
        added = {service.value for service in ServiceName if service not in place.own}
        own[place.host.name] = {key: one for key, one in mine.items() if key not in added} if place.known else {}
    return found, kept, own


def _said(text: str, path: Path) -> dict[str, object]:
    """The values of an inventory; none where it has nothing yet."""
    try:
        return _mapping(_values(parse(text, str(path), Problems()))) if text.strip() else {}
    except RunneropsError:
        return {}


def _mapping(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, dict) else {}


def _values(node: Node) -> object:
    if isinstance(node.value, dict):
        return {name: _values(item) for name, item in node.value.items()}
    if isinstance(node.value, tuple):
        return [_values(item) for item in node.value]
    return str(node.value)
