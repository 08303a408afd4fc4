"""Makes what a host should have (`desired`) of what the inventory asks for (`rendered`) and what is there. Pure.

Every service keeps two laws, which are tested as properties: reconciling twice changes nothing more, and a file whose
meaning equals the host's *is* the host's, byte for byte. So nobody downstream compares by meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, RenderedFile
from runnerops.model.plan import Blocker
from runnerops.redact import PRIVATE, holds_secret
from runnerops.services import SERVICES, service_of
from runnerops.services.base import ParseError


def reconcile(
    host: Host, rendered: Sequence[RenderedFile], observed: HostState
) -> tuple[tuple[RenderedFile, ...], tuple[Blocker, ...]]:
    """The files that this host should have, and blockers that arise already here (a token that nobody has, …)."""
    desired: list[RenderedFile] = []
    blockers: list[Blocker] = []
    for service in SERVICES:
        own = [file for file in rendered if file.spec.service is service.NAME]
        reconciled, found = service.reconcile(host, own, observed)
        desired += (_as_owned(file, observed) for file in reconciled)
        blockers += found
    return tuple(desired), tuple(blockers)


def _as_owned(file: RenderedFile, observed: HostState) -> RenderedFile:
    """The owner that the host's file has is kept; its mode is only ever narrowed, to its owner alone where it holds a secret.

    What it holds is known by now: keys that are the host's own can be secret as well.
    """
    old = observed.file(file.spec.path)
    mode = int(file.spec.mode, 8) & (int(PRIVATE, 8) if _secret(file) else 0o7777)
    if old.kind != "file":
        return replace(file, spec=replace(file.spec, mode=f"{mode:04o}"))
    return replace(file, spec=replace(file.spec, mode=f"{mode & int(old.mode, 8):04o}", owner=old.owner))


def _secret(file: RenderedFile) -> bool:
    if file.content is None:
        return False
    service = service_of(file.spec.service)
    try:
        return holds_secret(service, service.parse(file.spec, file.content))
    except ParseError:  # contents of before that a rollback brings back
        return True
