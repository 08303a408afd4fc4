"""Values of the command line that commands hand on: what a run may do, how its user is asked and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from runnerops.errors import UsageError
from runnerops.frozen import frozen
from runnerops.inventory import Where
from runnerops.model.common import ServiceName
from runnerops.model.inventory import CiJob, Host, Policy
from runnerops.report.screen import Screen


class Invocation(NamedTuple):
    """What every command is given: the inventory, the hosts meant (none: all), the environment, and where to show things."""

    inventory: Where
    targets: Sequence[str]
    environ: Mapping[str, str]
    screen: Screen


@frozen
class Flags:
    """What the command line allows a run, and the CI job that it was typed in, if any.

    `allow` has codes of blockers, each for all hosts (`""`) or for hosts by name.
    """

    allow: Mapping[str, frozenset[str]]
    kill_jobs: bool = False
    drain_s: int = 7200
    verify_s: int = 60
    lock_wait_s: int = 0
    job: CiJob | None = None
    volumes: bool = False
    no_wait: bool = False
    """Nobody waits here for the end of running jobs."""
    only: frozenset[ServiceName] = frozenset()
    """The services that are meant; none: all of them."""

    def policy(self, host: Host) -> Policy:
        """The part of it that holds for this host."""
        allow = frozenset(code for code, hosts in self.allow.items() if "" in hosts or host.name in hosts)
        return Policy(allow, self.kill_jobs, self.drain_s, self.verify_s, self.job, self.volumes)


@frozen
class UiOptions:
    """How the user is asked and told. `yes`: no confirmation; `no_wait`: runs that wait for jobs are not followed further.

    `dry_run`: what would be done is shown, and nothing is.
    """

    yes: bool
    as_json: bool
    verbose: int
    no_wait: bool = False
    dry_run: bool = False

    def check(self, command: str, screen: Screen, inspect: str) -> None:
        """`inspect` is what tells beforehand what will be done. Raises UsageError where nobody can be asked."""
        if not (self.yes or self.dry_run) and (self.as_json or not screen.interactive):
            raise UsageError(
                f"{command}: there is no terminal to ask on", f"look at `runnerops {inspect}` first, then add --yes"
            )
