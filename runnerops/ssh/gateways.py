"""Jump hosts of one command. Each is connected to and logged in to once, for all hosts that are reached through it.

Otherwise forty hosts would mean forty simultaneous logins at their gateway. That is more than MaxStartups allows. With
a wrong key, forty failures make sshd refuse connections from here for minutes (PerSourcePenalties). It may be imported
early.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Hashable
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from runnerops.errors import HostError
from runnerops.frozen import frozen, mutable

if TYPE_CHECKING:
    from fabric import Connection
    from paramiko import Transport

_MOST = 100
"""The most hosts that share one connection. sshd opens a file for each, and can open a few hundred at most."""


class Hop(Protocol):
    """The part of `route.Hop` that this module uses."""

    @property
    def host(self) -> str:
        """The host that the route leads to."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names under which known_hosts may have it."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The key files that may be offered to it."""

    @property
    def connection(self) -> Connection:
        """The connection, open or not."""


H = TypeVar("H", bound=Hop)


@frozen
class Passage:
    """An open connection to a jump host, in the form that Fabric expects. The caller must not close it."""

    transport: Transport

    def open(self) -> None:
        """Does nothing: the connection is open."""


@mutable
class _Gateway:
    hop: Hop | None = None
    failure: HostError | None = None
    used: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def transport(self) -> Transport | None:
        """The transport, while the connection is open."""
        transport = self.hop.connection.client.get_transport() if self.hop else None
        return transport if transport is not None and transport.is_authenticated() else None


class Gateways:
    """The open connections to gateways, and the errors of those that failed. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Hashable, list[_Gateway]] = {}

    def through(self, hop: H, open_hop: Callable[[H], None]) -> Passage:
        """A connection through this jump host. `open_hop` opens it if nobody has; other threads wait meanwhile.

        Raises HostError. An error that another host got at this gateway is raised again until `forget` is called.
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
            _close(gateway)  # it may have been opened before the host key was refused
            raise
        transport: Transport = hop.connection.transport
        return transport

    def forget(self) -> None:
        """Forgets all failures, so that each gateway is tried once more."""
        with self._lock:
            for gateway in (gateway for each in self._known.values() for gateway in each):
                gateway.failure = None

    def close(self) -> None:
        """Closes all connections."""
        with self._lock:
            for gateway in (gateway for each in self._known.values() for gateway in each):
                _close(gateway)

    def _find(self, hop: Hop) -> _Gateway:
        with self._lock:
            alike = self._known.setdefault(_shared_by(hop), [])
            if not alike or (alike[-1].used >= _MOST and not alike[-1].failure):
                alike.append(_Gateway())
            alike[-1].used += 1
            return alike[-1]


def _shared_by(hop: Hop) -> Hashable:
    """Hosts share a connection if this is equal: the same login, with the same keys, over the same route."""
    connection = hop.connection
    route = connection.gateway.transport if isinstance(connection.gateway, Passage) else connection.gateway
    settings = tuple(sorted((key, str(value)) for key, value in connection.ssh_config.items()))
    return connection.user, connection.host, connection.port, route, hop.names, hop.files, settings


def _close(gateway: _Gateway) -> None:
    if gateway.hop:
        with contextlib.suppress(OSError, EOFError):
            gateway.hop.connection.client.close()
