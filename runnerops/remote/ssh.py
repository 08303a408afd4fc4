"""Opening connections: Fabric connects and authenticates, once every hop's host key is known. Nothing is sent before that."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runnerops.errors import HostError, HostKeyError
from runnerops.model import Host
from runnerops.remote.hostkeys import KnownHosts, fingerprint, lookup_name
from runnerops.remote.keys import Credentials
from runnerops.remote.link import CONNECT_SECONDS, Link, close_all, transport_of
from runnerops.remote.sshconfig import read_config

if TYPE_CHECKING:
    from fabric import Connection
    from paramiko import PKey, SSHClient, Transport

ALIVE_SECONDS = 15
_BANNER_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Before each new attempt when sshd turns connections away (MaxStartups)."""


def open_link(host: Host, known: KnownHosts, credentials: Credentials, environ: Mapping[str, str]) -> Link:
    """Connect and authenticate, host keys of all hops verified first. Raises HostError and HostKeyError with the fix."""
    from paramiko.ssh_exception import SSHException  # noqa: PLC0415

    key = credentials.key(host.ssh.key)
    for pause in (*_BANNER_PAUSES, None):
        connection = make_connection(host, key, environ)
        verify_hops(host, connection, known)
        try:
            connection.open()
        except SSHException as error:
            close_all(connection)
            if pause is None or "banner" not in str(error):
                raise explained(host, connection, error, key) from None
            time.sleep(pause)
            continue
        except (OSError, EOFError) as error:
            close_all(connection)
            raise explained(host, connection, error, key) from None
        except HostKeyError:
            close_all(connection)
            raise
        break
    _keep_alive(transport_of(connection))
    sudo = host.ssh.sudo if host.ssh.sudo is not None else connection.user != "root"
    return Link(host, connection, sudo)


def make_connection(host: Host, key: PKey | None, environ: Mapping[str, str]) -> Connection:
    """A connection that is not open yet: from the inventory and ssh_config, from nothing else (no fabric.yml, no FABRIC_*)."""
    from fabric import Config, Connection  # noqa: PLC0415
    from paramiko import SSHConfig  # noqa: PLC0415

    logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)  # its threads log tracebacks of what we explain

    kwargs: dict[str, Any] = {"banner_timeout": CONNECT_SECONDS, "auth_timeout": 30.0}
    if key is not None:
        kwargs |= {"pkey": key, "allow_agent": False, "look_for_keys": False}
    overrides = {"connect_kwargs": kwargs, "timeouts": {"connect": CONNECT_SECONDS}, "load_ssh_configs": False}

    def config() -> Config:
        # each connection its own, for Fabric writes into connect_kwargs what belongs to one host
        return Config(
            ssh_config=SSHConfig.from_text(read_config(environ)),
            lazy=True,
            overrides={**overrides, "connect_kwargs": dict(kwargs)},
        )

    gateway = Connection(host.ssh.gateway, config=config()) if host.ssh.gateway else None
    return Connection(host.address, user=host.ssh.user, port=host.ssh.port, gateway=gateway, config=config())


def verify_hops(host: Host, connection: Connection, known: KnownHosts) -> None:
    """Fabric verifies nothing by itself; this makes every hop refuse a key that is not known."""
    hop: Any = connection
    while hop is not None and not isinstance(hop, str):
        name = lookup_name(hop.host, hop.port)
        names = {name, hop.ssh_config.get("hostkeyalias", name)}
        if hop is connection:
            names |= {lookup_name(host.name, hop.port), host.name}
        _verify(hop.client, host.name, name, frozenset(names), known)
        hop = hop.gateway


def _verify(client: SSHClient, host: str, name: str, names: frozenset[str], known: KnownHosts) -> None:
    from paramiko import MissingHostKeyPolicy  # noqa: PLC0415

    class Refuse(MissingHostKeyPolicy):
        def missing_host_key(self, client: SSHClient, hostname: str, key: PKey) -> None:  # noqa: ARG002
            raise refusal(host, name, key, known, names)

    for key in known.keys(names):
        client.get_host_keys().add(name, key.get_name(), key)
    client.set_missing_host_key_policy(Refuse())


def refusal(host: str, name: str, offered: PKey, known: KnownHosts, names: frozenset[str]) -> HostKeyError:
    """Why the key that a host offers is not accepted; nothing was sent to it."""
    shown = f"{offered.get_name()} {fingerprint(offered)}"
    if known.is_revoked(offered, names):
        return HostKeyError(
            host, f"the host key of {name} is revoked: {shown}", "find out what happened; nothing was sent"
        )
    before = [f"{key.get_name()} {fingerprint(key)}" for key in known.keys(names)]
    if before:
        message = f"the host key of {name} has changed: it offers {shown}; known is {', '.join(before)}"
        return HostKeyError(host, message, f"only if you know why it changed: runnerops trust {host}")
    message = f"the host key of {name} is unknown: {shown}"
    return HostKeyError(host, message, f"compare it with the host's own, then: runnerops trust {host}")


def _keep_alive(transport: Transport) -> None:
    """A line that went dead is noticed: what is not acknowledged for a minute breaks the connection."""
    transport.set_keepalive(ALIVE_SECONDS)
    sock = transport.sock
    if isinstance(sock, socket.socket) and hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 60_000)


def explained(host: Host, connection: Connection, error: Exception, key: PKey | None) -> HostError:
    """An error of connecting, as what a user can act on."""
    from paramiko.ssh_exception import AuthenticationException, BadHostKeyException, PasswordRequiredException  # noqa: PLC0415

    where = f"{connection.user}@{connection.host}:{connection.port}"
    if isinstance(error, BadHostKeyException):
        both = f"it offers {fingerprint(error.key)}; known is {fingerprint(error.expected_key)}"
        hint = f"only if you know why it changed: runnerops trust {host.name}"
        return HostKeyError(host.name, f"the host key of {connection.host} has changed: {both}", hint)
    if isinstance(error, PasswordRequiredException):
        return HostError(
            host.name, f"{where}: the private key has a passphrase", "load it into an agent, or set SSH_KEY_PASSPHRASE"
        )
    if isinstance(error, AuthenticationException) or "No authentication methods" in str(error):
        tried = f"the key {fingerprint(key)}" if key is not None else "the agent's keys and those in ~/.ssh"
        hint = (
            f"tried: {tried}; put its public half into ~{connection.user}/.ssh/authorized_keys there, "
            "or set ssh.key or SSH_PRIVATE_KEY"
        )
        return HostError(host.name, f"{where}: authentication failed", hint)
    if isinstance(error, socket.gaierror):
        return HostError(host.name, f"{connection.host}: no such name", "set `address` in the inventory")
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if isinstance(error, TimeoutError):
        reason = f"no answer within {CONNECT_SECONDS:.0f} s"
    return HostError(host.name, f"{where}: {reason}", "see whether the host is up and lets this machine in")
