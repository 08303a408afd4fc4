"""One command over a channel: its input, its two outputs, and the sudo dialogue before it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from runnerops.ssh.root import Entry

if TYPE_CHECKING:
    from paramiko import Channel

CHUNK = 65536


class Call:
    """A command on its channel. `lead` is the output that was read already. A thread reads standard error meanwhile."""

    def __init__(self, channel: Channel, stdin: bytes, entry: Entry | None) -> None:
        """`entry` is set if sudo asks for a password first."""
        self.channel = channel
        self.lead = b""
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self._stdin = stdin
        self._entry = entry
        self._errors: list[bytes] = []

    def start(self, line: str) -> None:
        """Sends the command, and its input unless sudo has to be awaited first. Raises SSHException and OSError."""
        if self._entry:
            self.channel.exec_command(line)
            return
        from runnerops.ssh.ahead import start  # noqa: PLC0415  imports paramiko

        self._stdin = start(self.channel, line, self._stdin)

    def enter(self) -> None:
        """If sudo asks for a password, waits for root. Raises HostError and WrongPasswordError."""
        if self._entry:
            self.lead = self._entry.enter(self.listener)

    def errors(self) -> bytes:
        """What the command wrote to standard error."""
        return self._entry.errors() if self._entry else b"".join(self._errors)

    @contextlib.contextmanager
    def feeding(self) -> Iterator[None]:
        """Sends the rest of the input in a thread while the output is read. The thread ends with the channel."""
        thread = threading.Thread(target=self._feed, daemon=True)
        thread.start()
        yield
        thread.join()

    def _feed(self) -> None:
        rest = memoryview(self._stdin)
        with contextlib.suppress(OSError):  # the channel is closed; the exit status tells what became of the command
            while rest:
                with contextlib.suppress(TimeoutError):  # the reader has the time limit, and closes the channel
                    rest = rest[self.channel.send(bytes(rest[:CHUNK])) :]
            self.channel.shutdown_write()

    def _listen(self) -> None:
        hear = self._entry.hear if self._entry else self._errors.append
        with contextlib.suppress(OSError):
            while True:
                with contextlib.suppress(TimeoutError):  # the reader has the time limit, and closes the channel
                    chunk = self.channel.recv_stderr(CHUNK)
                    if not chunk:
                        return
                    hear(chunk)
