"""Jump hosts of one command: each is connected and logged in to once, for all the hosts behind it.

Else forty hosts behind one would be forty logins there at a time: more than MaxStartups lets in, and with a wrong key forty
failed ones, for which sshd takes no connection from here for minutes (PerSourcePenalties). Import it early, it loads nothing.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from runnerops.errors import HostError
from runnerops.frozen import frozen

if TYPE_CHECKING:
    from fabric import Connection
    from paramiko import Transport

_MOST = 100
"""Hosts behind one connection: sshd opens a file for each, and has some hundreds at most."""


class Hop(Protocol):
    """What is looked at of a hop (`route.Hop`)."""

    @property
    def host(self) -> str:
        """The host that it leads to."""

    @property
    def names(self) -> tuple[str, ...]:
        """What known_hosts may call it."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The files whose keys it may be offered."""

    @property
    def connection(self) -> Connection:
        """Open or not."""


H = TypeVar("H", bound=Hop)


@frozen
class Passage:
    """An open connection to a jump host, in the form in which Fabric opens channels on one; it is not the caller's to close."""

    transport: Transport

    def open(self) -> None:
        """It is."""


@dataclass(slots=True)
class _Gateway:
    hop: Hop | None = None
    failure: HostError | None = None
    used: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def transport(self) -> Transport | None:
        """While it is open."""
        transport = self.hop.connection.client.get_transport() if self.hop else None
        return transport if transport is not None and transport.is_authenticated() else None


class Gateways:
    """Those that are open, and why those that are not cannot be. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Hashable, list[_Gateway]] = {}

    def through(self, hop: H, open_hop: Callable[[H], None]) -> Passage:
        """Through this jump host, which `open_hop` connects to where nobody did before; who comes meanwhile waits.

        Raises HostError: also the one that another host met there, until `forget`.
        """
        gateway = self._find(hop)
        with gateway.lock:
            if gateway.failure:
                raise gateway.failure.met_by(hop.host)
            transport = gateway.transport
            return Passage(self._open(gateway, hop, open_hop) if transport is None else transport)

    @staticmethod
    def _open(gateway: _Gateway, hop: H, open_hop: Callable[[H], None]) -> Transport:
        _close(gateway)
        gateway.hop = hop
        try:
            open_hop(hop)
        except HostError as error:
            gateway.failure = error
            _close(gateway)  # it may have got as far as the host key
            raise
        transport: Transport = hop.connection.transport
        return transport

    def forget(self) -> None:
        """What failed is tried once more."""
        with self._lock:
            for gateway in (one for each in self._known.values() for one in each):
                gateway.failure = None

    def close(self) -> None:
        """All connections."""
        with self._lock:
            for gateway in (one for each in self._known.values() for one in each):
                _close(gateway)

    def _find(self, hop: Hop) -> _Gateway:
        with self._lock:
            alike = self._known.setdefault(_way(hop), [])
            if not alike or (alike[-1].used >= _MOST and not alike[-1].failure):
                alike.append(_Gateway())
            alike[-1].used += 1
            return alike[-1]


def _way(hop: Hop) -> Hashable:
    """What two hosts have in common that go through one connection: who logs in where, with which keys, on which way."""
    connection = hop.connection
    way = connection.gateway.transport if isinstance(connection.gateway, Passage) else connection.gateway
    settings = tuple(sorted((key, str(value)) for key, value in connection.ssh_config.items()))
    return connection.user, connection.host, connection.port, way, hop.names, hop.files, settings


def _close(gateway: _Gateway) -> None:
    if gateway.hop:
        with contextlib.suppress(OSError, EOFError):
            gateway.hop.connection.client.close()
