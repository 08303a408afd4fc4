"""Hosts in maintenance, as the inventory says. They are reported, and commands that change hosts do not contact
them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from runnerops.engine.options import Flags
from runnerops.errors import HostError
from runnerops.model.common import Result
from runnerops.model.inventory import Host
from runnerops.parsing.moments import in_utc


def in_maintenance(host: Host, flags: Flags) -> bool:
    """Whether the host is left out now, by the clock of this machine."""
    maintenance = host.maintenance
    if maintenance is None or 0 < maintenance.until <= time.time():
        return False
    return "maintenance" not in flags.policy(host).allow


def maintenance_texts(host: Host) -> Iterator[str]:
    """A sentence that deploys leave the host out, while it is in maintenance."""
    if host.maintenance and in_maintenance(host, Flags({})):
        until = f" until {in_utc(host.maintenance.until)}" if host.maintenance.until else ""
        yield f"in maintenance{until}, so deploys leave it out: {host.maintenance.reason}"


def check_maintenance(host: Host, flags: Flags) -> None:
    """Raises HostError if the host is left out."""
    if host.maintenance and in_maintenance(host, flags):
        until = host.maintenance.until
        when = f"until {in_utc(until)}: " if until else ""
        hint = f"`--allow maintenance@{host.name}` overrides that"
        raise HostError(host.name, f"{when}{host.maintenance.reason}", hint, Result.MAINTENANCE.value)
