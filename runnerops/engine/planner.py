"""The way from a host's observation to its plan, shared by every command that plans. Reads hosts, never writes to one."""

from __future__ import annotations

import secrets as random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from runnerops.engine.observe import Reader, observe
from runnerops.engine.options import Flags
from runnerops.engine.planned import Planned
from runnerops.engine.project import Project, learn_secrets
from runnerops.engine.requester import find_job, find_origin
from runnerops.engine.scheduling import side_by_side
from runnerops.model.common import Result
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, Origin, RenderedFile
from runnerops.model.plan import Plan
from runnerops.planning.lint import lint
from runnerops.redact import Redactor
from runnerops.services import load_planning
from runnerops.services.base import ParseError

if TYPE_CHECKING:
    from runnerops.engine.connections import Reach
    from runnerops.engine.locks import Patience
    from runnerops.report.screen import Screen


def plan_host(
    project: Project,
    host: Host,
    reader: Reader,
    flags: Flags,
    origin: Origin,
    redactor: Redactor,
    deployed: frozenset[str],
) -> Planned:
    """Observe, settle, lint, plan. Raises HostError."""
    asked = project.asked[host.name]
    have = observe(host, asked, reader)
    return plan_from(project, host, asked, have, flags, origin, redactor, deployed)


def plan_from(
    project: Project,
    host: Host,
    asked: tuple[RenderedFile, ...],
    have: HostState,
    flags: Flags,
    origin: Origin,
    redactor: Redactor,
    deployed: frozenset[str],
    *,
    written: Host | None = None,
    command: str = "deploy",
) -> Planned:
    """Settle, lint, plan. `written`: the host as its inventory has it, where `host` is another: it tells what is no secret."""
    from runnerops.planning.dependencies import with_clients  # by now `load_rest` has all of these
    from runnerops.planning.plan import Request, make_plan
    from runnerops.planning.reconcile import settle

    want, stops = settle(host, asked, have)
    _learn_host(redactor, written or host, want, have)
    learn_secrets(redactor, written or host, want)
    request = Request(
        host=with_clients(host, project.inventory.hosts),
        asked=asked,
        want=want,
        have=have,
        policy=flags.policy(host),
        origin=origin,
        stops=stops,
        findings=lint(host, want, have.facts),
        deployed=deployed - {host.name},
        key=random.token_hex(32),
        command=command,
    )
    plan = make_plan(request)
    changed = {change.old.path for change in plan.changes}
    there = [(file.spec.path, have.file(file.spec.path).path) for file in want if file.content is not None]
    in_sync = tuple(path for path, real in there if real not in changed)
    return Planned(plan, in_sync, _result(plan), have.last)


def plan_all(
    project: Project,
    reach: Reach,
    environ: Mapping[str, str],
    screen: Screen,
    flags: Flags,
    patience: Patience | None = None,
) -> dict[str, Planned | Exception]:
    """Every host's plan, observed side by side; a host's error stands in its place. `patience` waits for busy hosts."""
    origin = find_origin(environ, project.folder)
    flags = replace(flags, job=find_job(environ))
    hosts = {host.name: host for host in project.hosts}
    deployed = frozenset(hosts)
    first = threading.Lock()

    def look(name: str) -> Planned:
        host = hosts[name]
        reach.link(host)
        if first.acquire(blocking=False):  # of all hosts' threads
            threading.Thread(target=load_rest, daemon=True).start()
        reader = reach.reader(host)
        plan = partial(plan_host, project, host, reader, flags, origin, screen.redactor, deployed)
        return patience.plan_free(reader, plan) if patience else plan()

    return side_by_side(list(hosts), look)


def load_rest() -> None:
    """Imports what is needed once a host has answered, in the time that it takes to."""
    import runnerops.engine.executor
    import runnerops.planning.plan
    import runnerops.planning.reconcile  # noqa: F401

    load_planning()


def _result(plan: Plan) -> Result:
    if any(not stop.allowable and not stop.here for stop in plan.stops) or any(
        finding.severity == "error" for finding in plan.findings
    ):
        return Result.REFUSED
    return Result.PENDING if plan.changes or plan.actions else Result.UNCHANGED


def _learn_host(redactor: Redactor, host: Host, want: Sequence[RenderedFile], have: HostState) -> None:
    """Secrets that only the host has, before anything of it is shown. What cannot be parsed is never shown."""
    for file in want:
        try:
            learn_secrets(redactor, host, [RenderedFile(file.spec, have.file(file.spec.path).content)])
        except ParseError:
            continue
