"""`runnerops status`: what runs on each host, its last run, what is unfinished or no longer managed. Reads only, one exec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from runnerops import inventory
from runnerops.engine.connections import ConnectionPool
from runnerops.engine.observe import inquire
from runnerops.engine.options import Flags
from runnerops.engine.planned import Planned, Plans
from runnerops.engine.review import exit_code_of, failure
from runnerops.engine.scheduling import side_by_side
from runnerops.inventory import Where
from runnerops.model.common import Exit, Result
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, Inventory
from runnerops.remote.reading import ReadOnly
from runnerops.report.document import VERSION, outcome_document
from runnerops.report.screen import Screen
from runnerops.report.status import status_document, status_lines
from runnerops.report.text import outcome_lines
from runnerops.report.waiting import waiting
from runnerops.services.providers import STATUS_PROVIDERS
from runnerops.services.status import ServiceStatus


def status(
    path: Where, targets: Sequence[str], environ: Mapping[str, str], screen: Screen, *, as_json: bool, exit_code: bool
) -> Exit:
    """Exit 1 where a host was not reached or something managed there does not work; else, with `exit_code`, as `diff`.

    No secret is needed for this without `exit_code`.
    """
    loaded = inventory.load(path)
    hosts = {host.name: host for host in inventory.select(loaded, targets)}
    with ConnectionPool(loaded, environ, screen) as pool, waiting(screen, silent=as_json or len(hosts) == 1) as busy:

        def inspect(name: str) -> Found:
            host = hosts[name]
            busy.say(name, "asking")
            try:
                calls = [call for provider in STATUS_PROVIDERS for call in provider.inquiries(host)]
                functions = [provider.FUNCTIONS for provider in STATUS_PROVIDERS]
                observed, told = inquire(host, (), ReadOnly(name, partial(pool.link, host)), calls, functions)
            finally:
                busy.say(name, "")
            return observed, [one for stands in STATUS_PROVIDERS if (one := stands.status(host, observed, told))]

        found = side_by_side(list(hosts), inspect)
        plans = _plans(loaded, tuple(hosts.values()), pool, environ, screen) if exit_code else None
    documents = []
    for name, seen in found.items():
        if isinstance(seen, Exception):
            outcome = failure(name, seen)
            documents.append(outcome_document(outcome))
            lines = outcome_lines(outcome)
        else:
            documents.append(status_document(name, *seen, pending=_pending(plans, name)))
            lines = status_lines(name, *seen, pending=_pending(plans, name))
        if not as_json:
            screen.lines(lines)
    if as_json:
        screen.json({"version": VERSION, "hosts": documents})
    if not all(_works(seen) for seen in found.values()):
        return Exit.FAILED
    return exit_code_of(plans) if plans is not None else Exit.OK


Found = tuple[HostState, list[ServiceStatus]]


def _works(seen: Found | Exception) -> bool:
    return not isinstance(seen, Exception) and all(one.healthy for one in seen[1] if one.managed)


def _plans(
    loaded: Inventory, hosts: tuple[Host, ...], pool: ConnectionPool, environ: Mapping[str, str], screen: Screen
) -> Plans:
    from runnerops.engine.planner import plan_all
    from runnerops.engine.project import open_project

    return plan_all(open_project(loaded, hosts, environ, screen.redactor), pool, Flags({}))


def _pending(plans: Plans | None, name: str) -> bool | None:
    """Whether a deploy would change something; None where that was not asked, or cannot be told."""
    planned = plans[name] if plans else None
    return planned.result is Result.PENDING if isinstance(planned, Planned) else None
