"""`rollout.health: verify`: a host must pass `verify` after its run, or it counts as failed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runnerops.engine.plans.review import failed_outcome
from runnerops.engine.verify.verifying import HostVerifier
from runnerops.errors import RunneropsError
from runnerops.model.common import Result
from runnerops.report.checks import summary_line
from runnerops.report.waiting import waiting
from runnerops.services.verify import IMAGE, Probe, parse_image

if TYPE_CHECKING:
    from runnerops.engine.hosts.connections import ConnectionPool
    from runnerops.engine.project import Project
    from runnerops.model.inventory import Host
    from runnerops.model.run import Outcome


class HealthCheck:
    """Verifies the hosts of one deploy after their runs. Each host may be used by one thread at a time."""

    def __init__(self, project: Project, pool: ConnectionPool) -> None:
        image = parse_image(IMAGE)
        assert image
        hosts = {host.name: host for host in project.inventory.hosts}
        busy = waiting(pool.screen, silent=True)
        self._known = hosts
        self._verifier = HostVerifier(hosts, pool, Probe(*image, marker=""), busy, pool.gitlab_context())

    def after(self, host: Host, outcome: Outcome) -> Outcome:
        """Returns the outcome of the run, or a failure if `verify` does not pass."""
        try:
            (checks,) = self._verifier.run([self._known[host.name]], quick=False).values()
        except RunneropsError as error:
            checks = error
        hint = f"`runnerops verify {host.name}` shows more; `runnerops rollback {host.name}` takes this run back"
        if isinstance(checks, Exception):
            details: tuple[str, ...] = (failed_outcome(host.name, checks).message,)
        else:
            broken = [check for check in checks if check.state == "fail"]
            if not broken:
                return replace(outcome, message=f"{outcome.message}\n  verify: {summary_line(checks)[1]}".strip())
            details = tuple(f"{check.what}: {check.reason}" if check.reason else check.what for check in broken)
        message = "its files are deployed, but verify does not pass (rollout.health)"
        if outcome.result is Result.UNCHANGED:
            message = "the canary is in sync, but verify does not pass (rollout.health)"
            hint = f"`runnerops verify {host.name}` shows more; repair it, or continue without it: --resume"
        return replace(outcome, result=Result.FAILED, message=message, diagnostics=details, hint=hint)
