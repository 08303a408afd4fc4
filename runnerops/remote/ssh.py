"""Opening connections, hop by hop. Nothing is sent to a hop before its host key is known to be the right one."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from runnerops.errors import HostError
from runnerops.model.inventory import Host
from runnerops.remote.access import Access
from runnerops.remote.link import Link, close_all
from runnerops.remote.root import Root

if TYPE_CHECKING:
    from paramiko import Transport

    from runnerops.remote.route import Hop

T = TypeVar("T")
_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Before each new attempt where sshd turns connections away (MaxStartups); each varies, so that hosts do not march in step."""
_PATIENCE_SECONDS = 15.0


def load() -> None:
    """Imports the SSH libraries, which are slow to."""
    import runnerops.remote.fabrics  # noqa: PLC0415
    import runnerops.remote.route  # noqa: F401, PLC0415


def open_link(host: Host, access: Access, allow_login: Callable[[], None] = lambda: None) -> Link:
    """Connects and logs in.

    `allow_login` is called when a host key is known to be right, before anybody logs in there; what it raises ends all.
    Raises HostError, HostKeyError (nothing was sent) and PrivateKeyError, each with the fix.
    """
    load()
    from runnerops.remote.route import make_route  # noqa: PLC0415
    from runnerops.remote.settings import alive_of  # noqa: PLC0415

    hops = make_route(host, access, allow_login)
    try:
        for hop in hops:
            open_hop(hop)
    except BaseException:
        close_all(hops[-1].connection)
        raise
    user, quiet_s = hops[-1].connection.user, alive_of(hops[-1].connection.ssh_config)[1]
    sudo = host.ssh.sudo if host.ssh.sudo is not None else user != "root"
    root = Root(host.name, user, access.credentials.sudo(host)) if sudo else None
    return Link(host, hops[-1].connection, root, quiet_s)


def open_hop(hop: Hop) -> None:
    """Opens one hop, those before it being open. Raises HostError."""
    from paramiko import SSHException  # noqa: PLC0415

    from runnerops.remote.faults import explain  # noqa: PLC0415
    from runnerops.remote.settings import alive_of  # noqa: PLC0415

    try:
        patiently(hop.connection.open)
    except (SSHException, OSError, EOFError) as error:
        raise explain(hop, error) from None
    transport: Transport = hop.connection.transport
    if not transport.is_authenticated():
        raise HostError(
            hop.host, f"{hop.names[0]}: a key alone is not enough to log in", "AuthenticationMethods publickey"
        )
    _keep_alive(transport, *alive_of(hop.connection.ssh_config))


def patiently(connect: Callable[[], T]) -> T:
    """Calls again, later and later, while sshd has too many connections, or a link breaks. Raises what `connect` raises."""
    from paramiko import SSHException  # noqa: PLC0415

    from runnerops.remote.faults import is_turned_away  # noqa: PLC0415

    began = time.monotonic()
    for pause in _PAUSES:
        try:
            return connect()
        except (SSHException, EOFError, ConnectionResetError) as error:
            if not is_turned_away(error) or time.monotonic() - began > _PATIENCE_SECONDS:
                raise
        time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  no secret
    return connect()


def _keep_alive(transport: Transport, every_s: int, silence_s: int) -> None:
    """A line that went dead is noticed: what is not acknowledged for so long breaks the connection."""
    transport.set_keepalive(every_s)
    sock = transport.sock
    if isinstance(sock, socket.socket) and hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, silence_s * 1000)
