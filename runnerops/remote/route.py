"""The way to a host, hop by hop, not open yet: who connects to what, with which keys, expecting which host keys.

Everything comes from the inventory, ssh_config and the environment's two variables, nothing from Fabric's own files
(`/etc/fabric.*`, `~/.fabric.*`, `FABRIC_*`). Loads fabric and paramiko: import it late.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paramiko import MissingHostKeyPolicy, PKey, SSHClient, SSHException

from runnerops.errors import HostError, HostKeyError
from runnerops.model.inventory import Host
from runnerops.remote.access import Access
from runnerops.remote.fabrics import Config, Connection
from runnerops.remote.hostkeys import HostKey, KnownHosts
from runnerops.remote.hostnames import lookup_name
from runnerops.remote.login import Attempt, Identities, make_login
from runnerops.remote.settings import Settings, is_yes, refusal, words_of
from runnerops.remote.sshconfig import read_settings
from runnerops.remote.transport import preferring

CONNECT_SECONDS = 15
BANNER_SECONDS = 30.0
"""Longer than the above, which is then what ends a silence; what ends sooner was closed by the other side."""
_AUTH_SECONDS = 30.0
_DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")

logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)  # its threads log tracebacks of what we explain


@dataclass(frozen=True, slots=True)
class Hop:
    """One connection of the way. `names` are what known_hosts may call it; the first is the one that `trust` writes.

    `loose` are names whose keys count, but are no reason to say that the key has changed.
    """

    host: str
    connection: Connection
    names: tuple[str, ...]
    loose: tuple[str, ...]
    known: KnownHosts
    attempt: Attempt
    gateway: bool
    in_ci: bool = False

    def verify(self, offered: HostKey) -> None:
        """Raises HostKeyError, which says what to do, unless this key is known."""
        where = f"gateway {self.names[0]}" if self.gateway else self.names[0]
        every = (*self.names, *self.loose)
        if revoked := self.known.revocation(offered, every):
            problem = f"the host key of {where} is revoked ({revoked.place}): {offered}"
            raise HostKeyError(self.host, problem, "find out who has this key; nothing was sent")
        if any(entry.key == offered for entry in self.known.about(every)):
            return
        if before := self.known.about(self.names):
            were = ", ".join(f"{entry.key} ({entry.place})" for entry in before)
            problem = f"the host key of {where} has changed: it offers {offered}; known is {were}"
            raise HostKeyError(self.host, problem, f"only if you know why it changed: {self._way_to_trust()}")
        problem = f"the host key of {where} is unknown: {offered}"
        raise HostKeyError(self.host, problem, f"compare it with the host's own, then: {self._way_to_trust()}")

    def _way_to_trust(self) -> str:
        """What can be done where this runs: nobody types a command in a pipeline's job."""
        trust = f"runnerops trust {self.host}"
        where = "the CI variable SSH_KNOWN_HOSTS, or commit known_hosts beside the inventory"
        return f"put its line into {where} (`{trust}` on your machine writes it)" if self.in_ci else trust


class Verified(MissingHostKeyPolicy):
    """The one place where a host key is accepted: Fabric's clients know none themselves, so each key comes here."""

    def __init__(self, hop: Hop, allow_login: Callable[[], None]) -> None:
        self._hop = hop
        self._allow_login = allow_login

    def missing_host_key(self, client: SSHClient, hostname: str, key: PKey) -> None:  # noqa: ARG002
        """Called before anything is sent but the key exchange. Raises HostKeyError."""
        self._hop.verify(HostKey(key.get_name(), key.asbytes()))
        self._allow_login()


def make_route(host: Host, access: Access, allow_login: Callable[[], None] = lambda: None) -> tuple[Hop, ...]:
    """The hops, the first to connect to first and the host itself last. `allow_login` is called before each login.

    `ssh.gateway` is the name of a peer, else `[USER@]HOST[:PORT]`, which ssh_config may know; ProxyJump
    counts where there is none. Raises HostError and PrivateKeyError.
    """
    try:
        connection = _connection(host, read_settings(access.environ), access.peers, ())
        hops: list[Hop] = []
        step: Any = connection
        while isinstance(step, Connection):
            hops.insert(0, _hop(host, step, access, allow_login, gateway=step is not connection))
            step = step.gateway
    except (SSHException, ValueError, KeyError, OSError, RecursionError) as error:
        reason = "jump hosts that need each other" if isinstance(error, RecursionError) else str(error)
        raise HostError(host.name, f"ssh_config cannot be used: {reason}", "see ~/.ssh/config") from None
    return tuple(hops)


def _connection(host: Host, settings: Settings, peers: Mapping[str, Host], seen: tuple[str, ...]) -> Connection:
    # each connection has a Config of its own, for Fabric writes into it what belongs to one host
    def config(address: str, user: str | None, port: int | None) -> Config:
        own = settings.given(address, user, port)
        return Config(ssh_config=own, lazy=True, overrides={"timeouts": {"connect": CONNECT_SECONDS}})

    name, gateway = host.ssh.gateway, None
    if name and name in seen:
        raise HostError(host.name, "its gateways need each other", "take away one `ssh.gateway`")
    if name and name in peers:
        gateway = _connection(peers[name], settings, peers, (*seen, name))
    elif name:
        user, address, port = split_target(name)
        gateway = Connection(address, user=user, port=port, config=config(address, user, port))
    said = config(host.address, host.ssh.user, host.ssh.port)
    return Connection(host.address, user=host.ssh.user, port=host.ssh.port, gateway=gateway, config=said)


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
    own = access.known.with_files(map(Path, files))
    hop = Hop(
        host.name,
        connection,
        tuple(dict.fromkeys(names)),
        loose,
        own,
        Attempt(connection.user, login),
        gateway,
        bool(access.environ.get("CI")),
    )
    connection.client.set_missing_host_key_policy(Verified(hop, allow_login))
    connection.connect_kwargs = {
        "banner_timeout": BANNER_SECONDS,
        "auth_timeout": _AUTH_SECONDS,
        "channel_timeout": CONNECT_SECONDS,
        "auth_strategy": hop.attempt,
        "transport_factory": preferring([entry.key.kind for entry in own.about((*names, *loose))]),
    }
    return hop


def _identities(connection: Connection, environ: Mapping[str, str]) -> Identities:
    settings, ssh = connection.ssh_config, Path(environ.get("HOME") or Path.home()) / ".ssh"
    named = settings.get("identityfile") or [str(ssh / name) for name in _DEFAULT_KEYS]
    return Identities(
        tuple(path for path in map(Path, named) if path.is_file()),
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
