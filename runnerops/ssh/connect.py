"""Opens connections hop by hop. Nothing is sent to a hop before its host key is known to be the right one."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from runnerops.errors import HostError
from runnerops.model.inventory import Host
from runnerops.ssh.access import Access
from runnerops.ssh.gateways import Gateways
from runnerops.ssh.link import Link, close
from runnerops.ssh.root import Root

if TYPE_CHECKING:
    from paramiko import Transport

    from runnerops.ssh.hop import Hop

T = TypeVar("T")
_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each new attempt while sshd refuses connections (MaxStartups). Varied, so that hosts do not retry
together.
"""
_PATIENCE_SECONDS = 15.0
_PENALTY_PAUSES = (6.0, 7.0, 9.0)
"""Pauses in a penalty, which lasts at least 15 s (`min` of PerSourcePenalties). Refused attempts do not prolong it."""
_LATE = 0.25
"""How late a keep-alive message may be, as a share of its interval. The thread of an idle connection looks that often
whether one is due: with paramiko's 0.1 s, 500 connections take half a core, and with one second a twelfth of one.
"""


def load() -> None:
    """Imports the SSH libraries, which takes time."""
    import runnerops.ssh.fabrics  # noqa: PLC0415
    import runnerops.ssh.route  # noqa: F401, PLC0415


def open_link(host: Host, access: Access, allow_login: Callable[[], None] = lambda: None) -> Link:
    """Connects and logs in.

    `allow_login` is called when a host key has been verified, before the login at that hop. If it raises, everything
    ends. Raises HostError, HostKeyError (nothing was sent) and PrivateKeyError, each with the fix.
    """
    load()
    from runnerops.ssh.route import make_route  # noqa: PLC0415
    from runnerops.ssh.settings import alive_of  # noqa: PLC0415

    hops = make_route(host, access, allow_login)
    own_gateways = Gateways() if access.gateways is None else None
    try:
        open_route(hops, own_gateways or access.gateways or Gateways(), access.say)
        open_hop(hops[-1], access.say)
    except BaseException:
        close(hops[-1].connection, own_gateways)
        raise
    user, quiet_s = hops[-1].connection.user, alive_of(hops[-1].connection.ssh_config)[1]
    sudo = host.ssh.sudo if host.ssh.sudo is not None else user != "root"
    root = Root(host.name, user, access.credentials.sudo(host)) if sudo else None
    return Link(host, hops[-1].connection, root, quiet_s, own_gateways)


def open_route(hops: Sequence[Hop], gateways: Gateways, say: Callable[[str], None]) -> None:
    """Opens all hops but the last, or uses those that are open already. Raises HostError."""
    for hop, behind in pairwise(hops):
        behind.connection.gateway = gateways.through(hop, partial(open_hop, say=say))


def open_hop(hop: Hop, say: Callable[[str], None] = lambda _: None) -> None:
    """Opens one hop. The hops before it must be open. Raises HostError."""
    from paramiko import SSHException  # noqa: PLC0415

    from runnerops.ssh.faults import closed_after_login, explain, penalty_text  # noqa: PLC0415
    from runnerops.ssh.settings import alive_of  # noqa: PLC0415

    try:
        retry_connect(hop.connection.open, lambda seconds: say(f"{hop.host}: {penalty_text(hop, seconds)}"))
    except (SSHException, OSError, EOFError) as error:
        raise explain(hop, error) from None
    transport: Transport = hop.connection.transport
    if not transport.is_active():
        raise closed_after_login(hop)
    if not transport.is_authenticated():
        raise HostError(
            hop.host, f"{hop.names[0]}: a key alone is not enough to log in", "AuthenticationMethods publickey"
        )
    try:
        _keep_alive(transport, *alive_of(hop.connection.ssh_config))
    except OSError:  # the socket is closed
        raise closed_after_login(hop) from None


def retry_connect(connect: Callable[[], T], penalised: Callable[[float], None] = lambda _: None) -> T:
    """Tries again with growing pauses while sshd has too many connections or the network is unstable. Raises what
    `connect` raises.

    `penalised` is called once if sshd imposes a penalty, with the longest time in seconds that we wait for its end.
    """
    from paramiko import SSHException  # noqa: PLC0415

    from runnerops.ssh.faults import is_penalty, is_turned_away  # noqa: PLC0415

    began, pauses = time.monotonic(), iter(_PAUSES)
    long: Iterator[float] | None = None
    while True:
        try:
            return connect()
        except (SSHException, EOFError, ConnectionResetError) as error:
            if is_penalty(error):
                if long is None:
                    long = iter(_PENALTY_PAUSES)
                    penalised(sum(_PENALTY_PAUSES))
                pause = next(long, None)
            elif is_turned_away(error) and time.monotonic() - began < _PATIENCE_SECONDS:
                pause = next(pauses, None)
            else:
                pause = None
            if pause is None:
                raise
        time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  not a secret


def _keep_alive(transport: Transport, every_s: int, silence_s: int) -> None:
    """Makes the kernel and the transport detect a dead connection: it is closed if nothing is acknowledged for
    `silence_s` seconds.
    """
    transport.set_keepalive(every_s)
    sock = transport.sock
    if isinstance(sock, socket.socket):
        sock.settimeout(every_s * _LATE)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, silence_s * 1000)
