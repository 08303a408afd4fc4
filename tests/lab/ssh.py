"""How tests get into a host: the session's key, and `ssh` over one kept connection a user."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from pathlib import Path

from tests.lab.shell import LabError, run, until


def make_key(path: Path, comment: str) -> str:
    """A fresh ed25519 key at `path`; the text of its public half."""
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)])
    return path.with_name(f"{path.name}.pub").read_text()


class Ssh:
    """Commands of one user on one host. Real OpenSSH, strict about the host key, no agent and no configuration."""

    def __init__(self, address: str, user: str, key: Path, known_hosts: Path, socket_path: Path) -> None:
        self._target = f"{user}@{address}"
        self._socket = socket_path
        options = {
            "IdentityFile": key,
            "UserKnownHostsFile": known_hosts,
            "IdentitiesOnly": "yes",
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
            "LogLevel": "ERROR",
            "ConnectTimeout": 5,
            "ServerAliveInterval": 2,
            "ServerAliveCountMax": 5,
        }
        self._argv = ["ssh", "-F", "none", *(f"-o{name}={value}" for name, value in options.items())]
        self._master: subprocess.Popen[bytes] | None = None

    def run(self, command: str, text: bytes | None, seconds: float) -> subprocess.CompletedProcess[bytes]:
        """Run `command` in the user's login shell there. LabError when `seconds` are over."""
        self._keep_connection()
        argv = [*self._argv, "-S", str(self._socket), self._target, command]
        stdin = subprocess.DEVNULL if text is None else None
        try:
            return subprocess.run(argv, input=text, stdin=stdin, capture_output=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired as error:
            raise LabError(f"{self._target}: not within {seconds:g} s: {command}") from error

    def _keep_connection(self) -> None:
        if self._master is not None and self._master.poll() is None:
            return
        self._socket.unlink(missing_ok=True)
        argv = [*self._argv, "-M", "-N", "-S", str(self._socket), self._target]
        null = subprocess.DEVNULL
        self._master = subprocess.Popen(argv, stdin=null, stdout=null, stderr=null, start_new_session=True)
        with contextlib.suppress(LabError):  # then each command connects by itself, and says why it cannot
            master = self._master
            until("connection", lambda: self._socket.exists() or master.poll() is not None, seconds=6, every=0.01)

    def close(self) -> None:
        """Drop the kept connection."""
        if self._master is not None:
            self._master.kill()
            self._master.wait(timeout=5)
            self._master = None
        self._socket.unlink(missing_ok=True)


def answers(address: str, port: int = 22) -> bool:
    """Whether an SSH server greets there."""
    try:
        with socket.create_connection((address, port), timeout=1) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
