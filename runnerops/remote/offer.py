"""The host keys that a host offers, asked without authenticating. Reads only."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runnerops.errors import HostError
from runnerops.model import Host
from runnerops.remote.hostkeys import KnownHosts, lookup_name
from runnerops.remote.keys import Credentials
from runnerops.remote.link import CONNECT_SECONDS, close_all
from runnerops.remote.ssh import explained, make_connection, verify_hops

if TYPE_CHECKING:
    from fabric import Connection
    from paramiko import PKey

KINDS = (
    ("ssh-ed25519",),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    ("rsa-sha2-512", "rsa-sha2-256"),
)
"""Asked for one after the other: a host tells one key a connection."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a host offers, and the name that a known_hosts file has for it."""

    name: str
    keys: tuple[PKey, ...]


def fetch_offer(host: Host, known: KnownHosts, credentials: Credentials, environ: Mapping[str, str]) -> Offer:
    """The keys of every kind that the host has. Gateways on the way are verified and logged in to. Raises HostError."""
    from paramiko.ssh_exception import SSHException  # noqa: PLC0415

    connection = make_connection(host, credentials.key(host.ssh.key), environ)
    verify_hops(host, connection, known)
    try:
        keys = [key for kinds in KINDS if (key := _offered(connection, kinds))]
    except (SSHException, OSError, EOFError) as error:
        raise explained(host, connection, error, None) from None
    finally:
        close_all(connection)
    if not keys:
        raise HostError(
            host.name, "it offers no host key of a kind that can be used", "ed25519, ECDSA and RSA can be used"
        )
    return Offer(lookup_name(connection.host, connection.port), tuple(keys))


def _offered(connection: Connection, kinds: tuple[str, ...]) -> PKey | None:
    from paramiko import SSHException, Transport  # noqa: PLC0415

    sock: Any
    if connection.gateway:
        sock = connection.open_gateway()
    else:
        sock = socket.create_connection((connection.host, connection.port), CONNECT_SECONDS)
    transport = Transport(sock)
    options = transport.get_security_options()
    options.key_types = [kind for kind in options.key_types if kind in kinds]
    try:
        transport.start_client(timeout=CONNECT_SECONDS)
        return transport.get_remote_server_key()
    except SSHException as error:
        if "banner" in str(error):
            raise
        return None  # it has no key of this kind
    finally:
        with contextlib.suppress(OSError, EOFError):
            transport.close()
