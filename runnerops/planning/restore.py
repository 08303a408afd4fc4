"""The files of a host at a restore point, read from what it keeps of its runs. Pure.

A rollback plans and applies these files as a deploy does with the files that it has rendered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace

from runnerops.errors import RunneropsError
from runnerops.frozen import frozen
from runnerops.model.common import ABSENT, Result, ServiceName, Sha, Tree
from runnerops.model.host_state import HostState, sha256
from runnerops.model.inventory import Host, RenderedFile
from runnerops.model.run import Record
from runnerops.planning.originals import original_name
from runnerops.services import SERVICES

ORIGINAL = 0
"""The number that means the time before the first run."""

_CHANGED = frozenset({Result.APPLIED, Result.NEEDS_ATTENTION, Result.UNKNOWN})
"""Results after which a host is not as it was before the run."""


@frozen
class RestorePoint:
    """A time to go back to; `text` describes it. `places`: by path, where the host keeps its content; None if there was
    no file. `since`: the number of the first run that is undone. `digests`: by path, the `Sha` that the content has
    according to the run.
    """

    text: str
    places: Mapping[str, str | None]
    since: int = ORIGINAL
    digests: Mapping[str, Sha] = field(default_factory=dict)


def choose_restore_point(host: str, records: Sequence[Record], to: int | None) -> RestorePoint:
    """The state after run `to`; None: before the last run that changed a file. Raises RunneropsError."""
    if to is None:
        return _before_last(host, records)
    if to == ORIGINAL:
        return _before_first(host, records)
    record = next((record for record in records if record.run.number == to), None)
    applied = [str(record.run.number) for record in records if record.result is Result.APPLIED]
    hint = f"runs to go back to: {', '.join(applied) or 'none'}; `runnerops history {host}` shows them, 0 is before the first"
    if record is None:
        raise RunneropsError(f"{host}: run {to} is not kept", hint)
    if record.result is not Result.APPLIED:
        raise RunneropsError(
            f"{host}: run {to} ended {record.result.value}: it left no files to go back to",
            hint,
        )
    places = {path: f"runs/{to}/{name}" for path, name in record.contents.items()}
    absent_files = {path: None for path, sha in record.run.files.items() if sha == ABSENT}
    later = {path: place for path, place in _originals(records).items() if path not in record.run.files}
    digests = {path: sha for path, sha in record.run.files.items() if path in places}
    return RestorePoint(f"as run {to} left them", {**later, **absent_files, **places}, to + 1, digests)


def _before_last(host: str, records: Sequence[Record]) -> RestorePoint:
    last = next((record for record in records if record.swapped and record.result in _CHANGED), None)
    if last is None:
        hint = f"`runnerops history {host}` shows what is kept"
        raise RunneropsError(f"{host}: no run that changed a file is kept, so there is nothing to undo", hint)
    digests = {path: old for path, (old, _) in last.swapped.items()}
    return RestorePoint(f"as before run {last.run.number}", _before([last]), last.run.number, digests)


def _before_first(host: str, records: Sequence[Record]) -> RestorePoint:
    places = _originals(records)
    if not places:
        problem = "no run changed a file" if records else "no run yet"
        raise RunneropsError(f"{host}: {problem}, so there is nothing to undo")
    return RestorePoint("as before the first run", places)


def _originals(records: Sequence[Record]) -> Mapping[str, str]:
    """The places of the originals of every path that runs changed or took over. The record of a run includes paths of
    earlier runs, even if these are pruned.

    A path that only a rolled-back run meant to change is left out, because somebody else may have put a file there
    since.
    """
    paths = {path for record in records if record.result in _CHANGED for path in (*record.run.files, *record.swapped)}
    return {path: f"originals/{original_name(path)}" for path in sorted(paths)}


def _before(records: Sequence[Record]) -> Mapping[str, str | None]:
    """What each path held before the earliest of these runs (the newest first) that changed it."""
    places: dict[str, str | None] = {}
    for record in records:
        if record.result in _CHANGED:
            staged = {step.args[1]: step.args[0] for step in record.forward if _stages_old(step.verb, step.args)}
            for path, (old, _) in record.swapped.items():
                places[path] = None if old == ABSENT else f"runs/{record.run.number}/{staged.get(path, '')}"
    return places


def _stages_old(verb: str, args: Sequence[str]) -> bool:
    return verb == "stage" and args[0].startswith("old.")


def contents_at(host: str, point: RestorePoint, kept_files: Mapping[str, bytes]) -> Mapping[str, bytes | None]:
    """The contents by path. A path without an original was never managed, so it is left out.

    Raises RunneropsError if a content is not kept, or was damaged (a power cut can leave an empty file).
    """
    contents: dict[str, bytes | None] = {}
    for path, place in point.places.items():
        if place is None or f"{place}.absent" in kept_files:
            contents[path] = None
        elif place in kept_files and _is_intact(kept_files[place], point.digests.get(path)):
            contents[path] = kept_files[place]
        elif not place.startswith("originals/"):
            message = f"{host}: the content that {path} had then is not kept any more"
            raise RunneropsError(message, f"`runnerops history {host}` shows the runs that are")
    return contents


def _is_intact(content: bytes, digest: Sha | None) -> bool:
    """Whether the content has this digest. What a run only carries on from the run before may have got a newline at its
    end.
    """
    return digest is None or digest in {sha256(content), sha256(content.removesuffix(b"\n"))}


@frozen
class RestoredHost:
    """A host as if its inventory asked for its earlier files, with these files and what is left out."""

    host: Host
    rendered: tuple[RenderedFile, ...]
    notes: tuple[str, ...] = ()


def restored_host(
    host: Host, files: Mapping[str, bytes | None], phases: Mapping[str, str], *, unmanaged: bool = False
) -> RestoredHost:
    """The host with these earlier contents. `phases`: the service of each path that runs changed.

    `unmanaged`: include services that are not in the inventory any more.
    """
    sections, left = dict(host.sections), dict(files)
    before: dict[ServiceName, Tree] = {}
    contents: dict[ServiceName, bytes] = {}
    rendered: list[RenderedFile] = []
    caches = [cache for cache in host.caches if cache.host != host.name]
    notes: list[str] = []
    for service in SERVICES:
        if service.NAME not in host.sections and not (unmanaged and service.NAME in phases.values()):
            continue
        usual = {spec.path for spec in service.files(host)}
        own_files = {
            path: content for path, content in files.items() if path in usual or phases.get(path) == service.NAME
        }
        left = {path: content for path, content in left.items() if path not in own_files}
        adopted = service.restore(host, own_files)
        sections[service.NAME] = adopted.section
        before[service.NAME] = adopted.before
        contents |= {service.NAME: adopted.content} if adopted.content is not None else {}
        rendered += adopted.rendered
        caches = [*adopted.caches, *caches]
        notes += adopted.notes
    restored = replace(host, sections=sections, caches=tuple(caches), locations={})
    restored = replace(restored, before=before, content_before=contents)
    notes += (f"{path} stays as it is now: no section manages it" for path in left)
    return RestoredHost(restored, tuple(rendered), tuple(notes))


def keep_untouched(
    rendered: Sequence[RenderedFile], touched: Collection[str], observed: HostState
) -> tuple[RenderedFile, ...]:
    """Files that the rollback is not about stay as the host has them now, whether edited or not."""
    current = {file.spec.path: observed.file(file.spec.path).content for file in rendered}
    return tuple(
        file if file.spec.path in touched else replace(file, content=current[file.spec.path])
        for file in rendered
        if file.spec.path in touched or current[file.spec.path] is not None
    )


def phases_of(records: Sequence[Record]) -> Mapping[str, str]:
    """The service of every path that a kept run changed."""
    return {path: part for record in reversed(records) for path, part in record.phases.items()}
