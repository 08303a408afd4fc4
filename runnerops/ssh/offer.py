"""The host keys that a host offers, asked without a login. Reads only."""

from __future__ import annotations

import contextlib
import socket
import threading
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnerops.errors import HostError, HostKeyError
from runnerops.frozen import frozen
from runnerops.model.inventory import Host
from runnerops.ssh.access import Access
from runnerops.ssh.connect import load, open_route, retry_connect
from runnerops.ssh.gateways import Gateways
from runnerops.ssh.hostkeys import KINDS, Entry, HostKey
from runnerops.ssh.link import close

if TYPE_CHECKING:
    from runnerops.ssh.hop import Hop

ECDSA = tuple(kind for kind in KINDS if kind.startswith("ecdsa-"))


@frozen
class Offer:
    """The keys that a host offers, or a `gateway` on the way to it.

    `names` are those that known_hosts may have; the first is written. `before` has the keys that are known.
    """

    names: tuple[str, ...]
    gateway: bool
    keys: tuple[HostKey, ...]
    before: tuple[Entry, ...]

    def is_kept_in(self, file: Path) -> bool:
        """Whether this known_hosts has the host's keys already, and no file has others for it."""
        host_keys = {entry.key for entry in self.before if entry.place.rpartition(":")[0] == str(file)}
        return host_keys == set(self.keys) == {entry.key for entry in self.before} and not self.gateway


class Offers:
    """The keys of gateways that are not known. Each gateway is asked once for all its hosts, because sshd counts
    connections without a login. Safe to use from many threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, ...], Offer] = {}

    def of(self, hop: Hop) -> Offer:
        """Raises HostError."""
        with self._lock:
            if hop.names not in self._known:
                self._known[hop.names] = _offer(hop)
            return self._known[hop.names]


def fetch_offer(host: Host, access: Access, gateways_seen: Offers) -> Offer:
    """The host's keys, one of each kind, or those of the first gateway with an unknown key, since no connection gets
    past it.

    Logs in to known gateways. Revoked keys are left out. Raises HostError and PrivateKeyError.
    """
    load()
    from runnerops.ssh.route import make_route  # noqa: PLC0415

    hops = make_route(host, access)
    own_gateways = Gateways() if access.gateways is None else None
    gateways = own_gateways or access.gateways or Gateways()
    try:
        for hop, behind in pairwise(hops):
            try:
                open_route((hop, behind), gateways, access.say)
            except HostKeyError:
                return gateways_seen.of(hop)
        return _offer(hops[-1])
    finally:
        close(hops[-1].connection, own_gateways)


def _offer(hop: Hop) -> Offer:
    from paramiko import SSHException  # noqa: PLC0415

    from runnerops.ssh.faults import explain  # noqa: PLC0415

    try:
        offers = [_ask(hop, kinds) for kinds in (("ssh-ed25519",), ECDSA, ("ssh-rsa",))]
    except (SSHException, OSError, EOFError) as error:
        raise explain(hop, error) from None
    keys = tuple(key for key in offers if key and not hop.known_hosts.revocation(key, hop.names))
    if not keys:
        problem = (
            "every host key that it offers is revoked" if any(offers) else "it offers no host key that can be verified"
        )
        raise HostError(hop.host, f"{hop.names[0]}: {problem}", "ed25519, ECDSA and RSA keys can be")
    return Offer(hop.names, hop.gateway, keys, hop.known_hosts.entries_for(hop.names))


def _ask(hop: Hop, kinds: tuple[str, ...]) -> HostKey | None:
    """The host's key of one of these kinds, or None if it has none. A connection shows only one key."""
    from paramiko.ssh_exception import IncompatiblePeer  # noqa: PLC0415

    with contextlib.suppress(IncompatiblePeer):
        return retry_connect(lambda: _exchange(hop, kinds))
    return None


def _exchange(hop: Hop, kinds: tuple[str, ...]) -> HostKey:
    from runnerops.ssh.route import silence_limit  # noqa: PLC0415
    from runnerops.ssh.transport import Prompt, algorithms  # noqa: PLC0415

    connection = hop.connection
    sock: Any
    if connection.gateway:
        sock = connection.open_gateway()
    else:
        sock = socket.create_connection((connection.host, connection.port), connection.connect_timeout)
    with contextlib.closing(Prompt(sock)) as transport:
        transport.get_security_options().key_types = [name for kind in kinds for name in algorithms(kind)]
        transport.banner_timeout = transport.handshake_timeout = silence_limit(connection)
        transport.start_client(timeout=connection.connect_timeout)
        key = transport.get_remote_server_key()
        return HostKey(key.get_name(), key.asbytes())
