"""Writes the steps of a plan and of its rollback: the order in which services guard, fetch, stage, validate and act.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from runnerops.frozen import mutable
from runnerops.model.common import ABSENT, ServiceName
from runnerops.model.gitlab import Managed
from runnerops.model.host_state import HostState, RemoteFile, SecretFingerprints, sha256
from runnerops.model.inventory import Host, Policy
from runnerops.model.plan import Action, Change
from runnerops.model.steps import ActionSteps, Step
from runnerops.planning.originals import original_name
from runnerops.services import SERVICES, service_of
from runnerops.services.base import ActionRequest, Service
from runnerops.services.scripts import named_by, script
from runnerops.services.steps import guard, intend_again, run

STAGE_SECONDS = 10
IS_ABSENT = '[ -e "$1" ] || echo absent'


@mutable
class StepWriter:
    """Collects the steps of one plan."""

    host: Host
    changes: tuple[Change, ...]
    actions: tuple[Action, ...]
    observed: HostState
    policy: Policy
    run: int
    forward: list[Step] = field(default_factory=list)
    rollback: list[Step] = field(default_factory=list)
    diagnostics: list[Step] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    overrides: dict[Step, str] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)
    """By path, the name in `files` of its content after the run."""
    stopped: set[ServiceName] = field(default_factory=set)
    """Services that an earlier phase stopped. In a rollback they are stopped again before that phase is undone."""

    def write(
        self, recorded: Mapping[str, bytes | None], secret_fingerprints: SecretFingerprints, in_gitlab: Managed
    ) -> None:
        """Writes all steps: guard, fetch, stage, validate, then each phase. There are none if nothing is to be done or
        recorded.
        """
        state = self.observed
        same_files = all(state.applied.get(path) == sha256(content) for path, content in recorded.items())
        same_secrets = secret_fingerprints.fingerprints == state.secret_fingerprints.fingerprints
        if not (self.changes or self.actions) and same_files and same_secrets and in_gitlab == state.in_gitlab:
            return
        action_steps = self._action_steps()
        self.forward += (_file_guard(path, self.observed.file(path)) for path in recorded)
        self.forward += dict.fromkeys(step for _, each in action_steps for step in each.guard)
        self.forward += (step for _, each in action_steps for step in each.fetch)
        for index, change in enumerate(self.changes, 1):
            self._stage(index, change)
        self._keep({**self.observed.base, **recorded})
        self.forward += self._taken_over(recorded)
        for _, each in action_steps:
            self.files |= each.files
            self.overrides |= each.overrides
        self.forward += (step for _, each in action_steps for step in each.validate)
        for service, each in action_steps:
            phase = Step("phase", (service,))
            self.forward += (phase, *each.forward)
            self.diagnostics += (phase, *each.diagnostics) if each.diagnostics else ()
            intent = intend_again(service, each.forward, self.run, stopped=service in self.stopped)
            back = [phase, *intent, *each.rollback] if each.rollback else []
            self.rollback = [*back, *self.rollback] if service in self.stopped else [*self.rollback, *back]
        last = [step for _, each in action_steps for step in each.last]
        checks = [step for _, each in action_steps for step in each.rollback_checks]
        # a rollback leaves out phases that had not begun, and the first phase has begun if any other has
        self.rollback += [Step("phase", (action_steps[0][0],)), *checks] if checks else []
        acted = {service for service, _ in action_steps}
        self.forward += (
            Step("complete", (name,)) for name in sorted(self._completed() - acted) if self.observed.intent_for(name)
        )
        self.forward += last
        self.files |= named_by((*self.forward, *self.rollback, *self.diagnostics))

    def _completed(self) -> set[ServiceName]:
        """The services whose intents this plan completes: those with a section, and others that it can
        stop and start.
        """
        resting = {service.NAME for service in SERVICES if service.stop_steps(self.observed, self.policy).forward}
        return (resting | set(self.host.sections)) - self.host.left_out

    def _keep(self, contents: Mapping[str, bytes | None]) -> None:
        """Adds every content to the run, changed or not. The next plan finds from them what was edited on the host."""
        names = {content: name for name, content in self.files.items() if name.startswith("new.")}
        for index, (path, content) in enumerate(contents.items(), 1):
            if content is not None:
                self.contents[path] = names.setdefault(content, f"same.{index}")
                self.files[self.contents[path]] = content

    def _stage(self, index: int, change: Change) -> None:
        path, spec = change.old.path, change.new.spec
        if change.old.content is not None:
            old = change.old
            self._copy(f"old.{index}", path, old.mode, old.owner, change.old.content)
        if change.origin == "unmanaged" or (change.old.content is None and self._is_new(spec.path)):
            self.forward.append(_keep_original(change.old, f"old.{index}"))
        if change.new.content is not None:
            self._copy(f"new.{index}", path, spec.mode, spec.owner, change.new.content)

    def _taken_over(self, paths: Iterable[str]) -> Iterator[Step]:
        """Keeps the originals of files that are taken over unchanged, because a later run may change them."""
        changed = {change.old.path for change in self.changes}
        for path in paths:
            file = self.observed.file(path)
            if self._is_new(path) and file.path not in changed:
                yield _keep_original(file, self.contents.get(path, ""))

    def _is_new(self, path: str) -> bool:
        return path not in self.observed.applied

    def _copy(self, name: str, path: str, mode: str, owner: str, content: bytes) -> None:
        self.files[name] = content
        self.forward.append(Step("stage", (name, path, mode, owner, sha256(content))))

    def _action_steps(self) -> list[tuple[ServiceName, ActionSteps]]:
        """The steps of each action in order. What a phase stops is started at the end, in a phase of its own.

        Everything that must be stopped is stopped before any swap, so a drain that takes too long leaves every file as
        it was.
        """
        by_service: list[tuple[ServiceName, ActionSteps]] = []
        requires_stopped = {name for action in self.actions for name in action.requires_stopped}
        for action in self.actions:
            to_stop = [
                service
                for service in SERVICES
                if not by_service and service.NAME in requires_stopped - {action.service}
            ]
            action_steps = self._of_action(action, action.service in self.stopped)
            for service in reversed(to_stop):
                action_steps = _around(service.stop_steps(self.observed, self.policy), action_steps)
                self.stopped.add(service.NAME)
            by_service.append((action.service, action_steps))
        acted = {action.service for action in self.actions}
        for service in SERVICES:
            quiet = changes_of(service, self.changes)
            if quiet and service.NAME not in acted:
                by_service.append((service.NAME, _swaps_only(quiet)))
        return by_service

    def _of_action(self, action: Action, already_stopped: bool) -> ActionSteps:
        service = service_of(action.service)
        changes = changes_of(service, self.changes)
        request = ActionRequest(self.host, action, changes, self.observed, self.policy, self.run, already_stopped)
        return service.action_steps(request)


def _keep_original(old: RemoteFile, content: str) -> Step:
    """`content` names the file in the run's folder with the content, if there is any."""
    old_version = (content, old.mode, old.owner) if old.content is not None else ()
    words = script("keep-original.sh", original_name(old.path), old.path, *old_version)
    return run(STAGE_SECONDS, *words, title=f"keep the original of {old.path} for good")


def _swaps_only(changes: Sequence[Change]) -> ActionSteps:
    """Steps for files whose change needs no action, because only the mode, the owner or the layout differs."""
    forward: list[Step] = []
    rollback: list[Step] = []
    for change in changes:
        path, old, new = change.old.path, sha256(change.old.content), sha256(change.new.content)
        forward.append(Step("swap", (path, old, new)))
        rollback.append(Step("swap", (path, new, old)))
        if old == new:  # the content is the same, so only mode and owner are rolled back
            rollback.append(run(10, "chmod", change.old.mode, path, title=f"give {path} its mode back"))
            rollback.append(run(10, "chown", change.old.owner, path, title=f"give {path} its owner back"))
    return ActionSteps(forward=tuple(forward), rollback=tuple(rollback))


def _around(stop_steps: ActionSteps, action_steps: ActionSteps) -> ActionSteps:
    """The service is stopped before anything else. In a rollback, the action is undone first, and then the service is
    started.
    """
    return ActionSteps(
        guard=(*stop_steps.guard, *action_steps.guard),
        fetch=action_steps.fetch,
        validate=action_steps.validate,
        forward=(*stop_steps.forward, *action_steps.forward),
        rollback=(*action_steps.rollback, *stop_steps.rollback),
        diagnostics=(*action_steps.diagnostics, *stop_steps.diagnostics),
        files={**stop_steps.files, **action_steps.files},
        overrides=action_steps.overrides,
        rollback_checks=action_steps.rollback_checks,
        last=action_steps.last,
    )


def _file_guard(path: str, old: RemoteFile) -> Step:
    if old.kind == "absent":
        return guard(ABSENT, "sh", "-c", IS_ABSENT, "sh", path, title=f"check that {path} is still absent")
    expected = f"{sha256(old.content)}  {path}"
    return guard(expected, "sha256sum", path, title=f"check that {path} was not changed meanwhile")


def changes_of(service: Service, changes: Iterable[Change]) -> tuple[Change, ...]:
    """The changes of this service's files."""
    return tuple(change for change in changes if change.new.spec.service is service.NAME)
