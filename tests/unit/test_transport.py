"""Logging in with a key that is sent together with the request for authentication."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from paramiko import Channel, ChannelException, Ed25519Key, Message, SSHException
from paramiko.common import MSG_CHANNEL_OPEN, MSG_SERVICE_REQUEST, MSG_USERAUTH_REQUEST

from runnerops.ssh.ahead import EarlySession
from runnerops.ssh.transport import Prompt


@pytest.fixture(name="ends")
def fixture_ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    with here, there:
        yield here, there


@pytest.mark.parametrize("prompt", [True, False], ids=["accepted at once", "accepted late"])
def test_each_key_is_sent_once_whenever_the_service_is_accepted(
    prompt: bool, ends: tuple[socket.socket, socket.socket]
) -> None:
    """A second request for the same key would be answered too, and its answer be taken for the next key's."""
    transport: Any = Prompt(ends[0])
    sent: list[int] = []

    def accept() -> None:
        accepted = Message()
        accepted.add_string("ssh-userauth")
        accepted.rewind()
        transport.auth_handler._parse_service_accept(accepted)

    def send(message: Message) -> None:
        sent.append(message.asbytes()[0])
        if sent[-1] == MSG_SERVICE_REQUEST and prompt:
            accept()
        if sent[-1] == MSG_USERAUTH_REQUEST:
            if not prompt:
                accept()
            transport.auth_handler._parse_userauth_success(Message())

    transport._send_message, transport.active, transport.session_id = send, True, b"session"
    transport.auth_publickey("me", new_key())
    assert sent == [MSG_SERVICE_REQUEST, MSG_USERAUTH_REQUEST]


@pytest.mark.parametrize(
    ("server", "wanted", "early"),
    [("OpenSSH_9.2p1 Debian-2", True, True), ("OpenSSH_9.2p1", False, False), ("dropbear_2022.83", True, False)],
)
def test_only_openssh_is_asked_for_a_session_with_the_login(
    server: str, wanted: bool, early: bool, ends: tuple[socket.socket, socket.socket]
) -> None:
    transport: Any = Prompt(ends[0])
    transport.opens_early, transport.remote_version = wanted, f"SSH-2.0-{server}"
    transport.active, transport.session_id = True, b"session"
    sent: list[int] = []

    def send(message: Message) -> None:
        sent.append(message.asbytes()[0])
        if sent[-1] == (MSG_CHANNEL_OPEN if early else MSG_USERAUTH_REQUEST):
            transport.auth_handler._parse_userauth_success(Message())

    transport._send_message = transport._send_user_message = send
    transport.auth_publickey("me", new_key())
    transport.active = False
    assert sent == [MSG_SERVICE_REQUEST, MSG_USERAUTH_REQUEST, *([MSG_CHANNEL_OPEN] if early else [])]


@pytest.mark.parametrize(
    ("answer", "used"),
    [("open", True), ("closed", False), (SSHException("no answer"), False), (ChannelException(1, "no"), None)],
)
def test_an_early_session_counts_only_while_it_is_open(answer: str | Exception, used: bool | None) -> None:
    channel = Channel(0)
    channel.closed = answer == "closed"

    class Opens:
        def open_channel(self, kind: str, timeout: float) -> Channel:
            assert (kind, timeout) == ("session", 5)
            if isinstance(answer, Exception):
                raise answer
            return channel

    transport: Any = Opens()
    early = EarlySession(transport, 5)
    if used is None:
        with pytest.raises(ChannelException):
            early.channel()
    else:
        assert early.channel() is (channel if used else None)


def new_key() -> Ed25519Key:
    text = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    return Ed25519Key(file_obj=io.StringIO(text))


class Gone(Channel):
    """A session through a gateway, the connection to which breaks."""

    def send(self, s: bytes | bytearray) -> int:
        raise EOFError(s)

    def close(self) -> None:
        raise EOFError


def test_a_gateway_that_breaks_off_is_told_to_who_waits_behind_it() -> None:
    """An error in the thread of the connection behind it would be printed with a traceback, and fail this test."""
    transport = Prompt(Gone(1))
    with pytest.raises(EOFError):
        transport.start_client(timeout=5)
    transport.join(5)
    assert not transport.is_alive()
    assert transport.completion_event
    assert transport.completion_event.is_set()


def test_no_timer_outlives_a_connection(ends: tuple[socket.socket, socket.socket]) -> None:
    """Python would wait for it at the end."""
    before = threading.active_count()
    transport = Prompt(ends[0])
    ends[1].sendall(b"SSH-2.0-OpenSSH_9.9\r\n")
    transport.start_client(timeout=0.3)
    assert any(isinstance(thread, threading.Timer) for thread in threading.enumerate())
    transport.close()
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(1)
    assert threading.active_count() <= before
