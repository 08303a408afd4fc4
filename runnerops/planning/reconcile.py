"""From what the inventory asks to what this host should have. Pure.

Two laws, kept by every service and tested as properties: settling twice changes nothing more, and a file whose meaning
equals the host's *is* the host's, byte for byte. So nobody downstream compares by meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, RenderedFile
from runnerops.model.plan import Stop
from runnerops.services import SERVICES


def settle(
    host: Host, asked: Sequence[RenderedFile], have: HostState
) -> tuple[tuple[RenderedFile, ...], tuple[Stop, ...]]:
    """What this host should have, and what stops a deploy already here (a token that cannot be told, …)."""
    want: list[RenderedFile] = []
    stops: list[Stop] = []
    for service in SERVICES:
        own = [file for file in asked if file.spec.service is service.NAME]
        settled, found = service.settle(host, own, have)
        want += (_as_owned(file, have) for file in settled)
        stops += found
    return tuple(want), tuple(stops)


def _as_owned(file: RenderedFile, have: HostState) -> RenderedFile:
    """The owner that the host's file has is kept, its mode only ever narrowed."""
    old = have.file(file.spec.path)
    if old.kind != "file":
        return file
    mode = f"{int(file.spec.mode, 8) & int(old.mode, 8):04o}"
    return replace(file, spec=replace(file.spec, mode=mode, owner=old.owner))
