"""Observes hosts and makes their plans, for every command that plans. Only reads hosts."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from runnerops.engine.gitlab.planning import plan_with_created, reconcile_with_gitlab, with_pauses
from runnerops.engine.hosts.maintenance import check_maintenance, in_maintenance
from runnerops.engine.hosts.observe import observe
from runnerops.engine.options import Flags
from runnerops.engine.plans.context import PlanContext
from runnerops.engine.plans.planned import Planned
from runnerops.engine.plans.request import plan_request, result_of
from runnerops.engine.project import Project
from runnerops.engine.requester import find_job, find_requester
from runnerops.engine.threads import side_by_side
from runnerops.model.gitlab import DesiredSettings
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, RenderedFile
from runnerops.remote.links import Reader
from runnerops.report.looking import Looking
from runnerops.services import load_planning

if TYPE_CHECKING:
    from runnerops.engine.hosts.connections import ConnectionPool
    from runnerops.engine.runs.locks import LockWait


def plan_host(context: PlanContext, host: Host, reader: Reader) -> Planned:
    """Observes, reconciles, lints and plans. Raises HostError."""
    rendered = context.project.rendered[host.name]
    return plan_observed(context, host, rendered, observe(host, rendered, reader))


def plan_observed(
    context: PlanContext,
    host: Host,
    rendered: tuple[RenderedFile, ...],
    observed: HostState,
    *,
    inventory_host: Host | None = None,
) -> Planned:
    """Reconciles, lints and plans. `inventory_host`: the host as in the inventory, if `host` differs; its texts are shown."""
    from runnerops.planning.dependencies import with_cache_clients  # `preload_modules` has imported all of these by now
    from runnerops.planning.left_out import carried_files, services_note
    from runnerops.planning.plan import Request
    from runnerops.services.shared.left_out import brings_caches

    project = context.project
    full_host = next((other_host for other_host in project.inventory.hosts if other_host.name == host.name), host)
    host = host if context.command == "deploy" else replace(host, gitlab_places={})
    desired, blockers, gitlab_part = reconcile_with_gitlab(context, host, rendered, observed)
    host = replace(host, lost=gitlab_part.lost)
    request = Request(
        host=with_cache_clients(host, project.inventory.hosts),
        rendered=rendered,
        desired=desired,
        observed=observed,
        policy=context.policy(host),
        requester=context.requester,
        blockers=(*blockers, *gitlab_part.blockers),
        notes=(*services_note(host, full_host), *gitlab_part.notes),
        updates=gitlab_part.updates,
        unpaired=gitlab_part.unpaired,
        in_gitlab=gitlab_part.managed,
        findings=project.lint(host, desired, observed.facts),
        deployed=context.deployed - {host.name} if brings_caches(host) else frozenset(),
        key=secrets.token_hex(32),
        command=context.command,
    )
    displayable, files = project.displayable(inventory_host or host), carried_files(host, full_host, observed)
    make = partial(plan_request, redactor=context.redactor, clear=displayable, carried=files)
    created = partial(plan_with_created, host, request, make) if request.unpaired.creations else None
    return replace(with_pauses(context, make(request), request), with_created=created)


def plan_all(
    project: Project, pool: ConnectionPool, flags: Flags, lock_wait: LockWait | None = None
) -> dict[str, Planned | Exception]:
    """Observes all hosts at the same time. Returns their plans, or the error of a host. `lock_wait` waits for busy
    hosts.
    """
    requester = find_requester(pool.environ, project.folder, pool.command_id)
    flags = replace(flags, job=find_job(pool.environ))
    hosts = {host.name: host for host in project.hosts}
    deployed = frozenset(name for name, host in hosts.items() if not in_maintenance(host, flags))
    context = PlanContext(
        project, flags, requester, pool.screen.redactor, deployed, environ=pool.environ, run=pool.run_command
    )
    first = threading.Lock()

    def inspect(name: str) -> Planned:
        host = hosts[name]
        check_maintenance(host, flags)
        looking.say(name, "connecting")
        pool.link(host)
        looking.say(name, "looking")
        if first.acquire(blocking=False):  # only one thread of all hosts does this
            threading.Thread(target=preload_modules, daemon=True).start()
        reader = pool.reader(host)
        plan = partial(plan_host, context, host, reader)
        return lock_wait.plan_when_free(reader, plan) if lock_wait else plan()

    with Looking(pool.screen, len(hosts)) as looking:
        return block_duplicates(side_by_side(list(hosts), looking.each(inspect)), context.desired_settings)


def block_duplicates(
    plans: dict[str, Planned | Exception], wishes: Sequence[DesiredSettings] = ()
) -> dict[str, Planned | Exception]:
    """Adds blockers for names that are one machine and for runners that are one in GitLab, and notes on machines that
    GitLab cannot tell apart. Returns `plans`.
    """
    from runnerops.planning.lint.disagreeing import disagreeing_runners
    from runnerops.planning.lint.machines import clone_texts, same_machines

    facts = {name: planned.facts for name, planned in plans.items() if isinstance(planned, Planned)}
    machines = same_machines(facts)
    for name, note in clone_texts(facts).items():
        planned = plans[name]
        assert isinstance(planned, Planned)
        plans[name] = replace(planned, plan=replace(planned.plan, notes=(*planned.plan.notes, note)))
    for name, blocker in (*machines.items(), *disagreeing_runners(wishes).items()):
        planned = plans[name]
        if isinstance(planned, Planned):
            plan = replace(planned.plan, blockers=(blocker, *planned.plan.blockers))
            plans[name] = replace(planned, plan=plan, result=result_of(plan))
    return plans


def preload_modules() -> None:
    """Imports what is needed after a host has answered, while the answer is awaited (decision 0005)."""
    import runnerops.engine.runs.executor
    import runnerops.planning.plan
    import runnerops.planning.reconcile  # noqa: F401

    load_planning()
