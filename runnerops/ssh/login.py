"""Which private keys are offered to a hop, and in what order. Asks the agent, reads key files. Loads paramiko: import
it late.
"""

from __future__ import annotations

import base64
import contextlib
import os
import socket
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from paramiko import Agent, ECDSAKey, Ed25519Key, Message, PKey, RSAKey, SSHConfig, SSHException, Transport
from paramiko.agent import AgentSSH
from paramiko.auth_strategy import AuthSource, AuthStrategy, InMemoryPrivateKey, SourceResult

from runnerops.frozen import frozen
from runnerops.ssh.hostkeys import HostKey
from runnerops.ssh.keys import VARIABLE, Credentials, LockedKeyError, PrivateKeyError

_OPENSSH_MAGIC = b"openssh-key-v1\0"


@frozen
class Identities:
    """IdentityFile, IdentitiesOnly, IdentityAgent (a socket, `none`, or empty for the default) and CertificateFile of
    ssh_config.
    """

    files: tuple[Path, ...] = ()
    only: bool = False
    agent: str = ""
    certificate: str = ""


@frozen
class Login:
    """The keys to offer: first `given_key`, then the files, then the agent's keys (`matching`: only those that belong to
    the files).
    """

    given_key: PKey | None = None
    files: tuple[Path, ...] = ()
    agent: Literal["all", "matching", "none"] = "all"
    credentials: Credentials = field(default_factory=Credentials, repr=False)
    identities: Identities = Identities()

    def keys(self, notes: list[str]) -> Iterator[tuple[str, PKey]]:
        """Each key once, with its name. Keys that could not be offered are added to `notes`."""
        offered = set()
        for name, key in self._all(notes):
            if key.asbytes() not in offered:
                offered.add(key.asbytes())
                yield name, key

    def _all(self, notes: list[str]) -> Iterator[tuple[str, PKey]]:
        if self.given_key:
            yield VARIABLE, self.given_key
        for path in self.files:
            if self.agent != "none" and opened_by_agent(path, self.credentials, self.identities):
                continue  # it is offered with the agent's keys, without a passphrase
            try:
                yield str(path), self._certified(self.credentials.file(path, str(path)))
            except PrivateKeyError as error:
                hardware = b"sk-" in (public_half(path) or b"")[:8]
                notes.append(
                    f"{path}: a security key signs through an agent: ssh-add {path}" if hardware else error.message
                )
        if self.agent != "none":
            halves = {public_half(path) for path in self.files} if self.agent == "matching" else None
            for key in _agent_keys(notes, self.identities.agent):
                if halves is None or key.asbytes() in halves:
                    yield f"agent's {HostKey(key.get_name(), key.asbytes()).fingerprint}", key

    def _certified(self, key: PKey) -> PKey:
        """The key with the certificate that ssh_config names, if that certificate is for this key."""
        certificate = self.identities.certificate
        if certificate and key.public_blob is None and certified_half(Path(certificate)) == key.asbytes():
            key.load_certificate(certificate)
        return key


def make_login(credentials: Credentials, key: str | None, identities: Identities, gateway: bool) -> Login:
    """`key` is the inventory's, `identities` are those of ssh_config.

    An explicitly named key is the only one offered, because sshd counts attempts. But a gateway may need another key
    than the host. The inventory's key is preferred to the environment's if its file exists: the path may only exist on
    a laptop, and this may be a pipeline. Raises PrivateKeyError.
    """
    path = Path(os.path.expanduser(key)) if key else None
    usable = path if path and (path.exists() or not credentials.private_key.strip()) else None
    if usable and not gateway:
        with contextlib.suppress(LockedKeyError):  # reported with everything that was tried
            if not opened_by_agent(usable, credentials, identities):
                credentials.file(usable, f"ssh.key {key}")
        return Login(None, (usable,), "matching", credentials, identities)
    first = (usable,) if usable else ()
    if environment_key := credentials.key():
        return Login(environment_key, first, "none", credentials, identities)
    offered = (*first, *identities.files)
    return Login(None, offered, "matching" if identities.only else "all", credentials, identities)


class Attempt(AuthStrategy):
    """One authentication. It records the keys that it offered, for the error message."""

    def __init__(self, user: str, login: Login) -> None:
        super().__init__(ssh_config=SSHConfig())
        self.tried: list[str] = []
        self.notes: list[str] = []
        self._user = user
        self._login = login
        self._transport: Transport | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The key files that it may offer."""
        return self._login.files

    def authenticate(self, transport: Transport) -> list[SourceResult]:
        """Raises AuthFailure if no key was accepted."""
        self._transport = transport
        return super().authenticate(transport)

    def get_sources(self) -> Iterator[AuthSource]:
        """The keys, for as long as the host keeps the connection open."""
        for name, key in self._login.keys(self.notes):
            if self._transport is not None and not self._transport.is_active():
                return
            self.tried.append(name)
            yield InMemoryPrivateKey(self._user, key)


def public_half(path: Path) -> bytes | None:
    """The public half of a key file, even an encrypted one: from the file beside it (`.pub`), or from OpenSSH's format
    itself.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        return base64.b64decode(path.with_name(f"{path.name}.pub").read_text(encoding="utf-8").split()[1])
    with contextlib.suppress(OSError, ValueError, SSHException):
        body = "".join(line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("-----"))
        raw = base64.b64decode(body)
        if raw.startswith(_OPENSSH_MAGIC):
            message = Message(raw[len(_OPENSSH_MAGIC) :])
            for _ in ("cipher", "derivation", "its options"):
                message.get_binary()
            message.get_int()
            return message.get_binary()
    return None


def opened_by_agent(path: Path, credentials: Credentials, identities: Identities) -> bool:
    """Whether a key file is encrypted, no passphrase was given, and the agent has its key."""
    if credentials.ring.has_passphrase or not is_locked(path):
        return False
    half = public_half(path)
    return any(key.asbytes() == half for key in _agent_keys([], identities.agent))


def is_locked(path: Path) -> bool:
    """Whether a key file of any format has a passphrase."""
    with contextlib.suppress(OSError, ValueError, SSHException):
        head, *rest = path.read_text(encoding="utf-8").splitlines()
        if "OPENSSH" not in head:
            return "ENCRYPTED" in head or any("ENCRYPTED" in line for line in rest[:3])
        raw = base64.b64decode("".join(line for line in rest if not line.startswith("-----")))
        return Message(raw[len(_OPENSSH_MAGIC) :]).get_text() != "none"
    return False


def certified_half(path: Path) -> bytes | None:
    """The public half of the key that this certificate belongs to."""
    with contextlib.suppress(OSError, ValueError, IndexError, SSHException):
        kind, text = path.read_text(encoding="utf-8").split()[:2]
        key_types: dict[str, type[PKey]] = {"ssh-ed25519": Ed25519Key, "ssh-rsa": RSAKey}
        return bytes(key_types.get(kind.partition("-cert-")[0], ECDSAKey)(Message(base64.b64decode(text))).asbytes())
    return None


class _AgentAt(Agent):
    """The agent that listens on this socket."""

    def __init__(self, place: str) -> None:
        usual: Any = self  # the type stubs have only the public methods
        AgentSSH.__init__(self)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(place)
        usual._connect(connection)


def _agent_keys(notes: list[str], place: str) -> Iterator[PKey]:
    """`place`: a socket, an environment variable that names one (`$NAME`), or empty for the default socket."""
    if place.lower() == "none":
        return
    place = os.environ.get(place[1:], "") if place.startswith("$") else place
    try:
        agent = _AgentAt(place) if place and place != "SSH_AUTH_SOCK" else Agent()
    except (SSHException, OSError) as error:
        notes.append(f"the agent cannot be asked: {error}")
        return
    try:
        yield from agent.get_keys()
    finally:
        agent.close()
