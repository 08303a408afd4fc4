"""Sends requests to an OpenSSH server before it has answered the earlier ones. Each time this saves a round trip.

OpenSSH handles requests in the order in which it receives them, so the effect is the same as if we had waited. If it
refuses one, no harm is done: a channel that is opened before the login has succeeded is answered with
SSH_MSG_UNIMPLEMENTED (`dispatch_protocol_error`), and data for a session whose command did not start are dropped
(`channel_input_data`). Once both sides have closed a session, data for it would end the connection
(`channel_from_packet_id`), so none are sent then. The RFCs require clients to wait (4252, section 6; 4254, section 5.2),
so with other servers we do. Loads paramiko: import it late.
"""

from __future__ import annotations

from concurrent.futures import Future
from threading import Thread
from typing import Any

from paramiko import Channel, ChannelException, Message, SSHException, Transport
from paramiko.common import cMSG_CHANNEL_DATA, cMSG_CHANNEL_REQUEST

_SERVER = "SSH-2.0-OpenSSH_"
INPUT_BYTES = 128 * 1024
"""The largest input that is sent ahead. OpenSSH gives a session a window of 2 MiB as soon as its command starts
(`CHAN_SES_WINDOW_DEFAULT` in its channels.h).
"""


def accepts_early_input(transport: Transport) -> bool:
    """Whether the server is OpenSSH, so that requests can be sent ahead."""
    return str(transport.remote_version).startswith(_SERVER)


class EarlySession:
    """A session whose opening is sent right after an authentication request, before the server has answered that."""

    def __init__(self, transport: Transport, seconds: float) -> None:
        """`seconds`: how long the login and the opening may take together."""
        self._opened = Future[Channel]()
        Thread(target=self._open, args=(transport, seconds), daemon=True).start()

    def _open(self, transport: Transport, seconds: float) -> None:
        try:
            self._opened.set_result(transport.open_channel("session", timeout=seconds))
        except BaseException as error:  # raised again by `channel`
            self._opened.set_exception(error)

    def channel(self) -> Channel | None:
        """Waits for the session. Returns None if it was not opened or is closed already: the caller then opens another
        one.

        Raises ChannelException if the server refuses it.
        """
        try:
            channel = self._opened.result()
        except ChannelException:
            raise
        except SSHException:
            return None
        return None if channel.closed else channel


def start(channel: Channel, line: str, stdin: bytes) -> bytes:
    """Like `exec_command`, but sends all of the standard input at once if the server allows it and it is not too large.

    Returns the input that remains to be sent. Raises SSHException and OSError.
    """
    if len(stdin) > INPUT_BYTES or not accepts_early_input(channel.get_transport()):
        channel.exec_command(line)
        return stdin
    inner: Any = channel  # the type stubs have only the public methods
    request = _message(cMSG_CHANNEL_REQUEST, inner.remote_chanid)
    request.add_string("exec")
    request.add_boolean(True)  # want_reply
    request.add_string(line)
    inner._event_pending()
    inner.transport._send_user_message(request)
    size = inner.out_max_packet_size - 64  # as in paramiko: room for the header of a packet
    for at in range(0, len(stdin), size):
        data = _message(cMSG_CHANNEL_DATA, inner.remote_chanid)
        data.add_string(stdin[at : at + size])
        with inner.lock:  # held while paramiko closes it: OpenSSH ends a connection if data come for a closed session
            if channel.closed:  # the command has ended, and did not read its input
                break
            inner.transport._send_user_message(data)
    channel.shutdown_write()
    inner._wait_for_event()
    return b""


def _message(kind: bytes, channel: int) -> Message:
    message = Message()
    message.add_byte(kind)
    message.add_int(channel)
    return message
