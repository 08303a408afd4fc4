"""The steps of a plan, written down: in which order services guard, stage, judge, act, and go back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from runnerops.model.common import ABSENT, ServiceName
from runnerops.model.host_state import Given, HostState, RemoteFile
from runnerops.model.inventory import Host, Policy
from runnerops.model.plan import Action, Change, Moves, Step
from runnerops.services import SERVICES, service_of
from runnerops.services.base import Service, original_name, sha256
from runnerops.services.steps import owed_again

STAGE_SECONDS = 10
IS_ABSENT = '[ -e "$1" ] || echo absent'
KEEP_ORIGINAL = (
    'mkdir -p ../../originals && cd ../../originals || exit 1; if [ -e "$1" ] || [ -e "$1.absent" ]; then exit 0; fi; '
    'if [ $# = 2 ]; then cp "$OLDPWD/$2" .new && mv .new "$1"; else : >"$1.absent"; fi'
)
"""NAME [FILE]: keeps the first original of a path for good, whole or not at all, or that there was none.

Works from the run's own folder.
"""


@dataclass(slots=True)
class Draft:
    """The steps of one plan while they are written down."""

    host: Host
    changes: tuple[Change, ...]
    actions: tuple[Action, ...]
    have: HostState
    policy: Policy
    run: int
    todo: list[Step] = field(default_factory=list)
    undo: list[Step] = field(default_factory=list)
    look: list[Step] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    lifts: dict[Step, str] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)
    """Where in `files` the content of each path is, as the run leaves it."""
    rested: set[ServiceName] = field(default_factory=set)
    """Brought to rest by an earlier part: on the way back they go to rest again before that part is undone."""

    def write(self, recorded: Mapping[str, bytes | None], given: Given) -> None:
        """All steps: guard, fetch, stage, judge, then part by part. Nothing where there is nothing to do or record."""
        known = all(self.have.applied.get(path) == sha256(content) for path, content in recorded.items())
        if not self.changes and not self.actions and known and given.marks == self.have.given.marks:
            return
        moves = self._moves()
        self.todo += (_file_guard(path, self.have.file(path)) for path in recorded)
        self.todo += dict.fromkeys(step for _, each in moves for step in each.guard)
        self.todo += (step for _, each in moves for step in each.fetch)
        for index, change in enumerate(self.changes, 1):
            self._stage(index, change)
        for _, each in moves:
            self.files |= each.files
            self.lifts |= each.lifts
        self.todo += (step for _, each in moves for step in each.judge)
        for service, each in moves:
            part = Step("part", (service,))
            self.todo += (part, *each.todo)
            self.look += (part, *each.look) if each.look else ()
            owed = owed_again(service, each.todo, self.run, rested=service in self.rested)
            back = [part, *owed, *each.undo] if each.undo else []
            self.undo = [*back, *self.undo] if service in self.rested else [*self.undo, *back]
        acted = {service for service, _ in moves}
        self.todo += (Step("strike", (name,)) for name in sorted(self._asked() - acted) if self.have.owes(name))
        self._keep({**self.have.base, **recorded})

    def _asked(self) -> set[ServiceName]:
        """Services that would act if anything were owed to them still; of those not managed, ones that rested and run."""
        resting = {service.NAME for service in SERVICES if service.pause(self.have, self.policy).todo}
        return resting | set(self.host.sections)

    def _keep(self, contents: Mapping[str, bytes | None]) -> None:
        """Every content goes with the run, changed or not: the next plan tells from it what was edited on the host."""
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
        new_here = change.old.content is None and spec.path not in self.have.applied
        if change.cause == "first" or new_here:
            content = [f"old.{index}"] if change.old.content is not None else []
            words = ("sh", "-c", KEEP_ORIGINAL, "sh", original_name(path), *content)
            self.todo.append(Step("run", (str(STAGE_SECONDS), *words)))
        if change.new.content is not None:
            self._copy(f"new.{index}", path, spec.mode, spec.owner, change.new.content)

    def _copy(self, name: str, path: str, mode: str, owner: str, content: bytes) -> None:
        self.files[name] = content
        self.todo.append(Step("stage", (name, path, mode, owner, sha256(content))))

    def _moves(self) -> list[tuple[ServiceName, Moves]]:
        """Each part's moves in order; what one part brings to rest is brought back at the end, in a part of its own.

        All that must rest does so before anything is swapped: a drain that lasts too long then leaves every file old.
        """
        found: list[tuple[ServiceName, Moves]] = []
        idle = {name for action in self.actions for name in action.idle}
        for action in self.actions:
            rest = [service for service in SERVICES if not found and service.NAME in idle - {action.service}]
            moves = self._of_action(action, action.service in self.rested)
            for service in reversed(rest):
                moves = _around(service.pause(self.have, self.policy), moves)
                self.rested.add(service.NAME)
            found.append((action.service, moves))
        acted = {action.service for action in self.actions}
        for service in SERVICES:
            quiet = changes_of(service, self.changes)
            if quiet and service.NAME not in acted:
                found.append((service.NAME, _swaps_only(quiet)))
        for service in SERVICES:
            if service.NAME in self.rested - acted:
                found.append((service.NAME, service.resume(self.have, self.policy, self.run)))
        return found

    def _of_action(self, action: Action, paused: bool) -> Moves:
        service = service_of(action.service)
        changes = changes_of(service, self.changes)
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
        look=(*moves.look, *pause.look),
        files={**pause.files, **moves.files},
        lifts=moves.lifts,
    )


def _file_guard(path: str, old: RemoteFile) -> Step:
    if old.kind == "absent":
        return Step("guard", (ABSENT, "sh", "-c", IS_ABSENT, "sh", path))
    return Step("guard", (f"{sha256(old.content)}  {path}", "sha256sum", path))


def changes_of(service: Service, changes: Iterable[Change]) -> tuple[Change, ...]:
    """Those among the changes that are this service's."""
    return tuple(change for change in changes if change.new.spec.service is service.NAME)
