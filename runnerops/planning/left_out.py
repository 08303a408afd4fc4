"""What `--only` leaves out of a plan, and what the run keeps on record of it. Pure.

A run records every path that any run has brought, with its content. Paths of services that are left out are recorded as
by the run before, so that edits and rollbacks are recognised as usual.
"""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, RenderedFile
from runnerops.services import SERVICES


def services_note(host: Host, whole_host: Host) -> tuple[str, ...]:
    """A note with the services that are left out. `whole_host`: the host with all its services."""
    names = sorted(host.left_out & whole_host.sections.keys())
    return (f"left out by --only: {', '.join(names)}",) if names else ()


def unfinished_notes(host: Host, observed: HostState) -> Iterator[str]:
    """Notes on unfinished actions of services that are left out."""
    for service in sorted(host.left_out):
        if intent := observed.intent_for(service):
            yield f"{service} is unfinished since run {intent.run} and stays so: a deploy without --only completes it"


def recorded_command(command: str, host: Host) -> str:
    """The command as a run records it: as it was typed, with its services if some are left out."""
    if not host.left_out:
        return command
    return " ".join((command, *(f"--only {service}" for service in sorted(host.sections))))


def carried_files(host: Host, whole_host: Host, observed: HostState) -> tuple[RenderedFile, ...]:
    """The files of left-out services as the last run recorded them. `whole_host`: the host with all its services."""
    return tuple(
        RenderedFile(spec, observed.base[spec.path])
        for service in SERVICES
        if service.NAME in host.left_out & whole_host.sections.keys()
        for spec in service.files(whole_host)
        if spec.path in observed.base
    )
