"""What the command line said of a run: what it may do, and how its user wants to be asked and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from runnerops.errors import UsageError
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


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line said of a run, and the CI job it was said in, if any.

    `allow`: stop codes, each for all hosts (`""`) or for one host by name.
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
        """What of it holds for this host."""
        allow = frozenset(code for code, hosts in self.allow.items() if "" in hosts or host.name in hosts)
        return Policy(allow, self.kill_jobs, self.drain_s, self.verify_s, self.job, self.volumes)


@dataclass(frozen=True, slots=True)
class UiOptions:
    """How a user wants to be asked and told. `yes`: not asked at all; `no_wait`: not told to the end of running jobs.

    `dry_run`: told what would be done, and nothing is.
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
                f"{command}: there is no terminal to ask at", f"look at `runnerops {inspect}` first, then add --yes"
            )
