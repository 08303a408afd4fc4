"""Where an adopted host goes: the existing inventory, and the parts of it that concern this host. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path

from runnerops.errors import RunneropsError
from runnerops.frozen import frozen
from runnerops.inventory import load
from runnerops.inventory.layers.document import Document
from runnerops.inventory.layers.drafts import inherited, tree
from runnerops.inventory.parse.nodes import Node, parse
from runnerops.inventory.parse.text import decode
from runnerops.inventory.problems import Problems
from runnerops.inventory.sources import Where, folder_of
from runnerops.model.common import ServiceName, Tree
from runnerops.model.inventory import Host, Inventory
from runnerops.services.base import Adopted

_BOM = b"\xef\xbb\xbf"


@frozen
class Place:
    """The place of a host. `path` is the file for its entry, and `content` its bytes (empty if there is no file).
    `host` has no section.

    `is_in_file`: the file has the host already, with the sections in `own_sections`. `inherited` is what it gets from
    defaults and groups. `own_keys` is what a new host has besides its sections, and `group` the existing group that it
    joins.
    """

    path: Path
    content: bytes = field(repr=False)
    loaded: Inventory
    host: Host
    is_in_file: bool
    own_sections: frozenset[ServiceName] = frozenset()
    inherited: Tree = field(default_factory=dict)
    own_keys: Tree = field(default_factory=dict)
    group: str = ""
    entry_keys: frozenset[str] = frozenset()
    """The keys in the entry of a known host."""
    variables: frozenset[str] = frozenset()
    """The names in the `vars` of a known host."""
    where: Where = ()
    """The whole inventory, if that is more than `path`."""

    @property
    def folder(self) -> Path:
        """The folder of the inventory."""
        return folder_of(self.where or self.path)

    def load(self, content: bytes) -> Inventory:
        """The whole inventory with this content in the file. Raises InventoryError."""
        return load(self.where or self.path, {self.path: content})

    @property
    def text(self) -> str:
        """The text of the file, without a byte order mark. Raises InventoryError if it is not text."""
        return decode(self.content, str(self.path), Problems())

    def content_of(self, text: str) -> bytes:
        """The bytes of the file with another text, encoded like the present one."""
        return (_BOM if self.content.startswith(_BOM) else b"") + text.encode()

    @property
    def is_empty(self) -> bool:
        """Whether the inventory consists of this file only, and has no hosts and no defaults yet."""
        values = values_of(self.text, self.path)
        return not (self.where or mapping(values.get("hosts")) or "defaults" in values)


@frozen
class AdoptedHost:
    """The place of a host, and what each service has adopted from it."""

    place: Place
    adopted: Mapping[ServiceName, Adopted]

    @property
    def name(self) -> str:
        """The name of the host."""
        return self.place.host.name

    @property
    def has_section(self) -> bool:
        """Whether there is something that the inventory does not have yet."""
        return any(adopted_service.section is not None for adopted_service in self.adopted.values())

    def with_docker(self, adopted: Adopted) -> AdoptedHost:
        """The same with another section for Docker."""
        return replace(self, adopted={**self.adopted, ServiceName.DOCKER: adopted})


def bare(host: Host) -> Host:
    """The host without its sections."""
    return replace(host, sections={}, caches=(), locations={}, stopped=frozenset(), renamed={}, keep={})


def inherited_by(document: Document, name: str) -> Tree:
    """What a host inherits from defaults and groups."""
    values = tree(inherited(document, name), (), {})
    return values if isinstance(values, dict) else {}


def only_adds(places: Sequence[Place], text: str, layer: str = "") -> bool:
    """Whether the text contains everything in the file, and only differs from it in these hosts and the layer.

    `layer`: `defaults`, `groups.NAME`, or empty if there is none.
    """
    return _others(places[0].text, places, layer) == _others(text, places, layer)


def _others(text: str, places: Sequence[Place], layer: str) -> object:
    """All values except for those that this command writes."""
    values = values_of(text, places[0].path)
    top, _, group = layer.partition(".")
    inside = mapping(values.pop(top, None)) if layer else {}
    if group and inside.keys() - {group}:
        values[top] = {name: value for name, value in inside.items() if name != group}
    hosts = mapping(values.pop("hosts", None))
    own_entries: dict[str, object] = {}
    for place in places:
        entry = mapping(hosts.pop(place.host.name, None))
        added = {service.value for service in ServiceName if service not in place.own_sections} | (
            {"vars"} - place.entry_keys
        )
        if "vars" in entry and "vars" in place.entry_keys:
            entry["vars"] = {name: value for name, value in mapping(entry["vars"]).items() if name in place.variables}
        own_entries[place.host.name] = (
            {key: value for key, value in entry.items() if key not in added} if place.is_in_file else {}
        )
    return values, hosts, own_entries


def values_of(text: str, path: Path) -> dict[str, object]:
    """The values of an inventory; none if it is empty."""
    try:
        return mapping(_plain(parse(text, str(path), Problems()))) if text.strip() else {}
    except RunneropsError:
        return {}


def mapping(value: object) -> dict[str, object]:
    """The values of a mapping; none if it is not a mapping."""
    return dict(value) if isinstance(value, dict) else {}


def _plain(node: Node) -> object:
    if isinstance(node.value, dict):
        return {name: _plain(item) for name, item in node.value.items()}
    if isinstance(node.value, tuple):
        return [_plain(item) for item in node.value]
    return str(node.value)
