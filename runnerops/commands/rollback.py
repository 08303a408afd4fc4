"""`runnerops rollback`: the files of before, asked for as an inventory asks, and brought back as a deploy brings them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from runnerops import inventory
from runnerops.engine.connections import ConnectionPool
from runnerops.engine.learning import learn_secrets
from runnerops.engine.locks import LockWait
from runnerops.engine.loop import deploy_loop
from runnerops.engine.observe import observe
from runnerops.engine.options import Flags, UiOptions
from runnerops.engine.planned import Planned, Plans
from runnerops.engine.planner import Planning, plan_from
from runnerops.engine.project import Project
from runnerops.engine.requester import find_requester
from runnerops.errors import HostError
from runnerops.inventory import Where
from runnerops.model.common import Exit
from runnerops.model.inventory import Host, RenderedFile, Requester
from runnerops.planning.displaced import PLACE, read_displaced
from runnerops.planning.restore import as_of, choose_restore_point, keep_untouched, phases_of, pick
from runnerops.redact import Redactor
from runnerops.remote.history import last_applied, read_history, read_kept
from runnerops.remote.reading import ReadOnly
from runnerops.report.screen import Screen
from runnerops.services.base import ParseError


def rollback(
    path: Where,
    name: str,
    environ: Mapping[str, str],
    screen: Screen,
    flags: Flags,
    ui: UiOptions,
    to: int | None,
) -> Exit:
    """The host's result is the exit code. Nothing of the inventory is rendered, so no secret of it is needed."""
    loaded = inventory.load(path)
    host = inventory.the_host(loaded, name)
    ui.check("rollback", screen, f"rollback {name}{'' if to is None else f' --to {to}'} --dry-run")
    project = Project(loaded, (host,), {}, {}, secrets.token_bytes(16))
    lock_wait = LockWait(flags.lock_wait_s, screen)
    with ConnectionPool(loaded, environ, screen) as pool:
        back = _Back(project, host, to, flags, find_requester(environ, inventory.folder_of(path)), screen.redactor)
        reader = pool.reader(host)

        def plans(_: Project) -> Plans:
            try:
                return {name: lock_wait.plan_free(reader, lambda: back.plan(reader))}
            except HostError as error:
                return {name: error}

        return deploy_loop(project, plans, pool, ui, lock_wait)


_ASKED_FOR = {"last-mirror": frozenset({""})}
"""What a rollback to a time without a mirror means anyway."""


@dataclass(frozen=True, slots=True)
class _Back:
    """One host's way back to a time before."""

    project: Project
    host: Host
    to: int | None
    flags: Flags
    requester: Requester
    redactor: Redactor

    def plan(self, reader: ReadOnly) -> Planned:
        """Three execs that only read: what is kept, what of it is wanted, what the host has. Raises RunneropsError."""
        name = self.host.name
        history = read_history(name, reader)
        target = choose_restore_point(name, history.records, self.to)
        recent = last_applied(history)
        places = {place for place in target.places.values() if place} | set(recent.values())
        kept = read_kept(
            reader, sorted({PLACE, *places, *(f"{place}.absent" for place in places if "originals" in place)})
        )
        wanted = pick(name, target, kept)
        files = {**{path: kept[place] for path, place in recent.items() if place in kept}, **wanted}
        then = as_of(self.host, files, phases_of(history.records))
        then = replace(then, host=replace(then.host, displaced=read_displaced(kept, target.since)))
        self._learn(then.rendered)
        observed = observe(then.host, then.rendered, reader)
        flags = replace(self.flags, allow={**self.flags.allow, **_ASKED_FOR})
        command = "rollback" if self.to is None else f"rollback to run {self.to}"
        planning = Planning(self.project, flags, self.requester, self.redactor, command=command)
        desired = keep_untouched(then.rendered, wanted, observed)
        planned = plan_from(planning, then.host, desired, observed, written=self.host)
        inventory_stays = "the inventory asks what it asked: revert it too, or the next deploy undoes this"
        notes = (f"its files will be {target.text}; {inventory_stays}", *then.notes, *planned.plan.notes)
        return replace(planned, plan=replace(planned.plan, notes=notes, mine=target.text))

    def _learn(self, rendered: tuple[RenderedFile, ...]) -> None:
        for file in rendered:
            try:
                learn_secrets(self.redactor, self.project.shown(self.host), [file])
            except ParseError:
                continue
