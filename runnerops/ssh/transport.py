"""Transports with fewer round trips: small packets are sent at once, a key with the authentication request."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Sequence
from functools import partial
from threading import Event
from typing import Any

from paramiko import Channel, ChannelException, Message, PKey, SSHException, Transport
from paramiko.auth_handler import AuthHandler
from paramiko.common import OPEN_FAILED_CONNECT_FAILED

from runnerops.ssh.ahead import EarlySession, accepts_early_input
from runnerops.ssh.algorithms import IsAllowed
from runnerops.ssh.certificates import SUFFIX

_SERVICE = "ssh-userauth"
_REFUSED = "Unable to open channel."


class TurnedAwayError(SSHException):
    """The other side did not speak SSH and closed the connection. `said` is its last line."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.said = message


class Prompt(Transport):
    """Saves one round trip at the login compared with paramiko, and another one for each further key."""

    opens_early = False
    """Whether a session is opened together with the first key, if the server allows that (`ahead.py`)."""
    wants_certificate = False
    leaves: IsAllowed = staticmethod(lambda _: True)
    """Which kinds of host keys may be used."""

    _early: EarlySession | None = None

    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        if isinstance(sock, Channel):
            sock.close = partial(_close, sock.close)  # type: ignore[method-assign]
        super().__init__(sock, *args, **options)

    def open_session(self, *args: Any, **options: Any) -> Channel:
        """As in paramiko. The first session may have been opened early."""
        early, self._early = self._early, None
        return (early and early.channel()) or super().open_session(*args, **options)

    def open_channel(self, *args: Any, **options: Any) -> Channel:
        """As in paramiko, which keeps only one reason for all channels: of two that are refused at once, one gets no
        reason.
        """
        try:
            return super().open_channel(*args, **options)
        except ChannelException:
            raise
        except SSHException as error:
            if str(error) != _REFUSED or not self.is_active():
                raise
            raise ChannelException(OPEN_FAILED_CONNECT_FAILED, "refused") from error

    def close(self) -> None:
        """As in paramiko, but tells the other side at once, not when the reading thread looks at its socket again. Also
        ends the timer of an exchange of keys that did not end.
        """
        self.packetizer.complete_handshake()
        if self.is_active() and isinstance(self.sock, socket.socket):
            with contextlib.suppress(OSError):  # the other side may have closed the connection
                self.sock.shutdown(socket.SHUT_RDWR)
        super().close()

    def _check_banner(self) -> None:
        usual: Any = super()
        try:
            usual._check_banner()
        except SSHException as error:
            if message := getattr(self, "_said", ""):
                raise TurnedAwayError(message) from error
            raise

    def _log(self, level: int, msg: Any, *args: Any) -> None:
        usual: Any = super()
        head, separator, line = str(msg).partition("Banner: ")
        if separator and not head:  # a line before the server's name, in which sshd says why it closes the connection
            self._said = "".join(filter(str.isprintable, line.strip()))[:100]
        usual._log(level, msg, *args)

    @property
    def preferred_keys(self) -> tuple[str, ...]:
        """The kinds of host keys. Those with a certificate come first, or are left out."""
        usual: Any = super()  # the type stubs have only the public methods
        kinds = tuple(filter(self.leaves, usual.preferred_keys))
        certified = tuple(kind for kind in kinds if kind.endswith(SUFFIX))
        plain = tuple(kind for kind in kinds if kind not in certified)
        return (*certified, *plain) if self.wants_certificate else plain

    def auth_publickey(self, username: str, key: PKey, event: Event | None = None) -> list[str]:
        """As in paramiko."""
        if event is not None or not self.is_active():
            return super().auth_publickey(username, key, event)
        answered = Event()
        self.auth_handler = handler = _PromptAuth(self)
        handler.auth_publickey(username, key, answered)
        early: EarlySession | None = None
        if handler.sent and self.opens_early and accepts_early_input(self):
            self.opens_early = False  # only with the first key, because sshd logs each channel that it does not open
            early = EarlySession(self, self.auth_timeout + self.channel_timeout)
        missing = handler.wait_for_response(answered)
        self._early = None if missing else early
        return missing


def _close(usual: Callable[[], None]) -> None:
    """Closes a session through a gateway. If the connection to the gateway has just broken, this cannot be sent, and
    the error would end the thread of the connection behind it before it has told those that wait for it.
    """
    with contextlib.suppress(EOFError, OSError, SSHException):
        usual()


class _PromptAuth(AuthHandler):
    """Sends a key before the server has accepted the service, because servers handle both in order.

    This excludes RSA keys until the server has named its signature algorithms, because old servers know none of the
    newer ones.
    """

    sent = False
    """Whether the key was sent together with the request."""

    def _request_auth(self) -> None:
        usual: Any = super()  # the type stubs have only the public methods
        transport: Any = self.transport
        waits = "rsa" in str(self.private_key and self.private_key.get_name()) and not transport.server_extensions
        self.sent = (
            not waits
        )  # before anything is sent: the answer comes in another thread, and would send the key again
        usual._request_auth()
        if waits:
            return
        accepted = Message()
        accepted.add_string(_SERVICE)
        accepted.rewind()
        usual._parse_service_accept(accepted)

    def _parse_service_accept(self, m: Message) -> None:
        usual: Any = super()
        if not self.sent:
            usual._parse_service_accept(m)


def preferring(
    kinds: Sequence[str],
    *,
    certificate: bool = False,
    leaves: IsAllowed = lambda _: True,
    opens_early: bool = False,
    handshake_timeout: float = 30.0,
) -> Callable[..., Transport]:
    """Makes transports that request the kinds of host keys that are known. A host has several, and shows one per
    connection.

    `certificate`: request the certificate, if there is one. `leaves`: which algorithms may be used. `opens_early`: a
    session will be needed.
    """

    def make(sock: Any, **options: Any) -> Transport:
        if isinstance(sock, socket.socket):
            # without it, small packets wait for acknowledgements: 5.5 round trips per call instead of 3 (measured)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport = Prompt(sock, **options)
        transport.wants_certificate = certificate
        transport.leaves = leaves
        transport.opens_early = opens_early
        transport.handshake_timeout = handshake_timeout
        security = transport.get_security_options()
        wanted = {algorithm for kind in kinds for algorithm in algorithms(kind)}
        security.key_types = sorted(security.key_types, key=lambda algorithm: algorithm not in wanted)
        return transport

    return make


def algorithms(kind: str) -> tuple[str, ...]:
    """The names of a kind of host key in the key exchange."""
    return ("rsa-sha2-512", "rsa-sha2-256") if kind == "ssh-rsa" else (kind,)
