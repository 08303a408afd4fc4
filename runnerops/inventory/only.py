"""Restricts hosts to some of their services, for `--only SERVICE`. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from runnerops.errors import UsageError
from runnerops.model.common import ServiceName
from runnerops.model.inventory import Host


def only(hosts: Sequence[Host], services: Collection[ServiceName]) -> tuple[Host, ...]:
    """The hosts with one of these services, each without its other services. If no service is named, all hosts,
    unchanged.

    Raises UsageError if no host has any of them.
    """
    if not services or not hosts:
        return tuple(hosts)
    narrowed = tuple(_narrowed(host, services) for host in hosts if host.sections.keys() & services)
    if not narrowed:
        names = ", ".join(sorted(services))
        raise UsageError(f"--only {names}: none of these hosts has it", "`runnerops hosts` lists what each host has")
    return narrowed


def _narrowed(host: Host, services: Collection[ServiceName]) -> Host:
    sections = {name: tree for name, tree in host.sections.items() if name in services}
    left_out = frozenset(ServiceName) - frozenset(services)
    if ServiceName.GITLAB_RUNNER in left_out:
        host = replace(host, gitlab=None, gitlab_settings={})
    return replace(host, sections=sections, left_out=left_out)
