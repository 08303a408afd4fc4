"""Makes the plan of one host: its changes, actions, blockers and steps. Pure: a function of its arguments.

`apply` gets nothing but the plan: no flags, no inventory and no templates. Services say how an action is done
(`action_steps`); this module decides the order, and what blocks the plan.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace

from runnerops.frozen import frozen
from runnerops.model.common import Tree, Verb, item_name
from runnerops.model.gitlab import Managed, SettingsUpdate, Unpaired
from runnerops.model.host_state import HostState, RemoteFile, SecretFingerprints, fingerprint, sha256
from runnerops.model.inventory import Host, Policy, RenderedFile, Requester
from runnerops.model.plan import Action, Blocker, Change, Finding, KeyChange, Plan
from runnerops.planning import left_out
from runnerops.planning.blockers import (
    filter_blockers,
    hold_blockers,
    is_overridden,
    modified_on_host,
    notes_on_unused_allowances,
    unmanaged_file,
    unmet_requirements,
)
from runnerops.planning.dependencies import newly_uses_caches_of, uses_caches_of
from runnerops.planning.drift import find_origins
from runnerops.planning.paused import left_paused, notes_on_still_paused
from runnerops.planning.steps import StepWriter, changes_of
from runnerops.planning.unseen import notes_on_incomplete_observation
from runnerops.services import SERVICES, service_of
from runnerops.services.base import ParseError
from runnerops.services.steps import AROUND


@frozen
class Request:
    """All that a plan is made from. `deployed` names the hosts that the same deploy changes before this one.

    `key` is random (hex digits). A host that has no key yet keeps it for fingerprints of the secrets that it is given.
    """

    host: Host
    rendered: tuple[RenderedFile, ...]
    desired: tuple[RenderedFile, ...]
    observed: HostState
    policy: Policy
    requester: Requester
    blockers: tuple[Blocker, ...] = ()
    findings: tuple[Finding, ...] = ()
    deployed: frozenset[str] = frozenset()
    key: str = field(default="", repr=False)
    command: str = "deploy"
    notes: tuple[str, ...] = ()
    updates: tuple[SettingsUpdate, ...] = ()
    unpaired: Unpaired = field(default_factory=Unpaired)
    in_gitlab: Managed | None = None
    """What the run records as managed in GitLab; None: the record stays as it is."""
    recorded: Mapping[str, bytes | None] = field(default_factory=dict, repr=False)
    """By path, contents that are recorded as applied instead of the desired file."""


def make_plan(request: Request) -> Plan:
    """Plans what `deploy` would do on this host. If nothing changes, acts or is recorded, the plan has no steps."""
    host, observed, policy = request.host, request.observed, request.policy
    changes = tuple(change for file in request.desired if (change := _change(file, observed)))
    actions = _minimal_actions(host, changes, observed, policy)
    blockers, notes = filter_blockers(host, request.deployed, _blockers(request, changes, actions))
    writer = StepWriter(host, changes, actions, observed, policy, observed.next_run)
    writer.write(recorded := _recorded(request), fingerprints := _secret_fingerprints(request), _in_gitlab(request))
    return Plan(
        host=host.name,
        run=observed.next_run,
        requester=request.requester,
        changes=changes,
        actions=actions,
        forward=tuple(writer.forward),
        rollback=tuple(writer.rollback),
        diagnostics=tuple(writer.diagnostics),
        files=writer.files,
        applied={**observed.applied, **{path: sha256(content) for path, content in recorded.items()}},
        contents=writer.contents,
        recorded=frozenset(recorded),
        secret_fingerprints=fingerprints,
        versions=observed.versions,
        blockers=tuple(blocker for blocker in blockers if not is_overridden(blocker, policy)),
        overridden=tuple(blocker for blocker in blockers if is_overridden(blocker, policy)),
        findings=request.findings,
        notes=(*notes, *request.notes, *_notes(request, actions, blockers)),
        after=uses_caches_of(host),
        needs=newly_uses_caches_of(host, changes),
        overrides=writer.overrides,
        reasons=host.allow if request.command == "deploy" else {},
        digest=_digest(request),
        keep_runs=host.keep_runs,
        heeds_hold="held" not in policy.allow and bool(changes or actions),
        command=left_out.recorded_command(request.command, host),
        clock=observed.facts.clock,
        updates=request.updates,
        unpaired=request.unpaired,
        in_gitlab=_in_gitlab(request),
    )


# ------------------------------------------------------------------------------------------------------- changes


def _change(file: RenderedFile, observed: HostState) -> Change | None:
    old = observed.file(file.spec.path)
    if file.content is None:
        same = old.kind == "absent"
    else:
        same = (old.kind, old.content, old.mode, old.owner) == ("file", file.content, file.spec.mode, file.spec.owner)
    if same:
        return None
    key_changes, origin, drift = find_origins(file, old, _key_changes(file, old), observed)
    # a symbolic link is followed: its target is the path from here on
    return Change(old, file.at(old.path), key_changes, origin, drift)


def _key_changes(file: RenderedFile, old: RemoteFile) -> tuple[KeyChange, ...]:
    service = service_of(file.spec.service)
    try:
        before = {} if old.content is None else service.parse(file.spec, old.content)
    except ParseError:
        before = {}
    after = {} if file.content is None else service.parse(file.spec, file.content)
    return tuple(_named(key_change, before, after) for key_change in service.key_changes(file.spec, before, after))


def _named(key_change: KeyChange, before: Tree, after: Tree) -> KeyChange:
    """Names a key change. Items of lists are counted in the new file, removed items in the old one."""
    is_removed = key_change.new is None and isinstance(key_change.key[-1], int)
    return replace(key_change, name=item_name(before if is_removed else after, key_change.key))


# ------------------------------------------------------------------------------------------------- actions, blockers


def _minimal_actions(host: Host, changes: Sequence[Change], observed: HostState, policy: Policy) -> tuple[Action, ...]:
    """The actions in the order of their phases. An intent counts even if its service is no longer managed, because an
    interrupted run may have left the service stopped.
    """
    actions: list[Action] = []
    for service in SERVICES:
        resting = service.NAME not in host.sections and not observed.intent_for(service.NAME)
        if resting or service.NAME in host.left_out:
            continue
        if action := service.minimal_action(host, changes_of(service, changes), observed, policy, actions):
            actions.append(action)
    return (*actions, *_around(actions))


def _around(actions: Sequence[Action]) -> Iterable[Action]:
    """Actions of services that have no action themselves, but are stopped and started around another one's."""
    acted = {action.service for action in actions}
    for service in SERVICES:
        for action in actions:
            if service.NAME in action.requires_stopped and service.NAME not in acted:
                acted.add(service.NAME)
                because = f"around the {action.shown} of {action.service.value.replace('_', '-')}"
                yield Action(service.NAME, Verb.RESTART, (because,), operation=AROUND)


def _blockers(request: Request, changes: Sequence[Change], actions: Sequence[Action]) -> Iterable[Blocker]:
    host, observed = request.host, request.observed
    yield from unmet_requirements(observed)
    if (
        changes
        or actions
        or request.updates
        or request.unpaired.deletions
        or left_paused(request.command, host, observed.paused)
    ):
        yield from hold_blockers(observed)
    for service in SERVICES:
        if service.NAME in host.sections.keys() - host.removed:
            yield from service.unsupported(host, observed)
    yield from request.blockers
    yield from (blocker for change in changes for blocker in (*unmanaged_file(change), *modified_on_host(change)))
    for service in SERVICES:
        yield from service.blockers(host, changes_of(service, changes), actions, observed, request.policy)


def _notes(request: Request, actions: Sequence[Action], blockers: Sequence[Blocker]) -> Iterable[str]:
    yield from notes_on_incomplete_observation(request.observed.facts)
    yield from left_out.unfinished_notes(request.host, request.observed)
    yield from notes_on_still_paused(request.command, request.host, request.observed.paused)
    for service in SERVICES:
        if service.NAME in request.host.left_out:
            continue
        files = [file for file in request.rendered if file.spec.service is service.NAME]
        yield from service.remarks(request.host, files, actions, request.observed)
    yield from notes_on_unused_allowances(request.command, request.host, blockers, acts=bool(actions))


def _recorded(request: Request) -> Mapping[str, bytes | None]:
    """The contents by path that are recorded as applied."""
    return {**{file.spec.path: file.content for file in request.desired}, **request.recorded}


def _secret_fingerprints(request: Request) -> SecretFingerprints:
    """Fingerprints of the secrets given before and, under the same key, of those given now. Without a key there are
    none.

    The first run stores the key on the host even if no secret is given, because fingerprints that are shown use it too.
    """
    before = request.observed.secret_fingerprints
    key = before.key or request.key
    fingerprints: dict[str, str] = {}
    for service in SERVICES if key else ():
        files = [file for file in request.rendered if file.spec.service is service.NAME]
        fingerprints |= {name: fingerprint(key, secret) for name, secret in service.replaceable_secrets(files).items()}
    return SecretFingerprints(key, {**before.fingerprints, **fingerprints})


def _in_gitlab(request: Request) -> Managed:
    return request.observed.in_gitlab if request.in_gitlab is None else request.in_gitlab


def _digest(request: Request) -> str:
    """A digest of what is asked for, not of what the host has. So a second deploy of the same commit recognises its own
    run.
    """
    policy = request.policy
    rendered = {
        "host": request.host.name,
        "files": {file.spec.path: sha256(file.content) for file in request.rendered},
        "policy": [sorted(policy.allow), policy.kill_jobs, policy.drain_s, policy.verify_s],
        "command": request.command,
    }
    return hashlib.sha256(json.dumps(rendered, sort_keys=True).encode()).hexdigest()
