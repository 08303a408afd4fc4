"""`runnerops remove`: takes services off a host, which is then as it was before the first deploy."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from runnerops import inventory
from runnerops.engine.gitlab.context import GitlabContext
from runnerops.engine.gitlab.creation_records import plan_recorded_creations, record_names
from runnerops.engine.gitlab.deletions import DeletionPlan, DeletionPlanner
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.hosts.maintenance import check_maintenance
from runnerops.engine.hosts.observe import observe
from runnerops.engine.hosts.targets import check_targets
from runnerops.engine.loop import DeployLoop
from runnerops.engine.options import Flags, Invocation, UiOptions
from runnerops.engine.plans.planned import Planned, Plans
from runnerops.engine.plans.request import plan_request
from runnerops.engine.project import Project
from runnerops.engine.project.non_secret import non_secret_texts
from runnerops.engine.requester import find_job, find_requester
from runnerops.engine.runs.forget import Forgetting
from runnerops.engine.runs.locks import LockWait
from runnerops.errors import HostError, UsageError
from runnerops.frozen import frozen
from runnerops.model.common import STATE_FOLDER, Exit, ServiceName
from runnerops.model.gitlab import Unpaired
from runnerops.model.inventory import Host, Requester
from runnerops.model.plan import Blocker
from runnerops.planning.dependencies import with_cache_clients
from runnerops.planning.originals import CONTAINERS, places_of, read_displaced, read_originals
from runnerops.planning.plan import Request
from runnerops.planning.remove import FOLDERS, KeptState, Removed, host_to_observe, paths_of, remove_services
from runnerops.planning.restore import phases_of, restored_host
from runnerops.remote.history import last_applied, read_history, read_kept
from runnerops.remote.links import ReadOnly
from runnerops.services import SERVICES


def remove(
    invocation: Invocation,
    service: str,
    flags: Flags,
    ui: UiOptions,
    *,
    forget: bool,
) -> Exit:
    """The exit code is that of the host's result. The inventory is not rendered, so none of its secrets is needed."""
    path, (name,), environ, screen = invocation
    services = _services(service, forget=forget)
    loaded = inventory.load(path)
    host = inventory.the_host(loaded, name)
    check_targets(loaded, [name], flags)
    flags_text = (*(["--volumes"] if flags.volumes else []), *(["--forget"] if forget else []), "--dry-run")
    ui.check("remove", screen, " ".join(filter(None, ("remove", name, service, *flags_text))))
    project = Project(loaded, (host,), {}, {}, secrets.token_bytes(16), clear=non_secret_texts(loaded, (host,)))
    lock_wait = LockWait(flags.lock_wait_s, screen)
    flags = replace(flags, job=find_job(environ))
    with ConnectionPool(loaded, environ, screen) as pool:
        requester = find_requester(environ, inventory.folder_of(path))
        gitlab_context = pool.gitlab_context()
        off = HostRemoval(project, host, services, forget, flags, requester, gitlab_context)
        reader = pool.reader(host)

        def plans(_: Project) -> Plans:
            try:
                check_maintenance(host, flags)
                return {name: lock_wait.plan_when_free(reader, lambda: off.plan(reader))}
            except HostError as error:
                return {name: error}

        forgetting = Forgetting(host, partial(pool.link, host), screen, yes=ui.yes) if forget else None
        return DeployLoop(pool, ui, lock_wait, forgetting).run(project, plans)


def _services(word: str, *, forget: bool) -> tuple[ServiceName, ...]:
    """The named service, or all of them in the order of their phases. Raises UsageError."""
    names = {service.NAME.value: service.NAME for service in SERVICES}
    if not word:
        return tuple(names.values())
    if forget:
        raise UsageError("remove: --forget is only for all services", "leave the service out, or leave --forget out")
    service_name = names.get(word.replace("-", "_"))
    if service_name is None:
        raise UsageError(f"remove: there is no service {word}", f"one of {', '.join(names)}; none means all")
    return (service_name,)


_ASKED_FOR = {"last-mirror": frozenset({""})}
"""Blockers that a removal overrides, because it is meant to take Docker's mirrors off the host."""


_CHANGE_NAME = "as before the first deploy"
"""The reason that is shown for differences that a removal asks for."""


@frozen
class HostRemoval:
    """The removal of services from one host."""

    project: Project
    host: Host
    services: Sequence[ServiceName]
    forget: bool
    flags: Flags
    requester: Requester
    gitlab_context: GitlabContext

    def plan(self, reader: ReadOnly) -> Planned:
        """Plans the removal, after three execs that only read: the runs, what is kept of them, what the host has. Raises
        RunneropsError.
        """
        history = read_history(self.host.name, reader)
        paths, recent = paths_of(history.records), last_applied(history)
        stored = read_kept(reader, sorted({CONTAINERS, *recent.values(), *places_of(paths)}))
        files = {path: stored[place] for path, place in recent.items() if place in stored}
        phases, originals = phases_of(history.records), read_originals(paths, stored)
        left = restored_host(self.host, files, phases, unmanaged=True)
        looked_at = host_to_observe(self.host, left.host, originals, phases, self.services)
        observed = observe(looked_at, left.rendered, reader)
        policy = replace(self.flags, allow={**self.flags.allow, **_ASKED_FOR}).policy(self.host)
        kept_state = KeptState(left.host, paths, originals, read_displaced(stored))
        off = remove_services(self.host, self.services, kept_state, observed, policy)
        hosts = [off.host if peer.name == self.host.name else peer for peer in self.project.inventory.hosts]
        planner = DeletionPlanner(self.host, self.project.inventory.hosts, observed, policy, self.gitlab_context)
        deletion_plan = planner.plan(off.desired)
        begun = plan_recorded_creations(self.host, observed, self.gitlab_context)
        request = Request(
            host=with_cache_clients(off.host, hosts),
            rendered=(),
            desired=off.desired,
            observed=observed,
            policy=policy,
            requester=self.requester,
            blockers=(*off.blockers, *deletion_plan.blockers, *self._forgotten(deletion_plan)),
            command=self._command(off),
            unpaired=Unpaired((), begun.leftovers, deletion_plan.deletions, begun.begun, record_names(observed)),
            in_gitlab=deletion_plan.in_gitlab,
            recorded=off.recorded,
        )
        planned = plan_request(request, self.gitlab_context.redactor, self.project.displayable(self.host))
        plan = planned.plan
        files_of_run = {**plan.files, FOLDERS: "".join(f"{folder}\n" for folder in off.folders).encode()}
        notes = (*off.notes, *deletion_plan.notes, *begun.notes, *self._forgets(), *plan.notes)
        return replace(planned, plan=replace(plan, files=files_of_run, notes=notes, change_name=_CHANGE_NAME))

    def _command(self, off: Removed) -> str:
        names = [] if len(self.services) > 1 else [str(service.value) for service in self.services]
        return " ".join(("remove", *names, *(["--volumes"] if self.flags.volumes and off.services else [])))

    def _forgotten(self, deletion_plan: DeletionPlan) -> Iterator[Blocker]:
        """Blocks `--forget` if runners could not be deleted in GitLab, because only the host's records name them."""
        if self.forget and deletion_plan.left:
            names = ", ".join(deletion_plan.left)
            message = f"--forget would delete the record that these must still be deleted in GitLab: {names}"
            yield Blocker("drop-runner", message, deletion_plan.left)

    def _forgets(self) -> tuple[str, ...]:
        if not self.forget:
            return ()
        return (
            f"then {STATE_FOLDER} is deleted, with all runs and originals: this cannot be undone, not even by a rollback",
        )
