"""With what a user logs in: `SSH_PRIVATE_KEY` (text, or a file's path), a key of the inventory, or the agent and ~/.ssh."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from runnerops.errors import RunneropsError

if TYPE_CHECKING:
    from paramiko import PKey

VARIABLE = "SSH_PRIVATE_KEY"
_FIRST_LINE = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
PASSPHRASE = "SSH_KEY_PASSPHRASE"  # noqa: S105  a variable's name


class PrivateKeyError(RunneropsError):
    """A private key cannot be used."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the environment gives. Neither value is ever printed."""

    private_key: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Credentials:
        """From `SSH_PRIVATE_KEY` and `SSH_KEY_PASSPHRASE`."""
        return cls(environ.get(VARIABLE, ""), environ.get(PASSPHRASE, ""))

    def key(self, path: str | None) -> PKey | None:
        """The inventory's key file where it names one, else the environment's; None: the agent's and ~/.ssh's are tried."""
        if path:
            return load_key(_read(Path(path).expanduser(), f"ssh.key {path}"), f"ssh.key {path}", self.passphrase)
        if not self.private_key.strip():
            return None
        given = self.private_key.strip()
        if "-----BEGIN" in given:
            return load_key(self.private_key, VARIABLE, self.passphrase)
        if "\n" in given or not Path(given).expanduser().is_file():
            raise PrivateKeyError(
                f"{VARIABLE}: neither a private key nor the path of one",
                "give the key's text, or a variable of type file",
            )
        return load_key(_read(Path(given).expanduser(), VARIABLE), VARIABLE, self.passphrase)


def load_key(text: str, place: str, passphrase: str = "") -> PKey:
    """A private key of any kind and format that paramiko or cryptography reads. Raises PrivateKeyError with the fix."""
    from paramiko import ECDSAKey, Ed25519Key, PasswordRequiredException, RSAKey, SSHException  # noqa: PLC0415

    text = text.replace("\r\n", "\n").strip() + "\n"
    first = text.partition("\n")[0]
    if not _FIRST_LINE.fullmatch(first.rstrip()):
        raise PrivateKeyError(
            f"{place}: no private key: the lines are lost or something stands before them",
            "a key has many lines: a variable of type file keeps them",
        )
    if "BEGIN PRIVATE KEY" in first or "BEGIN ENCRYPTED PRIVATE KEY" in first:
        text, passphrase = _from_pkcs8(text, place, passphrase), ""
    for kind in (Ed25519Key, ECDSAKey, RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text), password=passphrase or None)
        except PasswordRequiredException:
            raise _locked(place) from None
        except (SSHException, ValueError, IndexError, TypeError, UnicodeDecodeError):
            continue
    wrong = (
        "the passphrase is wrong, or the key is of a kind that cannot be used" if passphrase else "it cannot be read"
    )
    raise PrivateKeyError(
        f"{place}: {wrong}",
        "ed25519, ECDSA and RSA keys can be used; `ssh-keygen -y -f FILE` tells whether the key is whole",
    )


def _from_pkcs8(text: str, place: str, passphrase: str) -> str:
    """paramiko does not read PKCS#8; cryptography does, and writes OpenSSH's own form."""
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )

    try:
        key = load_pem_private_key(text.encode(), passphrase.encode() or None)
        return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    except TypeError:
        raise _locked(place) from None
    except ValueError:
        raise PrivateKeyError(
            f"{place}: the key is damaged, or its passphrase is another", f"the passphrase comes from {PASSPHRASE}"
        ) from None


def _locked(place: str) -> PrivateKeyError:
    return PrivateKeyError(f"{place}: the key has a passphrase", f"set {PASSPHRASE}, or load the key into an agent")


def _read(path: Path, place: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no text"
        raise PrivateKeyError(f"{place}: {reason}", "name a private key that can be read") from None
