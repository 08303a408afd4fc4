"""What a host should have when services are removed: its files from before the first run, and no processes of the
services. Pure.

A removal plans and applies these files as a deploy does with the files that it has rendered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from runnerops.frozen import frozen
from runnerops.model.common import ServiceName, SourceLocation, Tree
from runnerops.model.host_state import HostState, RemoteFile
from runnerops.model.inventory import Displaced, Host, Original, Policy, RenderedFile
from runnerops.model.plan import Blocker
from runnerops.model.run import Record
from runnerops.planning.restore import restored_host
from runnerops.services import service_of
from runnerops.services.base import RemovalRequest

FOLDERS = "folders"
"""The file of a run that lists folders to delete if they are empty afterwards, one per line, the deepest first."""


@frozen
class KeptState:
    """What a host keeps of its runs: the host as the last run left it, every path that any run applied, the originals
    by path, and the containers that caches replaced.
    """

    last_host: Host
    paths: Collection[str]
    originals: Mapping[str, Original]
    displaced: tuple[Displaced, ...] = ()


@frozen
class Removed:
    """The host without these services, the files that this asks for, and notes.

    `folders` were made by runs for files that are removed, the deepest first.
    """

    host: Host
    services: frozenset[ServiceName]
    desired: tuple[RenderedFile, ...]
    blockers: tuple[Blocker, ...]
    notes: tuple[str, ...]
    folders: tuple[str, ...]
    recorded: Mapping[str, bytes | None]


def paths_of(records: Sequence[Record]) -> frozenset[str]:
    """Every path that any run applied or meant to change."""
    return frozenset(path for record in records for path in (*record.run.files, *record.swapped))


def host_to_observe(
    host: Host,
    other_host: Host,
    originals: Mapping[str, Original],
    phases: Mapping[str, str],
    services: Collection[ServiceName],
) -> Host:
    """The host to observe: as the last run left it, with what it used before the first run and will use again."""
    first = restored_host(
        host, {path: original.content for path, original in originals.items()}, phases, unmanaged=True
    ).host
    return replace(other_host, removed=frozenset(services), before=first.sections)


def remove_services(
    host: Host, services: Collection[ServiceName], kept_state: KeptState, observed: HostState, policy: Policy
) -> Removed:
    """Takes services off a host. `host` is as in the inventory. Services that no run brought are ignored."""
    other_host, originals = kept_state.last_host, kept_state.originals
    sections, desired = _unchanged_sections(other_host, services, observed, policy), list[RenderedFile]()
    blockers, notes, removed = list[Blocker](), list[str](), set[ServiceName]()
    recorded: dict[str, bytes | None] = {}
    request = RemovalRequest(host, kept_state.paths, originals, observed, policy)
    for name in services:
        removal = service_of(name).remove(request)
        if removal is None:
            continue
        removed.add(name)
        sections[name] = removal.section
        desired += removal.desired
        blockers += removal.blockers
        notes += removal.notes
        recorded |= removal.recorded
    removed_names = frozenset(removed)
    bare_host = replace(
        other_host,
        sections=sections,
        caches=host.caches,
        removed=removed_names,
        stopped=other_host.stopped | removed_names,
        keep={},
        renamed={},
        displaced=kept_state.displaced,
    )
    notes = [*_still_in_inventory(host, removed_names), *notes]
    folders = _folders(desired, originals, observed)
    return Removed(bare_host, removed_names, tuple(desired), tuple(blockers), tuple(notes), folders, recorded)


def _unchanged_sections(
    other_host: Host, services: Collection[ServiceName], observed: HostState, policy: Policy
) -> dict[ServiceName, Tree]:
    """The sections of other services that still are as the last run left them. A removal does not repair services that
    have changed.
    """
    sections = dict(other_host.sections)
    for name in other_host.sections:
        if name in services or service_of(name).minimal_action(other_host, (), observed, policy, ()):
            del sections[name]
    return sections


def _still_in_inventory(host: Host, services: Collection[ServiceName]) -> Iterator[str]:
    for name in sorted(services & host.sections.keys()):
        where = _first([at for key, at in host.locations.items() if key[:1] == (name.value,)])
        place = f" ({where})" if where else ""
        yield f"the inventory still asks for {name.value}{place}: remove it there, or the next deploy brings it back"


def _first(places: Sequence[SourceLocation]) -> SourceLocation | None:
    return min(places, key=lambda at: (at.file, at.line), default=None)


def _folders(
    desired: Sequence[RenderedFile], originals: Mapping[str, Original], observed: HostState
) -> tuple[str, ...]:
    names: set[str] = set()
    for file in desired:
        remote_file: RemoteFile = observed.file(file.spec.path)
        original = originals.get(remote_file.path)
        if file.content is None and original and original.folder:
            folder = remote_file.path.rpartition("/")[0]
            while folder and folder.startswith(original.folder):
                names.add(folder)
                folder = folder.rpartition("/")[0]
    return tuple(sorted(names, key=len, reverse=True))
