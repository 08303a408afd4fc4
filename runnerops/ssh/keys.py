"""Private keys from `SSH_PRIVATE_KEY` (text, or a file's path) and from files in any common format. Reads files."""

from __future__ import annotations

import base64
import io
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from runnerops.errors import RunneropsError
from runnerops.frozen import frozen
from runnerops.model.inventory import Host
from runnerops.patterns import late_pattern
from runnerops.reading import read_text
from runnerops.ssh.root import NoPassword, Passwords

if TYPE_CHECKING:
    from paramiko import PKey

VARIABLE = "SSH_PRIVATE_KEY"
PASSPHRASE = "SSH_KEY_PASSPHRASE"  # noqa: S105  the name of a variable

_TRIES = 3
_BEGIN = late_pattern(r"-----BEGIN (?P<kind>[A-Z0-9 ]+)-----")
_ENCODED = "LS0tLS1CRUdJTi"
"""How any PEM text begins in Base64. In this form a key is one line, so that it can be a masked variable of GitLab."""
_KEEP_LINES = "give it as a variable of type file, which keeps line breaks"


class PrivateKeyError(RunneropsError):
    """A private key cannot be used."""


class LockedKeyError(PrivateKeyError):
    """A private key has a passphrase, and nobody gave the right one."""


class KeyRing:
    """Private keys, each opened once. Encrypted ones need `passphrase`, or the answer of `ask` (empty: none)."""

    def __init__(self, passphrase: str = "", ask: Callable[[str], str] = lambda _: "") -> None:
        self.ask = ask
        self._passphrase = passphrase
        self._opened: dict[str, PKey | LockedKeyError] = {}
        self._lock = threading.Lock()

    @property
    def has_passphrase(self) -> bool:
        """Whether a passphrase was given in advance."""
        return bool(self._passphrase)

    def open(self, name: str, load: Callable[[str], PKey]) -> PKey:
        """The key of this name. `load` is given the passphrase and makes the key. Raises PrivateKeyError."""
        with self._lock:
            if name not in self._opened:
                try:
                    self._opened[name] = load(self._passphrase)
                except LockedKeyError as locked:
                    self._opened[name] = self._unlock(name, load, locked)
            opened = self._opened[name]
        if isinstance(opened, LockedKeyError):
            raise opened
        return opened

    def _unlock(self, name: str, load: Callable[[str], PKey], locked: LockedKeyError) -> PKey | LockedKeyError:
        """The key, or why it stays locked: `locked`, or what was wrong with the last answer."""
        for attempt in range(_TRIES):
            passphrase = self.ask(f"passphrase of {name}" + (", again" if attempt else ""))
            if not passphrase:
                break
            try:
                return load(passphrase)
            except PrivateKeyError as error:
                locked = LockedKeyError(error.message, locked.hint)
        return locked


@frozen
class Credentials:
    """The credentials for logging in and for sudo, except for the keys of ssh_config. No value is ever printed."""

    private_key: str = field(default="", repr=False)
    ring: KeyRing = field(default_factory=KeyRing, repr=False)
    sudo: Callable[[Host], Passwords] = field(default=lambda _: NoPassword(), repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Credentials:
        """From `SSH_PRIVATE_KEY` and `SSH_KEY_PASSPHRASE`."""
        return cls(environ.get(VARIABLE, ""), KeyRing(environ.get(PASSPHRASE, "")))

    def key(self) -> PKey | None:
        """The key of the environment; None if it has none. Raises PrivateKeyError."""
        text = self.private_key.strip()
        if not text:
            return None
        # one line that cannot be a path is a key; if it is malformed, the error says what is wrong with it
        if "\n" not in text and " " not in text and not text.startswith(("-----", _ENCODED)):
            return self.file(Path(os.path.expanduser(text)), VARIABLE)
        return self.ring.open(VARIABLE, lambda passphrase: load_key(text, VARIABLE, passphrase))

    def file(self, path: Path, place: str) -> PKey:
        """The key in a file. Raises PrivateKeyError."""
        return self.ring.open(str(path), lambda passphrase: load_file(path, place, passphrase))


def load_file(path: Path, place: str, passphrase: str = "") -> PKey:
    """The private key in a file, with the certificate beside it (`-cert.pub`), if any. Raises PrivateKeyError."""
    key = load_key(_read(path, place), place, passphrase)
    certificate = path.with_name(f"{path.name}-cert.pub")
    if certificate.is_file():
        key.load_certificate(str(certificate))
    return key


def load_key(text: str, place: str, passphrase: str = "") -> PKey:
    """A private key in OpenSSH, PEM or PKCS#8 format, or any of these in Base64. Raises PrivateKeyError."""
    from paramiko import ECDSAKey, Ed25519Key, PasswordRequiredException, RSAKey, SSHException  # noqa: PLC0415

    text = "\n".join(line.strip() for line in _decoded(text.strip(), place).splitlines()) + "\n"
    kind = _check_form(text, place)
    if kind in {"PRIVATE KEY", "ENCRYPTED PRIVATE KEY"}:
        text, passphrase = _from_pkcs8(text, place, passphrase), ""
    for key_class in (Ed25519Key, ECDSAKey, RSAKey):
        try:
            return key_class.from_private_key(io.StringIO(text), password=passphrase or None)
        except PasswordRequiredException:
            raise _locked(place) from None
        except (SSHException, ValueError, IndexError, TypeError):  # another kind of key, damaged, or wrong passphrase
            continue
    raise _unusable(place, passphrase)


def _decoded(text: str, place: str) -> str:
    if not text.startswith(_ENCODED):
        return text
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except ValueError:
        raise PrivateKeyError(f"{place}: the key's Base64 is cut off or damaged", "`base64 -w0 KEY` makes it") from None


def _check_form(text: str, place: str) -> str:
    """The kind of PEM block. Most keys that cannot be read were mangled in a variable, and the error says how."""
    if text.startswith(("ssh-", "ecdsa-", "sk-")):
        raise PrivateKeyError(
            f"{place}: this is the public half of a key", "give the private one, the file without .pub"
        )
    if text.startswith("PuTTY-User-Key-File"):
        raise PrivateKeyError(f"{place}: PuTTY's format cannot be read", "puttygen KEY -O private-openssh -o NEW")
    begin = _BEGIN.match(text)
    if not begin or "PRIVATE KEY" not in begin["kind"]:
        raise PrivateKeyError(
            f"{place}: not a private key", f"it begins with -----BEGIN … PRIVATE KEY-----; {_KEEP_LINES}"
        )
    if not text[begin.end() :].startswith("\n"):
        raise PrivateKeyError(f"{place}: the line breaks of the private key are lost", _KEEP_LINES)
    if f"\n-----END {begin['kind']}-----\n" not in text:
        raise PrivateKeyError(f"{place}: the private key is cut off: it has no END line", _KEEP_LINES)
    return begin["kind"]


def _from_pkcs8(text: str, place: str, passphrase: str) -> str:
    """Converts the key to OpenSSH's format with cryptography, because paramiko does not read PKCS#8."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415

    encrypted = "ENCRYPTED" in text.partition("\n")[0]
    if encrypted and not passphrase:
        raise _locked(place)
    try:
        key = form.load_pem_private_key(text.encode(), passphrase.encode() if encrypted else None)
        return key.private_bytes(form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption()).decode()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _unusable(place, passphrase if encrypted else "") from None


def _locked(place: str) -> LockedKeyError:
    return LockedKeyError(f"{place}: the key has a passphrase", f"set {PASSPHRASE}, or load the key into an agent")


def _unusable(place: str, passphrase: str) -> PrivateKeyError:
    if passphrase:
        problem = "the passphrase is wrong, or the key is damaged"
        return PrivateKeyError(f"{place}: {problem}", f"the passphrase comes from {PASSPHRASE}")
    hint = "ed25519, ECDSA and RSA keys can be used; `ssh-keygen -y -f FILE` shows whether the key is complete"
    return PrivateKeyError(f"{place}: the private key is damaged, or of a kind that cannot be used", hint)


def _read(path: Path, place: str) -> str:
    try:
        return read_text(path)
    except (OSError, ValueError) as error:
        reason = (error.strerror or "cannot be read") if isinstance(error, OSError) else "no text"
        raise PrivateKeyError(f"{place}: {reason}", "name a file with a private key, or give the key's text") from None
