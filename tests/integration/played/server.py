"""The SSH server of all played hosts, with one address on loopback for each of them."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import paramiko
from paramiko.common import AUTH_SUCCESSFUL, OPEN_SUCCEEDED

from runnerops.demo import server as demo_server
from tests.integration.odd_ports import accepting
from tests.integration.played.host import Played

SUDO_PASSWORD = "correct horse"
"""Of every user on every played host. What was given is in the file `sudo` of the host's disk."""


class _Guest(paramiko.ServerInterface):
    """Accepts every key. If the host plays `hang look`, the response to an observation never ends; with `break look` the
    connection breaks in it. The same goes for any other command with `hang run` and `break run`, after its first lines.
    """

    def __init__(self, host: Played, transport: paramiko.Transport) -> None:
        self._host, self._transport = host, transport
        self._accepted: list[tuple[paramiko.Channel, str]] = []

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:  # noqa: ARG002
        return AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        return OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self._accepted.append((channel, command.decode()))
        return True

    def start_accepted(self) -> None:
        """Answers those whose request has been confirmed: a client takes one that ends before for one that was refused."""
        while self._accepted:
            threading.Thread(target=self._answer, args=self._accepted.pop(), daemon=True).start()

    def _answer(self, channel: paramiko.Channel, command: str) -> None:
        with suppress(OSError, EOFError):
            if "exec sudo " in command and not (command := self._become_root(channel, shlex.split(command))):
                channel.send_exit_status(1)
                channel.close()
                return
            given = b"".join(iter(lambda: channel.recv(65536), b""))
            look = command == "sh -s"
            self._struck("look" if look else "run", channel)
            if channel.closed:
                return
            if look and b"\nobserve_facts\n" in given:
                channel.sendall(self._host.look(given))
                channel.send_exit_status(0)
            else:
                self._run(channel, command, given)
            channel.close()

    def _become_root(self, channel: paramiko.Channel, words: list[str]) -> str:
        """Plays sudo, which asks for SUDO_PASSWORD once. Returns the command for root; empty if it is refused."""
        if "sudo -S" not in words[2]:
            channel.sendall_stderr(b"sudo: a password is required\n")
            return ""
        nonce = words[3]
        channel.sendall_stderr(b"We trust you have received the usual lecture.\n" + f"sudo-{nonce}:".encode())
        with (self._host.root / "sudo").open("a", encoding="utf-8") as tries:
            tries.write(f"{(given := _line(channel))}\n")
        if given != SUDO_PASSWORD:
            channel.sendall_stderr(b"sudo: 1 incorrect password attempt\n")
            return ""
        channel.sendall(f"root-{nonce}\n".encode())
        channel.sendall_stderr(f"root-{nonce}\n".encode())
        _line(channel)
        return shlex.join(words[words.index(nonce, 4) + 1 :])

    def _struck(self, what: str, channel: paramiko.Channel) -> None:
        if self._host.plays(f"break {what}"):
            self._transport.close()
        if self._host.plays(f"hang {what}"):
            (self._host.root / "waits").touch()
        while self._host.plays(f"hang {what}") and not channel.closed:
            time.sleep(0.1)

    def _run(self, channel: paramiko.Channel, command: str, given: bytes) -> None:
        with subprocess.Popen(
            ["sh", "-c", command], env=dict(self._host.environ), cwd=self._host.root, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            assert process.stdin
            assert process.stdout
            assert process.stderr
            with suppress(BrokenPipeError):
                process.stdin.write(given)
            process.stdin.close()
            while chunk := os.read(process.stdout.fileno(), 65536):
                if self._host.plays("break log"):
                    self._transport.close()
                channel.sendall(chunk)
            channel.sendall_stderr(process.stderr.read())
            if (status := process.wait()) >= 0:  # a process that a signal ended has no exit status
                channel.send_exit_status(status)


def _line(channel: paramiko.Channel) -> str:
    """The next line of the input, of which no more is read."""
    return b"".join(iter(lambda: channel.recv(1), b"\n")).decode()


@contextmanager
def served(key: paramiko.PKey, host_at: Callable[[str], Played]) -> Iterator[int]:
    """Runs the server. Each connection belongs to the host to whose address it was made."""
    transports: list[paramiko.Transport] = []

    def take(connection: socket.socket) -> None:
        address = connection.getsockname()[0]
        transports.append(transport := demo_server._Connection(connection))
        transport.add_server_key(key)
        with suppress(paramiko.SSHException, EOFError, OSError):
            transport.start_server(event=threading.Event(), server=_Guest(host_at(address), transport))

    try:
        with accepting(take, backlog=512) as port:
            yield port
    finally:
        for transport in transports:
            transport.close()
