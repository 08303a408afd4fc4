"""The status of managed systems on a host, as `status` shows it: the value, and the Protocol for a service's part.
Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runnerops.frozen import frozen
from runnerops.model.answers import Answers
from runnerops.model.common import ServiceName
from runnerops.model.facts import Job
from runnerops.model.gitlab import RunnerStatus
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.services.verify import Call


@frozen
class ServiceStatus:
    """The status of one system. `healthy`: it runs as it should. `details` say, a sentence each, what is loaded and goes on.

    `runners` are those of its file, with their status in GitLab where that was asked. `leftover_files` are files that
    runnerops applied for it and that no section asks for any more.
    """

    service: ServiceName
    managed: bool
    version: str
    state: str
    healthy: bool
    details: tuple[str, ...] = ()
    leftover_files: tuple[str, ...] = ()
    runners: tuple[RunnerStatus, ...] = ()
    jobs: tuple[Job, ...] = ()
    """CI jobs that run there."""


class StatusProvider(Protocol):
    """A service's part of `status`, implemented by its module `status.py`."""

    FUNCTIONS: str
    """Shell functions for `inquiries`, in addition to the service's OBSERVE. They only read."""

    def inquiries(self, host: Host) -> Sequence[Call]:
        """The questions that are asked together with the observation."""

    def status(self, host: Host, observed: HostState, answers: Answers) -> ServiceStatus | None:
        """None if the system is neither managed nor on the host. `answers` has the answers to `inquiries`."""
