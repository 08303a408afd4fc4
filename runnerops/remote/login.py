"""Which private keys a hop is offered, and in what order. Asks the agent, reads key files. Loads paramiko: import it late."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from paramiko import Agent, Message, PKey, SSHConfig, SSHException, Transport
from paramiko.auth_strategy import AuthSource, AuthStrategy, InMemoryPrivateKey, SourceResult

from runnerops.remote.hostkeys import HostKey
from runnerops.remote.keys import VARIABLE, Credentials, LockedKeyError, PrivateKeyError, load_file

_OPENSSH_MAGIC = b"openssh-key-v1\0"


@dataclass(frozen=True, slots=True)
class Login:
    """What may be offered: `given` first, then the files, then the agent's keys (`matching`: those of the files)."""

    given: PKey | None = None
    files: tuple[Path, ...] = ()
    agent: Literal["all", "matching", "none"] = "all"
    passphrase: str = field(default="", repr=False)

    def keys(self, notes: list[str]) -> Iterator[tuple[str, PKey]]:
        """Each key once, with its name; `notes` gets what could not be offered."""
        seen = set()
        for name, key in self._all(notes):
            if key.asbytes() not in seen:
                seen.add(key.asbytes())
                yield name, key

    def _all(self, notes: list[str]) -> Iterator[tuple[str, PKey]]:
        if self.given:
            yield VARIABLE, self.given
        for path in self.files:
            try:
                yield str(path), load_file(path, str(path), self.passphrase)
            except PrivateKeyError as error:
                notes.append(error.message)
        if self.agent != "none":
            halves = {public_half(path) for path in self.files} if self.agent == "matching" else None
            for key in _agent_keys(notes):
                if halves is None or key.asbytes() in halves:
                    yield f"agent's {HostKey(key.get_name(), key.asbytes()).fingerprint}", key


def make_login(
    credentials: Credentials, key: str | None, identities: tuple[Path, ...], only: bool, gateway: bool
) -> Login:
    """`key` is the inventory's; `identities` and `only` are ssh_config's IdentityFile and IdentitiesOnly.

    One key named explicitly is the only one offered, for sshd counts attempts; but a gateway may have another one than the
    host behind it. The inventory's key goes before the environment's where its file is there: the path may be a laptop's,
    and this a pipeline. Raises PrivateKeyError.
    """
    path = Path(key).expanduser() if key else None
    here = path if path and (path.exists() or not credentials.private_key.strip()) else None
    if here and not gateway:
        with contextlib.suppress(LockedKeyError):  # the agent may have it
            load_file(here, f"ssh.key {key}", credentials.passphrase)
        return Login(None, (here,), "matching", credentials.passphrase)
    own = (here,) if here else ()
    if given := credentials.key():
        return Login(given, own, "none", credentials.passphrase)
    return Login(None, (*own, *identities), "matching" if only else "all", credentials.passphrase)


class Attempt(AuthStrategy):
    """One authentication; it remembers what it offered, for the error."""

    def __init__(self, user: str, login: Login) -> None:
        super().__init__(ssh_config=SSHConfig())
        self.tried: list[str] = []
        self.notes: list[str] = []
        self._user = user
        self._login = login
        self._transport: Transport | None = None

    def authenticate(self, transport: Transport) -> list[SourceResult]:
        """Raises AuthFailure where no key was accepted."""
        self._transport = transport
        return super().authenticate(transport)

    def get_sources(self) -> Iterator[AuthSource]:
        """The keys, as long as the host listens."""
        for name, key in self._login.keys(self.notes):
            if self._transport is not None and not self._transport.is_active():
                return
            self.tried.append(name)
            yield InMemoryPrivateKey(self._user, key)


def public_half(path: Path) -> bytes | None:
    """The public half of a key file, locked or not: from beside it (`.pub`) or from within OpenSSH's format."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return base64.b64decode(path.with_name(f"{path.name}.pub").read_text().split()[1])
    with contextlib.suppress(OSError, ValueError, SSHException):
        body = "".join(line for line in path.read_text().splitlines() if not line.startswith("-----"))
        raw = base64.b64decode(body)
        if raw.startswith(_OPENSSH_MAGIC):
            message = Message(raw[len(_OPENSSH_MAGIC) :])
            for _ in ("cipher", "derivation", "its options"):
                message.get_binary()
            message.get_int()
            return message.get_binary()
    return None


def _agent_keys(notes: list[str]) -> Iterator[PKey]:
    try:
        agent = Agent()
    except (SSHException, OSError) as error:
        notes.append(f"the agent cannot be asked: {error}")
        return
    try:
        yield from agent.get_keys()
    finally:
        agent.close()
