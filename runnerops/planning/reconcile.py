"""From what the inventory asks to what this host should have. Pure.

Two laws, kept by every service and tested as properties: settling twice changes nothing more, and a file whose meaning
equals the host's *is* the host's, byte for byte. So nobody downstream compares by meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, RenderedFile
from runnerops.model.plan import Blocker
from runnerops.services import SERVICES


def reconcile(
    host: Host, rendered: Sequence[RenderedFile], observed: HostState
) -> tuple[tuple[RenderedFile, ...], tuple[Blocker, ...]]:
    """What this host should have, and what stops a deploy already here (a token that cannot be told, …)."""
    desired: list[RenderedFile] = []
    blockers: list[Blocker] = []
    for service in SERVICES:
        own = [file for file in rendered if file.spec.service is service.NAME]
        reconciled, found = service.reconcile(host, own, observed)
        desired += (_as_owned(file, observed) for file in reconciled)
        blockers += found
    return tuple(desired), tuple(blockers)


def _as_owned(file: RenderedFile, observed: HostState) -> RenderedFile:
    """The owner that the host's file has is kept, its mode only ever narrowed."""
    old = observed.file(file.spec.path)
    if old.kind != "file":
        return file
    mode = f"{int(file.spec.mode, 8) & int(old.mode, 8):04o}"
    return replace(file, spec=replace(file.spec, mode=mode, owner=old.owner))
