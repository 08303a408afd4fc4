"""Values of the command line that commands pass on: what a run may do, and how the user is asked and informed."""

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
    """What every command gets: the inventory, the target hosts (none: all), the environment, and where
    output is shown.
    """

    inventory: Where
    targets: Sequence[str]
    environ: Mapping[str, str]
    screen: Screen


@frozen
class Flags:
    """What the command line allows a run, and the CI job in which it was called, if any.

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
    """Whether the client does not wait for the end of running jobs."""
    only: frozenset[ServiceName] = frozenset()
    """The services that the command is limited to; empty: all."""

    def policy(self, host: Host) -> Policy:
        """The part that applies to this host."""
        allow = frozenset(code for code, hosts in self.allow.items() if "" in hosts or host.name in hosts)
        return Policy(allow, self.kill_jobs, self.drain_s, self.verify_s, self.job, self.volumes)


@frozen
class UiOptions:
    """How the user is asked and informed. `yes`: no confirmation; `no_wait`: runs that wait for jobs are not followed
    further.

    `dry_run`: show what would be done, and do nothing.
    """

    yes: bool
    as_json: bool
    verbose: int
    no_wait: bool = False
    dry_run: bool = False

    def check(self, command: str, screen: Screen, inspect: str) -> None:
        """Checks that the user can be asked for a confirmation. `inspect` is the command that shows what would be done.
        Raises UsageError.
        """
        if not (self.yes or self.dry_run) and (self.as_json or not screen.interactive):
            raise UsageError(
                f"{command}: there is no terminal to ask on", f"look at `runnerops {inspect}` first, then add --yes"
            )
