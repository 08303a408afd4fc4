"""Finds the hosts to adopt, and the files for their entries. Reads the files of the inventory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from runnerops.adopt.joining import as_it_will_be, with_group
from runnerops.adopt.place import Place, bare, inherited_by, mapping, values_of
from runnerops.adopt.target import about, check_apart, reached_alike
from runnerops.errors import InventoryError, UsageError
from runnerops.inventory import load, the_host
from runnerops.inventory.layers.document import child
from runnerops.inventory.load import read_document
from runnerops.inventory.parse.nodes import parse
from runnerops.inventory.parse.text import decode
from runnerops.inventory.problems import Problems
from runnerops.inventory.sources import Where, folder_of, name_of, paths_of, read_sources
from runnerops.model.common import ServiceName
from runnerops.model.inventory import Host, Inventory


def find_places(where: Where, targets: Sequence[Host | str], group: str = "") -> tuple[Place, ...]:
    """The place of each of these hosts. Raises UsageError as `find_place` does, and if two are the same host."""
    places: list[Place] = []
    for target in targets:
        place = find_place(where, target)
        values_of(place.text, place.path)  # an unreadable file is reported before any host is asked
        check_apart(place.host, [other_place.host for other_place in places])
        places.append(place)
    if len({place.path for place in places}) > 1:
        hint = "adopt those of one file at a time"
        raise UsageError(f"{', '.join(str(place.path) for place in places)}: the hosts go into several files", hint)
    hosts = mapping(values_of(places[0].text, places[0].path).get("hosts"))
    if group:
        return with_group(places, group, [*hosts], _groups(places[0]))
    return tuple(as_it_will_be(place) if not place.is_in_file and hosts else place for place in places)


def _groups(place: Place) -> Sequence[str]:
    """The groups of the inventory, including those without hosts, which are not loaded."""
    return (*place.loaded.groups, *mapping(values_of(place.text, place.path).get("groups")))


def known_names(where: Where) -> frozenset[str]:
    """Names and addresses of the hosts in the inventory; none if there is no inventory yet. Raises InventoryError."""
    path = paths_of(where)[0]
    if not path.exists():
        return frozenset()
    if path.is_file() and not mapping(values_of(decode(path.read_bytes(), str(path), Problems()), path).get("hosts")):
        return frozenset()
    return frozenset(text for host in load(where).hosts for text in (host.name, host.address))


def find_place(where: Where, target: Host | str) -> Place:
    """`target`: a new host, or the name of a host in the inventory. Raises UsageError."""
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
    document = read_document(where)
    sections = frozenset(
        service for service in ServiceName if child(document.hosts[host.name], service.value) is not None
    )
    keys = frozenset(mapping(document.hosts[host.name].value))
    variables = child(document.hosts[host.name], "vars")
    if several:
        path = _entry_file(where, host.name, document.hosts[host.name].location.file)
    return Place(
        path,
        path.read_bytes(),
        loaded,
        bare(host),
        True,
        sections,
        inherited_by(document, host.name),
        entry_keys=keys,
        where=where,
        variables=frozenset(mapping(variables.value) if variables else ()),
    )


def _entry_file(where: Where, host: str, file: str = "") -> Path:
    """Of several files, the one that has the host, or the first one that can take it. Raises UsageError."""
    whole_files = [
        source.path for source in read_sources(where, {}) if not source.part and file in ("", str(source.path))
    ]
    if not whole_files:
        hint = "put the entry in by hand; a file with `hosts:` of its own takes one"
        raise UsageError(f"{host}: {file or name_of(where)} has no `hosts:` to which an entry could be added", hint)
    return whole_files[0]


def _new(where: Where, path: Path, host: Host) -> Place:
    empty = Inventory(str(path), (host,), {}, folder_of(where))
    if not path.exists():
        return Place(path, b"", empty, host, False, own_keys=about(host))
    try:
        loaded, document = load(where), read_document(where)
    except InventoryError:  # no host yet; other problems are reported when the host is in it, if it is YAML
        place = Place(path, path.read_bytes(), empty, host, False, own_keys=about(host))
        parse(place.text, str(path), Problems(), may_be_empty=True)
        return place
    alike = [
        other_host
        for other_host in loaded.hosts
        if host.name in (other_host.name, other_host.address) or reached_alike(other_host, host)
    ]
    if alike:
        known_name = alike[0].name
        hint = f"`runnerops adopt {known_name}` adds what it lacks; another host needs a name of its own: --name NAME"
        raise UsageError(
            f"{host.name} is in {loaded.path} already{f', as {known_name}' if known_name != host.name else ''}", hint
        )
    above = inherited_by(document, host.name)
    return Place(path, path.read_bytes(), loaded, host, False, inherited=above, own_keys=about(host))
