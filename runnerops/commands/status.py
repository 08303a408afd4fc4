"""`runnerops status`: what runs on each host, its last run, what is unfinished or no longer managed. Reads only, one exec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from runnerops import inventory
from runnerops.engine.gitlab.context import GitlabContext
from runnerops.engine.gitlab.status import ask_gitlab, pending_deletions, with_gitlab_status
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.hosts.maintenance import maintenance_texts
from runnerops.engine.hosts.observe import observe_and_ask
from runnerops.engine.hosts.targets import check_targets, select_hosts
from runnerops.engine.options import Flags, Invocation
from runnerops.engine.plans.planned import Planned, Plans
from runnerops.engine.plans.review import exit_code_of, failed_outcome
from runnerops.engine.threads import side_by_side
from runnerops.frozen import frozen
from runnerops.model.common import Exit, Result
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, Inventory
from runnerops.model.run import Outcome
from runnerops.planning.lint.machines import clone_texts
from runnerops.planning.unseen import notes_on_incomplete_observation
from runnerops.remote.links import ReadOnly
from runnerops.report.causes import outcomes_lines, total_line
from runnerops.report.document import VERSION, outcome_document
from runnerops.report.paused import begun_texts
from runnerops.report.screen import Screen
from runnerops.report.status import status_document
from runnerops.report.status_of_many import HostStatus, many_status_lines
from runnerops.report.waiting import Waiting, waiting
from runnerops.services.providers import STATUS_PROVIDERS
from runnerops.services.status import ServiceStatus


def status(invocation: Invocation, *, as_json: bool, exit_code: bool, verbose: bool = False) -> Exit:
    """Exit 1 where a host was not reached or something managed there does not work; else, with `exit_code`, as `diff`.

    No secret is needed for this without `exit_code`. `verbose`: hosts that are alike are shown one by one.
    """
    path, targets, environ, screen = invocation
    loaded = inventory.load(path)
    check_targets(loaded, targets)
    with ConnectionPool(loaded, environ, screen) as pool:
        hosts = {host.name: host for host in select_hosts(loaded, targets, pool)}
        with waiting(screen, silent=as_json or len(hosts) == 1, hosts=len(hosts), short=True) as busy:
            query = _StatusQuery(pool, busy, pool.gitlab_context())
            results = side_by_side(list(hosts), lambda name: query.at(hosts[name]))
        plans = _plans(loaded, tuple(hosts.values()), pool) if exit_code else None
    documents, failed, shown = [], [], []
    clones = clone_texts(
        {name: result[0].facts for name, result in results.items() if not isinstance(result, Exception)}
    )
    for name, result in results.items():
        if isinstance(result, Exception):
            outcome = failed_outcome(name, result)
            documents.append(outcome_document(outcome))
            failed.append(outcome)
        else:
            observed, statuses, due = result
            notes = (*_notes(hosts[name], observed, due), *([clones[name]] if name in clones else []))
            documents.append(status_document(name, observed, statuses, notes, pending=_pending(plans, name)))
            still_paused = tuple(
                record for record in observed.paused if record.id not in due
            )  # to be deleted says more
            observed = replace(observed, paused=still_paused)
            shown.append(HostStatus(name, hosts[name].address, observed, statuses, notes, _pending(plans, name)))
    if as_json:
        screen.json({"version": VERSION, "hosts": documents})
    else:
        screen.lines(many_status_lines(shown, apart=verbose))
        _sum_up(results, failed, screen)
    if not all(_works(result) for result in results.values()):
        return Exit.FAILED
    return exit_code_of(plans) if plans is not None else Exit.OK


def _notes(host: Host, observed: HostState, due: Mapping[int, str]) -> Iterator[str]:
    yield from maintenance_texts(host)
    yield from notes_on_incomplete_observation(observed.facts)
    yield from due.values()
    yield from begun_texts(host, observed)


def _sum_up(results: Mapping[str, Found | Exception], failed: Sequence[Outcome], screen: Screen) -> None:
    screen.lines(outcomes_lines(failed))
    if len(results) > 1:
        bad = [name for name, result in results.items() if not isinstance(result, Exception) and not _works(result)]
        kinds = {"work": [name for name, result in results.items() if _works(result)], "do not": bad}
        screen.data(total_line({**kinds, "not looked at": [outcome.host for outcome in failed]}), "host")


Found = tuple[HostState, list[ServiceStatus], Mapping[int, str]]
"""What was observed, how each system stands, and what is said of runners that are still to be deleted in GitLab, by id."""


@frozen
class _StatusQuery:
    """What every host is asked with."""

    pool: ConnectionPool
    busy: Waiting
    gitlab_context: GitlabContext

    def at(self, host: Host) -> Found:
        """The host itself, then GitLab where its section says so. Raises HostError."""
        try:
            self.busy.say(host.name, "asking")
            calls = [call for provider in STATUS_PROVIDERS for call in provider.inquiries(host)]
            functions = [provider.FUNCTIONS for provider in STATUS_PROVIDERS]
            observed, answers = observe_and_ask(
                host, (), ReadOnly(host.name, partial(self.pool.link, host)), calls, functions
            )
            statuses = [
                service_status
                for stands in STATUS_PROVIDERS
                if (service_status := stands.status(host, observed, answers))
            ]
            if host.gitlab and any(service_status.runners for service_status in statuses):
                self.busy.say(host.name, "asking GitLab")
                runners = ask_gitlab(host, observed, self.gitlab_context)
                statuses = [
                    with_gitlab_status(service_status, runners) if service_status.runners else service_status
                    for service_status in statuses
                ]
            return observed, statuses, pending_deletions(host, observed, self.gitlab_context)
        finally:
            self.busy.say(host.name, "")


def _works(result: Found | Exception) -> bool:
    return not isinstance(result, Exception) and all(
        service_status.healthy for service_status in result[1] if service_status.managed
    )


def _plans(loaded: Inventory, hosts: tuple[Host, ...], pool: ConnectionPool) -> Plans:
    from runnerops.engine.planner import plan_all
    from runnerops.engine.project import open_project

    return plan_all(open_project(loaded, hosts, pool.resolver(), pool.screen.redactor), pool, Flags({}))


def _pending(plans: Plans | None, name: str) -> bool | None:
    """Whether a deploy would change something; None where that was not asked, or cannot be told."""
    planned = plans[name] if plans else None
    return planned.result is Result.PENDING if isinstance(planned, Planned) else None
