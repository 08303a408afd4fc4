"""The route to a host as a list of hops, before any is opened: the address, the keys to offer and the expected host
keys.

Everything comes from the inventory, ssh_config and two environment variables. Fabric's own files are not read
(`/etc/fabric.*`, `~/.fabric.*`, `FABRIC_*`). Loads fabric and paramiko: import it late.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from paramiko import SSHException

from runnerops.errors import HostError
from runnerops.model.inventory import Host
from runnerops.ssh.access import Access
from runnerops.ssh.algorithms import allowed_algorithms
from runnerops.ssh.fabrics import Config, Connection
from runnerops.ssh.home import ssh_home
from runnerops.ssh.hop import Hop, Verified
from runnerops.ssh.hostnames import lookup_name
from runnerops.ssh.login import Attempt, Identities, make_login
from runnerops.ssh.refusal import refusal
from runnerops.ssh.settings import Settings, family_of, is_yes, words_of
from runnerops.ssh.transport import preferring

CONNECT_SECONDS = 15
_LATER_SECONDS = 15.0
_AUTH_SECONDS = 30.0
_SSH_CONFIG = "correct ~/.ssh/config, or the files that it includes: `ssh -G NAME` shows how OpenSSH reads it"
_DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")

logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)  # its threads log tracebacks of errors that we explain


def make_route(host: Host, access: Access, allow_login: Callable[[], None] = lambda: None) -> tuple[Hop, ...]:
    """The hops in the order in which they are connected; the last is the host itself. `allow_login` is called before
    each login.

    `ssh.gateway` is the name of a peer, or `[USER@]HOST[:PORT]`, to which ssh_config applies. Without it, ProxyJump is
    used. Raises HostError and PrivateKeyError.
    """
    try:
        connection = _connection(host, access.settings(), access.peers)
        hops: list[Hop] = []
        step: Any = connection
        while isinstance(step, Connection):
            hops.insert(0, _hop(host, step, access, allow_login, gateway=step is not connection))
            step = step.gateway
    except (SSHException, ValueError, KeyError, OSError, RecursionError) as error:
        reason = "jump hosts that need each other" if isinstance(error, RecursionError) else str(error)
        raise HostError(host.name, f"ssh_config cannot be used: {reason}", _SSH_CONFIG) from None
    return tuple(hops)


def _connection(host: Host, settings: Settings, peers: Mapping[str, Host]) -> Connection:
    # each connection needs a separate Config, because Fabric writes values of one host into it
    def config(address: str, user: str | None, port: int | None) -> Config:
        own_settings = settings.with_login(address, user, port)
        return Config(ssh_config=own_settings, lazy=True, overrides={"timeouts": {"connect": CONNECT_SECONDS}})

    name, gateway = host.ssh.gateway, None
    if name and name in peers:
        gateway = _connection(peers[name], settings, peers)
    elif name:
        user, address, port = split_target(name)
        gateway = Connection(address, user=user, port=port, config=config(address, user, port))
    own_config = config(host.address, host.ssh.user, host.ssh.port)
    return Connection(host.address, user=host.ssh.user, port=host.ssh.port, gateway=gateway, config=own_config)


def _hop(
    host: Host,
    connection: Connection,
    access: Access,
    allow_login: Callable[[], None],
    gateway: bool,
) -> Hop:
    settings = connection.ssh_config
    if refused := refusal(settings):
        raise HostError(host.name, f"ssh_config: {connection.original_host}: {refused[0]}", refused[1])
    name = settings.get("hostkeyalias") or lookup_name(connection.host, connection.port)
    names = [name] if gateway else [name, host.name, lookup_name(host.name, connection.port)]
    loose = () if "hostkeyalias" in settings else (connection.host,)
    login = make_login(access.credentials, host.ssh.key, _identities(connection, access.environ), gateway)
    files = [word for key in ("userknownhostsfile", "globalknownhostsfile") for word in words_of(settings, key)]
    known_hosts = access.known_hosts.with_files(map(Path, files))
    hop = Hop(
        host.name,
        connection,
        tuple(dict.fromkeys(names)),
        loose,
        known_hosts,
        Attempt(connection.user, login),
        gateway,
        _certified(settings.get("hostkeyalias") or connection.host, () if gateway else (host.name,)),
        bool(access.environ.get("CI")),
        int(size) if (size := settings.get("requiredrsasize", "")).isdecimal() else 0,
        allowed_algorithms(settings, "casignaturealgorithms"),
    )
    if family := family_of(settings):
        _hold_to(connection, family)
    connection.client.set_missing_host_key_policy(Verified(hop, allow_login))
    connection.connect_kwargs = _connect_arguments(hop)
    return hop


def silence_limit(connection: Connection) -> float:
    """Seconds after which paramiko itself ends a connection on which nothing came, before the SSH protocol or during the
    exchange of keys.

    It does so as if the other side had closed the connection. So this is later than the connection's own limit.
    """
    return _LATER_SECONDS + float(connection.connect_timeout)


def _connect_arguments(hop: Hop) -> dict[str, Any]:
    """How the hop is connected to: time limits, keys, and the kinds of host keys that are requested."""
    names = (*hop.names, *hop.loose)
    return {
        "banner_timeout": silence_limit(hop.connection),
        "auth_timeout": _AUTH_SECONDS,
        "channel_timeout": CONNECT_SECONDS,
        "auth_strategy": hop.attempt,
        "transport_factory": preferring(
            [entry.key.kind for entry in hop.known_hosts.entries_for(names)],
            certificate=bool(hop.known_hosts.authorities_of(names)),
            leaves=allowed_algorithms(hop.connection.ssh_config, "hostkeyalgorithms"),
            opens_early=not hop.gateway,
            handshake_timeout=silence_limit(hop.connection),
        ),
    }


def _hold_to(connection: Connection, family: socket.AddressFamily) -> None:
    """Restricts the connection to addresses of this family."""
    usual = connection.client._families_and_addresses  # paramiko's own method returns all families

    def addresses(hostname: str, port: int) -> list[tuple[int, Any]]:
        pairs = [pair for pair in usual(hostname, port) if pair[0] == family]
        if not pairs:
            raise OSError(f"{hostname} has no address of the family that AddressFamily in ssh_config demands")
        return pairs

    connection.client._families_and_addresses = addresses


def _certified(address: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((address.lower(), *names)))


def _identities(connection: Connection, environ: Mapping[str, str]) -> Identities:
    settings, ssh = connection.ssh_config, ssh_home(environ) / ".ssh"
    paths = settings.get("identityfile") or [str(ssh / name) for name in _DEFAULT_KEYS]
    return Identities(
        tuple(path for path in map(Path, paths) if path.is_file()),
        is_yes(settings, "identitiesonly"),
        settings.get("identityagent", ""),
        settings.get("certificatefile", ""),
    )


def split_target(text: str) -> tuple[str | None, str, int | None]:
    """User, host and port of `[USER@]HOST[:PORT]`; an IPv6 address with a port is in brackets."""
    user, _, rest = text.rpartition("@")
    if rest.startswith("["):
        address, _, port = rest[1:].partition("]")
        port = port.removeprefix(":")
    else:
        address, _, port = rest.partition(":") if rest.count(":") == 1 else (rest, "", "")
    return user or None, address, int(port) if port else None
