"""What is sent to an OpenSSH server before it has answered what was sent before it: that saves a round trip each time.

OpenSSH handles what it receives in order, so it does the same as if we had waited. What it might refuse is harmless there: a
channel that is opened before the login has succeeded is answered with SSH_MSG_UNIMPLEMENTED (`dispatch_protocol_error`), and
data for a session whose command did not start are dropped (`channel_input_data`). The RFCs ask for more patience (4252, 6;
4254, 5.2), so other servers get what they are promised. Loads paramiko: import it late.
"""

from __future__ import annotations

from concurrent.futures import Future
from threading import Thread
from typing import Any

from paramiko import Channel, ChannelException, Message, SSHException, Transport
from paramiko.common import cMSG_CHANNEL_DATA, cMSG_CHANNEL_REQUEST

_SERVER = "SSH-2.0-OpenSSH_"
INPUT_BYTES = 128 * 1024
"""The most input that is sent ahead. OpenSSH gives a session a window of 2 MiB as soon as its command starts
(`CHAN_SES_WINDOW_DEFAULT` in its channels.h).
"""


def takes_ahead(transport: Transport) -> bool:
    """Whether the server is an OpenSSH."""
    return str(transport.remote_version).startswith(_SERVER)


class EarlySession:
    """A session that is opened behind a request to be authenticated, which the server has not answered yet."""

    def __init__(self, transport: Transport, seconds: float) -> None:
        """`seconds`: how long the login and the opening may take together."""
        self._opened = Future[Channel]()
        Thread(target=self._open, args=(transport, seconds), daemon=True).start()

    def _open(self, transport: Transport, seconds: float) -> None:
        try:
            self._opened.set_result(transport.open_channel("session", timeout=seconds))
        except BaseException as error:  # raised again where the session is asked for
            self._opened.set_exception(error)

    def channel(self) -> Channel | None:
        """Waits for it; None where another has to be opened in its place: it was not opened, or is closed again.

        Raises ChannelException where it is refused.
        """
        try:
            channel = self._opened.result()
        except ChannelException:
            raise
        except SSHException:
            return None
        return None if channel.closed else channel


def start(channel: Channel, line: str, stdin: bytes) -> bytes:
    """As `exec_command`, with all standard input right behind, where the server takes that and it is not too much.

    Returns the input that is left to be sent. Raises SSHException and OSError.
    """
    if len(stdin) > INPUT_BYTES or not takes_ahead(channel.get_transport()):
        channel.exec_command(line)
        return stdin
    inner: Any = channel  # its stubs know only the public half
    request = _message(cMSG_CHANNEL_REQUEST, inner.remote_chanid)
    request.add_string("exec")
    request.add_boolean(True)  # an answer is asked for
    request.add_string(line)
    inner._event_pending()
    inner.transport._send_user_message(request)
    size = inner.out_max_packet_size - 64  # as paramiko does: for the head of a packet
    for at in range(0, len(stdin), size):
        data = _message(cMSG_CHANNEL_DATA, inner.remote_chanid)
        data.add_string(stdin[at : at + size])
        inner.transport._send_user_message(data)
    channel.shutdown_write()
    inner._wait_for_event()
    return b""


def _message(kind: bytes, channel: int) -> Message:
    message = Message()
    message.add_byte(kind)
    message.add_int(channel)
    return message
