"""Makes what a host should have (`desired`) from what the inventory asks for (`rendered`) and what the host has. Pure.

Every service guarantees two things, which property tests check. To reconcile twice changes nothing more. And if a file
means the same as the host's, the result is the host's file, byte for byte. So later stages need not compare meanings.
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
    """Returns the files that the host should have, and blockers that arise here already, e.g. for a token that nobody
    has.
    """
    desired: list[RenderedFile] = []
    blockers: list[Blocker] = []
    for service in SERVICES:
        files = [file for file in rendered if file.spec.service is service.NAME]
        reconciled, notes = service.reconcile(host, files, observed)
        desired += (_as_owned(file, observed) for file in reconciled)
        blockers += notes
    return tuple(desired), tuple(blockers)


def _as_owned(file: RenderedFile, observed: HostState) -> RenderedFile:
    """Keeps the owner of the host's file. Its mode is only made stricter: if the file holds a secret, only the owner
    may read it.

    This is done after the merge, because keys that belong to the host can be secrets too.
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
        return holds_secret(service.parse(file.spec, file.content), service)
    except ParseError:  # earlier contents that a rollback brings back may not parse
        return True
