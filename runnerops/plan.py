"""From what a host should have and what it has to all that will be done there. Pure: a function of its arguments.

The plan is the whole of it: `apply` sees no flags, no inventory and no templates. Services say how (`moves`), this
module says in which order, and what must not be done unasked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from runnerops.model import (
    ABSENT,
    Action,
    Change,
    Edit,
    Finding,
    Host,
    HostState,
    Moves,
    Origin,
    Plan,
    Policy,
    RemoteFile,
    RenderedFile,
    ServiceName,
    Sha,
    Step,
    Stop,
    key_text,
)
from runnerops.services import SERVICES, service_of
from runnerops.services.base import ParseError, Service, sha256, with_path

STAGE_SECONDS = 10
TOOLS = ("systemd-run", "flock", "setsid", "sha256sum", "stat", "tar", "timeout")
"""What `host.sh` calls beside the shell's own words."""
_ORIGINAL = 'mkdir -p ../../originals && { [ -e "../../originals/$2" ] || cp "$1" "../../originals/$2"; }'
"""Keeps the first original of a path for good; the walker's working directory is the run's own."""


@dataclass(frozen=True, slots=True)
class Request:
    """All that a plan is made of. `deployed` names the hosts that the same deploy brings up to date before this one."""

    host: Host
    asked: tuple[RenderedFile, ...]
    want: tuple[RenderedFile, ...]
    have: HostState
    policy: Policy
    origin: Origin
    stops: tuple[Stop, ...] = ()
    findings: tuple[Finding, ...] = ()
    deployed: frozenset[str] = frozenset()


def make_plan(request: Request) -> Plan:
    """What `deploy` would do on this host. Without changes, actions and anything to record the plan has no steps."""
    host, have, policy = request.host, request.have, request.policy
    run = have.last.number + 1 if have.last else 1
    changes = tuple(change for file in request.want if (change := _change(file, have)))
    actions = _choose(host, changes, have, policy)
    stops, notes = _sift(request, _stops(request, changes, actions))
    draft = _Draft(host, changes, actions, have, policy, run)
    recorded = {file.spec.path: sha256(file.content) for file in request.want}
    draft.write(recorded)
    return Plan(
        host=host.name,
        run=run,
        origin=request.origin,
        changes=changes,
        actions=actions,
        todo=tuple(draft.todo),
        undo=tuple(draft.undo),
        files=draft.files,
        applied={**have.applied, **recorded},
        versions=have.versions,
        stops=tuple(stop for stop in stops if not lifted(stop, policy)),
        lifted=tuple(stop for stop in stops if lifted(stop, policy)),
        findings=request.findings,
        notes=notes,
        after=uses_caches_of(host),
        digest=_digest(request),
    )


def lifted(stop: Stop, policy: Policy) -> bool:
    """Whether this run's flags allow what the stop is about."""
    if not stop.allowable:
        return False
    return policy.kill_jobs if stop.code == "jobs-running" else stop.code in policy.allow


def uses_caches_of(host: Host) -> frozenset[str]:
    """The other hosts whose caches are among this host's mirrors: they go first."""
    mirrors = host.sections.get(ServiceName.DOCKER, {}).get("registry-mirrors")
    wanted = {str(url).rstrip("/") for url in mirrors} if isinstance(mirrors, list) else set()
    return frozenset(cache.host for cache in host.caches if cache.url.rstrip("/") in wanted and cache.host != host.name)


# ------------------------------------------------------------------------------------------------------- changes


def _change(file: RenderedFile, have: HostState) -> Change | None:
    old = have.file(file.spec.path)
    if file.content is None:
        same = old.kind == "absent"
    else:
        same = (old.kind, old.content, old.mode, old.owner) == ("file", file.content, file.spec.mode, file.spec.owner)
    if same:
        return None
    # a link is followed: from here on its target is the path
    return Change(old, with_path(file, old.path), _edits(file, old), _cause(file, old, have))


def _edits(file: RenderedFile, old: RemoteFile) -> tuple[Edit, ...]:
    service = service_of(file.spec.service)
    try:
        before = {} if old.content is None else service.parse(file.spec, old.content)
    except ParseError:
        before = {}
    return service.edits(file.spec, before, {} if file.content is None else service.parse(file.spec, file.content))


def _cause(file: RenderedFile, old: RemoteFile, have: HostState) -> Literal["yours", "first"]:
    """`first`: the file was there, or was not, before anything of ours."""
    if old.kind == "file" and sha256(old.content) in have.staged.get(file.spec.path, frozenset()):
        return "yours"
    return "yours" if file.spec.path in have.applied else "first"


# ------------------------------------------------------------------------------------------------- actions, stops


def _of(service: Service, changes: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(change for change in changes if change.new.spec.service is service.NAME)


def _choose(host: Host, changes: Sequence[Change], have: HostState, policy: Policy) -> tuple[Action, ...]:
    actions: list[Action] = []
    for service in SERVICES:
        if service.NAME not in host.sections:
            continue
        if action := service.choose(host, _of(service, changes), have, policy, actions):
            actions.append(action)
    return tuple(actions)


def _stops(request: Request, changes: Sequence[Change], actions: Sequence[Action]) -> Iterable[Stop]:
    host, have = request.host, request.have
    yield from _not_equipped(have)
    for service in SERVICES:
        if service.NAME in host.sections:
            yield from service.refusals(host, have)
    yield from request.stops
    yield from (stop for change in changes for stop in _not_ours(change))
    for service in SERVICES:
        yield from service.stops(host, _of(service, changes), actions, have, request.policy)


def _not_equipped(have: HostState) -> Iterable[Stop]:
    """What the host's half cannot do without."""
    if not have.facts.systemd:
        yield Stop(
            "no-systemd", "the host does not run systemd, which runs and supervises a deploy's steps", allowable=False
        )
        return
    missing = tuple(tool for tool in TOOLS if tool not in have.facts.tools)
    if missing:
        message = f"not there: {', '.join(missing)}: install util-linux, coreutils and tar, or busybox"
        yield Stop("missing-tools", message, allowable=False, details=missing)


def _not_ours(change: Change) -> Iterable[Stop]:
    """What a first deploy would lose of a file that somebody else made."""
    path, kind = change.old.path, change.old.kind
    if kind not in {"absent", "file"}:
        what = {"directory": "a directory", "link": "a link to somewhere else"}.get(kind, "no regular file")
        yield Stop("not-a-file", f"{path} is {what}: move it away, then deploy again", allowable=False)
    if change.cause != "first" or kind != "file":
        return
    if _unreadable(change):
        yield Stop(
            "not-ours", f"{path} was there before the first deploy and cannot be parsed: all of it would be lost"
        )
        return
    lost = tuple(key_text(edit.key) for edit in change.edits if edit.old is not None)
    if lost:
        yield Stop(
            "not-ours",
            f"{path} was there before the first deploy; would be changed or lost: {', '.join(lost)}",
            details=lost,
        )


def _unreadable(change: Change) -> bool:
    try:
        service_of(change.new.spec.service).parse(change.new.spec, change.old.content or b"")
    except ParseError:
        return True
    return False


def _sift(request: Request, stops: Iterable[Stop]) -> tuple[tuple[Stop, ...], tuple[str, ...]]:
    """Stops in order, each once; a mirror whose host goes first in this very deploy is proven then, not now."""
    kept: list[Stop] = []
    notes: list[str] = []
    proven_later = {cache.url: cache.host for cache in request.host.caches if cache.host in request.deployed}
    for stop in stops:
        url = stop.details[0].rstrip("/") if stop.details else ""
        if stop.code == "unproven-mirror" and url in proven_later:
            notes.append(f"mirror {url} is proven when {proven_later[url]} is done")
        elif stop not in kept:
            kept.append(stop)
    return tuple(kept), tuple(notes)


# --------------------------------------------------------------------------------------------------------- steps


@dataclass(slots=True)
class _Draft:
    """The steps of one plan while they are written down."""

    host: Host
    changes: tuple[Change, ...]
    actions: tuple[Action, ...]
    have: HostState
    policy: Policy
    run: int
    todo: list[Step] = field(default_factory=list)
    undo: list[Step] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    rested: set[ServiceName] = field(default_factory=set)
    """Brought to rest by an earlier part: on the way back they go to rest again before that part is undone."""

    def write(self, recorded: Mapping[str, Sha]) -> None:
        """All steps: guard, fetch, stage, judge, then part by part. Nothing where there is nothing to do or record."""
        known = all(self.have.applied.get(path) == sha for path, sha in recorded.items())
        if not self.changes and not self.actions and known:
            return
        moves = self._moves()
        self.todo += (_file_guard(path, self.have.file(path)) for path in recorded)
        self.todo += dict.fromkeys(step for _, each in moves for step in each.guard)
        self.todo += (step for _, each in moves for step in each.fetch)
        for index, change in enumerate(self.changes, 1):
            self._stage(index, change)
        for _, each in moves:
            self.files |= each.files
        self.todo += (step for _, each in moves for step in each.judge)
        for service, each in moves:
            part = Step("part", (service,))
            self.todo += (part, *each.todo)
            back = [part, *each.undo] if each.undo else []
            self.undo = [*back, *self.undo] if service in self.rested else [*self.undo, *back]

    def _stage(self, index: int, change: Change) -> None:
        path, spec = change.old.path, change.new.spec
        if change.old.content is not None:
            old = change.old
            self._copy(f"old.{index}", path, old.mode, old.owner, change.old.content)
            if change.cause == "first":
                name = path.strip("/").replace("/", "%")
                self.todo.append(Step("run", (str(STAGE_SECONDS), "sh", "-c", _ORIGINAL, "sh", f"old.{index}", name)))
        if change.new.content is not None:
            self._copy(f"new.{index}", path, spec.mode, spec.owner, change.new.content)

    def _copy(self, name: str, path: str, mode: str, owner: str, content: bytes) -> None:
        self.files[name] = content
        self.todo.append(Step("stage", (name, path, mode, owner, sha256(content))))

    def _moves(self) -> list[tuple[ServiceName, Moves]]:
        """Each part's moves in order; what one part brings to rest is brought back at the end, in a part of its own."""
        found: list[tuple[ServiceName, Moves]] = []
        for action in self.actions:
            rest = [service for service in SERVICES if service.NAME in action.idle - self.rested]
            moves = self._of_action(action, action.service in self.rested)
            for service in reversed(rest):
                moves = _around(service.pause(self.have, self.policy), moves)
                self.rested.add(service.NAME)
            found.append((action.service, moves))
        acted = {action.service for action in self.actions}
        for service in SERVICES:
            quiet = _of(service, self.changes)
            if quiet and service.NAME not in acted:
                found.append((service.NAME, _swaps_only(quiet)))
        for service in SERVICES:
            if service.NAME in self.rested - acted:
                found.append((service.NAME, service.resume(self.have, self.policy, self.run)))
        return found

    def _of_action(self, action: Action, paused: bool) -> Moves:
        service = service_of(action.service)
        changes = _of(service, self.changes)
        return service.moves(self.host, action, changes, self.have, self.policy, self.run, paused)


def _swaps_only(changes: Sequence[Change]) -> Moves:
    """Files whose change asks for no action: a mode, an owner, a layout."""
    todo: list[Step] = []
    undo: list[Step] = []
    for change in changes:
        path, old, new = change.old.path, sha256(change.old.content), sha256(change.new.content)
        todo.append(Step("swap", (path, old, new)))
        undo.append(Step("swap", (path, new, old)))
        if old == new:  # the content is the same, so the way back is that of mode and owner
            undo.append(Step("run", ("10", "chmod", change.old.mode, path)))
            undo.append(Step("run", ("10", "chown", change.old.owner, path)))
    return Moves(todo=tuple(todo), undo=tuple(undo))


def _around(pause: Moves, moves: Moves) -> Moves:
    """To rest before the first disturbance; in the way back the action is undone first, then what rested returns."""
    return Moves(
        guard=(*pause.guard, *moves.guard),
        fetch=moves.fetch,
        judge=moves.judge,
        todo=(*pause.todo, *moves.todo),
        undo=(*moves.undo, *pause.undo),
        files=moves.files,
    )


def _file_guard(path: str, old: RemoteFile) -> Step:
    if old.kind == "absent":
        return Step("guard", (ABSENT, "sh", "-c", '[ -e "$1" ] || echo absent', "sh", path))
    return Step("guard", (f"{sha256(old.content)}  {path}", "sha256sum", path))


def _digest(request: Request) -> str:
    """Over what is asked, not over what the host has: a second deploy of the same commit knows its own run."""
    policy = request.policy
    asked = {
        "host": request.host.name,
        "files": {file.spec.path: sha256(file.content) for file in request.asked},
        "policy": [sorted(policy.allow), policy.kill_jobs, policy.drain_s, policy.prove_s],
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
