"""Follows runs that are in progress from their beginnings to their ends, several at the same time."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.plans.review import failed_outcome
from runnerops.engine.runs import apply
from runnerops.engine.runs.outcome import plan_of_record
from runnerops.engine.threads import side_by_side
from runnerops.model.inventory import Host
from runnerops.model.plan import Plan
from runnerops.model.run import Outcome, Record
from runnerops.report.progress import open_show


class FollowHooks:
    """What is done for a host before and after its run is followed. These methods do nothing; `abort`
    overrides them.
    """

    @property
    def groups_outcomes(self) -> bool:
        """Whether the ends are shown together when all runs have ended, with equal ends as one."""
        return False

    def before(self, host: Host) -> None:
        """Called before the run is followed. Raises HostError."""

    def after(self, host: Host, plan: Plan, outcome: Outcome) -> Outcome:  # noqa: ARG002
        """Called when the end of the run was seen. Returns the host's outcome."""
        return outcome


def follow_records(
    runs: Sequence[tuple[Host, Record]],
    pool: ConnectionPool,
    *,
    as_json: bool,
    verbose: int,
    hooks: FollowHooks | None = None,
) -> list[Outcome]:
    """The outcome of each of these runs."""
    hooks = hooks or FollowHooks()
    hosts = {host.name: host for host, _ in runs}
    plans = {host.name: plan_of_record(host.name, record) for host, record in runs}
    with contextlib.ExitStack() as stack:
        show = open_show(plans, pool.screen, stack, as_json=as_json, verbose=verbose)
        if hooks.groups_outcomes:
            show.gather()

        def follow(name: str) -> Outcome:
            hooks.before(hosts[name])
            outcome = apply.follow(plans[name], pool.host_link(hosts[name]), pool.screen.redactor, show.watch)
            outcome = hooks.after(hosts[name], plans[name], outcome)
            show.end(outcome)
            return outcome

        outcomes: list[Outcome] = []
        for name, result in (side_by_side(list(plans), follow) if plans else {}).items():
            if isinstance(
                result, Exception
            ):  # it could not be told to roll back, or the host is not reachable any more
                show.end(ended := failed_outcome(name, result))
            outcomes.append(ended if isinstance(result, Exception) else result)
        return outcomes
