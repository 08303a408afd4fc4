"""Starts a real sshd on a free loopback port, with its own configuration and keys, and what a test needs to log in."""

from __future__ import annotations

import base64
import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runnerops.model.inventory import Host, Ssh
from runnerops.ssh.access import Access
from runnerops.ssh.connect import open_link
from runnerops.ssh.hostkeys import HostKey, KnownHosts, parse
from runnerops.ssh.keys import Credentials
from runnerops.ssh.link import Link

ADDRESS = "127.0.0.1"
USER = getpass.getuser()
PROGRAM = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@dataclass(frozen=True, slots=True)
class Keys:
    """Host keys by kind, another machine's, and users' keys in every form; made once."""

    folder: Path

    def make(self) -> Keys:
        """All of them. The files called `user…` but `user_other` are one person's and open every sshd here."""
        for name, options in {
            "ed25519": ("-t", "ed25519"),
            "ecdsa": ("-t", "ecdsa"),
            "rsa": ("-t", "rsa", "-b", "2048"),
            "other": ("-t", "ed25519"),
            "user": ("-t", "ed25519"),
            "user_pkcs8": ("-t", "ecdsa", "-m", "PKCS8"),
            "user_rsa": ("-t", "rsa", "-b", "2048", "-m", "PEM"),
            "user_other": ("-t", "ed25519"),
        }.items():
            self._generate(name, "", *options)
        self._generate("user_locked", "open sesame", "-t", "ed25519")
        good = ("user", "user_pkcs8", "user_rsa", "user_locked")
        (self.folder / "authorized").write_text("".join((self.folder / f"{name}.pub").read_text() for name in good))
        return self

    def _generate(self, name: str, passphrase: str, *options: str) -> None:
        subprocess.run(["ssh-keygen", "-q", *options, "-N", passphrase, "-f", self.folder / name], check=True)

    def certify(self, name: str, folder: Path, *options: str, authority: str = "other") -> Path:
        """A certificate of a copy of this key, made by an authority with these options of ssh-keygen."""
        half = folder / f"{name}.pub"
        half.write_text((self.folder / f"{name}.pub").read_text())
        subprocess.run(["ssh-keygen", "-q", "-s", self.folder / authority, "-I", "test", *options, half], check=True)
        return folder / f"{name}-cert.pub"

    def public(self, name: str) -> HostKey:
        """The public half of a key."""
        kind, text = (self.folder / f"{name}.pub").read_text().split()[:2]
        return HostKey(kind, base64.b64decode(text))


@dataclass(slots=True)
class Sshd:
    """A running server. `kinds` are the host keys it has, `options` lines of its configuration that go first."""

    folder: Path
    keys: Keys
    kinds: Sequence[str] = ("ed25519",)
    options: Sequence[str] = ()
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> Sshd:
        """Returns when it listens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.port = free_port()
        words = " ".join(line.removeprefix("SetEnv") for line in self.options if line.startswith("SetEnv "))
        lines = [
            f"SetEnv HOME={self.folder}{words}",  # bash would read the user's .bashrc there for each command
            *(line for line in self.options if not line.startswith("SetEnv ")),
            f"Port {self.port}",
            *(() if any(line.startswith("ListenAddress") for line in self.options) else (f"ListenAddress {ADDRESS}",)),
            *(f"HostKey {self.keys.folder / kind}" for kind in self.kinds),
            f"AuthorizedKeysFile {self.keys.folder / 'authorized'}",
            "StrictModes no",
            "UsePAM no",
            "PasswordAuthentication no",
            "PermitRootLogin yes",
            "PidFile none",
            "LogLevel DEBUG1",
        ]
        config = self.folder / "sshd_config"
        config.write_text("".join(f"{line}\n" for line in lines))
        (self.folder / "log").touch()
        argv = [str(PROGRAM), "-D", "-E", str(self.folder / "log"), "-f", str(config)]
        self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
        while "Server listening" not in self.log():
            assert self._process.poll() is None, self.log()
        return self

    def stop(self) -> None:
        """Ends the listener; sessions end with their connections."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)

    def log(self) -> str:
        """What it has logged so far."""
        return (self.folder / "log").read_text(errors="replace")

    @property
    def asked_to_log_in(self) -> bool:
        """Whether anybody got as far as naming a user."""
        return "userauth-request" in self.log()

    def line(self, key: str = "ed25519", name: str = "") -> str:
        """A known_hosts line."""
        return self.keys.public(key).line(name or f"[{ADDRESS}]:{self.port}") + "\n"

    def host(self, **ssh: object) -> Host:
        """This server as a host of an inventory, with the key that opens it unless told otherwise."""
        values: dict[str, object] = {"user": USER, "port": self.port, "key": str(self.keys.folder / "user")}
        return Host("web-1", ADDRESS, ssh=Ssh(**(values | ssh)))  # type: ignore[arg-type]

    def open(
        self,
        known: str | None = None,
        host: Host | None = None,
        peers: Sequence[Host] = (),
        **environ: str,
    ) -> Link:
        """A link; without `known` the server's own keys are."""
        lines = "".join(map(self.line, self.kinds)) if known is None else known
        home = {"HOME": os.environ["HOME"]} | environ
        by_name = {peer.name: peer for peer in peers}
        return open_link(host or self.host(), Access(known_from(lines), Credentials.from_environ(home), home, by_name))


def known_from(text: str) -> KnownHosts:
    """As if it stood in a file."""
    return parse([("known_hosts", text)])


def free_port() -> int:
    """A loopback port that nobody listens at."""
    with socket.socket() as trial:
        trial.bind((ADDRESS, 0))
        return int(trial.getsockname()[1])
