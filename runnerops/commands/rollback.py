"""`runnerops rollback`: plans and applies earlier files of hosts, as a deploy does with the files of the inventory."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Sequence
from dataclasses import replace

from runnerops import inventory
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.hosts.looking import look_at
from runnerops.engine.hosts.maintenance import check_maintenance, in_maintenance
from runnerops.engine.hosts.observe import observe
from runnerops.engine.hosts.targets import check_targets, select_hosts
from runnerops.engine.learning import learn_secrets
from runnerops.engine.loop import DeployLoop
from runnerops.engine.options import Flags, Invocation, UiOptions
from runnerops.engine.planner import block_duplicates, plan_observed, preload_modules
from runnerops.engine.plans.context import PlanContext
from runnerops.engine.plans.planned import Planned, Plans
from runnerops.engine.project import Project
from runnerops.engine.project.non_secret import non_secret_texts
from runnerops.engine.requester import find_requester
from runnerops.engine.runs.locks import LockWait
from runnerops.errors import HostError, UsageError
from runnerops.frozen import frozen
from runnerops.model.common import Exit
from runnerops.model.inventory import Host, RenderedFile, Requester
from runnerops.planning.originals import CONTAINERS, read_displaced, read_returned
from runnerops.planning.restore import choose_restore_point, contents_at, keep_untouched, phases_of, restored_host
from runnerops.redact import Redactor
from runnerops.remote.history import last_applied, read_history, read_kept
from runnerops.remote.links import ReadOnly
from runnerops.services.base import ParseError


def rollback(
    invocation: Invocation,
    flags: Flags,
    ui: UiOptions,
    to: int | None,
) -> Exit:
    """The exit code is that of the worst result. The inventory is not rendered, so none of its secrets is needed."""
    path, targets, environ, screen = invocation
    loaded = inventory.load(path)
    lock_wait = LockWait(flags.lock_wait_s, screen)
    requester = find_requester(environ, inventory.folder_of(path))
    check_targets(loaded, targets, flags)
    with ConnectionPool(loaded, environ, screen) as pool:
        hosts = select_hosts(loaded, targets, pool)
        _check_run(to, len(hosts))
        ui.check("rollback", screen, _preview(targets, to))
        project = Project(loaded, hosts, {}, {}, secrets.token_bytes(16), clear=non_secret_texts(loaded, hosts))

        def plans(left: Project) -> Plans:
            names = {host.name: host for host in left.hosts}
            preload_modules()

            def plan(name: str) -> Planned:
                check_maintenance(names[name], flags)
                back = _HostRollback(project, names[name], to, flags, requester, screen.redactor)
                reader = pool.reader(names[name])
                return lock_wait.plan_when_free(reader, lambda: back.plan(reader))

            made = look_at(list(names), plan, screen)
            for error in made.values():
                if len(hosts) == 1 and isinstance(error, Exception) and not isinstance(error, HostError):
                    raise error  # there is no other host that goes on
            return block_duplicates(made)

        return DeployLoop(pool, ui, lock_wait).run(project, plans)


def _preview(targets: Sequence[str], to: int | None) -> str:
    return f"rollback {shlex.join(targets)}{'' if to is None else f' --to {to}'} --dry-run"


def _check_run(to: int | None, hosts: int) -> None:
    if to and hosts > 1:
        hint = (
            "name one host; without --to each goes back to before its last change, with --to 0 to before its first run"
        )
        raise UsageError(f"--to {to}: a run's number is its own host's, and these are {hosts} hosts", hint)


_ASKED_FOR = {"last-mirror": frozenset({""}), "unmanaged-file": frozenset({""})}
"""Blockers that a rollback overrides: it may go back to a time without a mirror, or undo a removal."""


@frozen
class _HostRollback:
    """The rollback of one host to a restore point."""

    project: Project
    host: Host
    to: int | None
    flags: Flags
    requester: Requester
    redactor: Redactor

    def plan(self, reader: ReadOnly) -> Planned:
        """Plans the rollback, after three execs that only read: the runs, the contents to restore, what the host has. Raises
        RunneropsError.
        """
        name = self.host.name
        history = read_history(name, reader)
        target = choose_restore_point(name, history.records, self.to)
        recent = last_applied(history)
        places = {place for place in target.places.values() if place} | set(recent.values())
        kept_files = read_kept(
            reader, sorted({CONTAINERS, *places, *(f"{place}.absent" for place in places if "originals" in place)})
        )
        wanted = contents_at(name, target, kept_files)
        files = {**{path: kept_files[place] for path, place in recent.items() if place in kept_files}, **wanted}
        restored = restored_host(self.host, files, phases_of(history.records))
        displaced, returned = read_displaced(kept_files, target.since), read_returned(history.records, target.since)
        restored = replace(restored, host=replace(restored.host, displaced=displaced, returned=returned))
        self._learn(restored.rendered)
        observed = observe(restored.host, restored.rendered, reader)
        flags = replace(self.flags, allow={**self.flags.allow, **_ASKED_FOR})
        command = "rollback" if self.to is None else f"rollback to run {self.to}"
        deployed = frozenset(host.name for host in self.project.hosts if not in_maintenance(host, flags))
        context = PlanContext(self.project, flags, self.requester, self.redactor, deployed, command)
        desired = keep_untouched(restored.rendered, wanted, observed)
        planned = plan_observed(context, restored.host, desired, observed, inventory_host=self.host)
        inventory_stays = "the inventory is unchanged: revert it too, or the next deploy undoes this"
        notes = (f"its files will be {target.text}; {inventory_stays}", *restored.notes, *planned.plan.notes)
        return replace(planned, plan=replace(planned.plan, notes=notes, change_name=target.text))

    def _learn(self, rendered: tuple[RenderedFile, ...]) -> None:
        for file in rendered:
            try:
                learn_secrets(self.redactor, self.project.displayable(self.host), [file])
            except ParseError:
                continue
