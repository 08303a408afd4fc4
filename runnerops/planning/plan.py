"""From what a host should have and what it has to all that will be done there. Pure: a function of its arguments.

The plan is the whole of it: `apply` sees no flags, no inventory and no templates. Services say how (`moves`), this
module says in which order, and what must not be done unasked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from runnerops.model.host_state import Given, HostState, RemoteFile
from runnerops.model.inventory import Host, Origin, Policy, RenderedFile
from runnerops.model.plan import Action, Change, Edit, Finding, Plan, Stop
from runnerops.planning.blockers import edited_there, lifted, not_equipped, not_ours, sift
from runnerops.planning.dependencies import uses_caches_of
from runnerops.planning.drift import explain
from runnerops.planning.steps import Draft, changes_of
from runnerops.services import SERVICES, service_of
from runnerops.services.base import ParseError, fingerprint, sha256, with_path


@dataclass(frozen=True, slots=True)
class Request:
    """All that a plan is made of. `deployed` names the hosts that the same deploy brings up to date before this one.

    `key` is random (hex digits): a host that has none yet keeps fingerprints of what is given under it.
    """

    host: Host
    asked: tuple[RenderedFile, ...]
    want: tuple[RenderedFile, ...]
    have: HostState
    policy: Policy
    origin: Origin
    stops: tuple[Stop, ...] = ()
    findings: tuple[Finding, ...] = ()
    deployed: frozenset[str] = frozenset()
    key: str = field(default="", repr=False)
    command: str = "deploy"


def make_plan(request: Request) -> Plan:
    """What `deploy` would do on this host. Without changes, actions and anything to record the plan has no steps."""
    host, have, policy = request.host, request.have, request.policy
    run = have.last.number + 1 if have.last else 1
    changes = tuple(change for file in request.want if (change := _change(file, have)))
    actions = _choose(host, changes, have, policy)
    stops, notes = sift(host, request.deployed, _stops(request, changes, actions))
    draft = Draft(host, changes, actions, have, policy, run)
    given = _given(request)
    recorded = {file.spec.path: file.content for file in request.want}
    draft.write(recorded, given)
    return Plan(
        host=host.name,
        run=run,
        origin=request.origin,
        changes=changes,
        actions=actions,
        todo=tuple(draft.todo),
        undo=tuple(draft.undo),
        look=tuple(draft.look),
        files=draft.files,
        applied={**have.applied, **{path: sha256(content) for path, content in recorded.items()}},
        contents=draft.contents,
        given=given,
        versions=have.versions,
        stops=tuple(stop for stop in stops if not lifted(stop, policy)),
        lifted=tuple(stop for stop in stops if lifted(stop, policy)),
        findings=request.findings,
        notes=(*notes, *_remarks(request, actions)),
        after=uses_caches_of(host),
        lifts=draft.lifts,
        digest=_digest(request),
        keep_runs=host.keep_runs,
        command=request.command,
    )


# ------------------------------------------------------------------------------------------------------- changes


def _change(file: RenderedFile, have: HostState) -> Change | None:
    old = have.file(file.spec.path)
    if file.content is None:
        same = old.kind == "absent"
    else:
        same = (old.kind, old.content, old.mode, old.owner) == ("file", file.content, file.spec.mode, file.spec.owner)
    if same:
        return None
    edits, cause, drift = explain(file, old, _edits(file, old), have)
    # a link is followed: from here on its target is the path
    return Change(old, with_path(file, old.path), edits, cause, drift)


def _edits(file: RenderedFile, old: RemoteFile) -> tuple[Edit, ...]:
    service = service_of(file.spec.service)
    try:
        before = {} if old.content is None else service.parse(file.spec, old.content)
    except ParseError:
        before = {}
    return service.edits(file.spec, before, {} if file.content is None else service.parse(file.spec, file.content))


# ------------------------------------------------------------------------------------------------- actions, stops


def _choose(host: Host, changes: Sequence[Change], have: HostState, policy: Policy) -> tuple[Action, ...]:
    """What is owed to a service counts whether it is managed still or not: it may rest since a run that was cut off."""
    actions: list[Action] = []
    for service in SERVICES:
        if service.NAME not in host.sections and not have.owes(service.NAME):
            continue
        if action := service.choose(host, changes_of(service, changes), have, policy, actions):
            actions.append(action)
    return tuple(actions)


def _stops(request: Request, changes: Sequence[Change], actions: Sequence[Action]) -> Iterable[Stop]:
    host, have = request.host, request.have
    yield from not_equipped(have)
    for service in SERVICES:
        if service.NAME in host.sections:
            yield from service.refusals(host, have)
    yield from request.stops
    yield from (stop for change in changes for stop in (*not_ours(change), *edited_there(change)))
    for service in SERVICES:
        yield from service.stops(host, changes_of(service, changes), actions, have, request.policy)


def _remarks(request: Request, actions: Sequence[Action]) -> Iterable[str]:
    for service in SERVICES:
        own = [file for file in request.asked if file.spec.service is service.NAME]
        yield from service.remarks(request.host, own, actions, request.have)


def _given(request: Request) -> Given:
    """What was given before and, under the same key, what is given now; nothing is kept without a key."""
    before = request.have.given
    key = before.key or request.key
    marks: dict[str, str] = {}
    for service in SERVICES if key else ():
        own = [file for file in request.asked if file.spec.service is service.NAME]
        marks |= {name: fingerprint(key, secret) for name, secret in service.given(request.host, own).items()}
    return Given(key, {**before.marks, **marks}) if marks else before


def _digest(request: Request) -> str:
    """Over what is asked, not over what the host has: a second deploy of the same commit knows its own run."""
    policy = request.policy
    asked = {
        "host": request.host.name,
        "files": {file.spec.path: sha256(file.content) for file in request.asked},
        "policy": [sorted(policy.allow), policy.kill_jobs, policy.drain_s, policy.prove_s],
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
