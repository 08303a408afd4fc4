"""Which host keys are known: read from known_hosts files and `SSH_KNOWN_HOSTS`, never written here.

OpenSSH looks up HostKeyAlias or the name it connects to; so do we, and the inventory's name of the host as well.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paramiko import PKey
    from paramiko.hostkeys import HostKeyEntry

PROJECT_FILE = "known_hosts"
"""Beside the inventory; `runnerops trust` writes it."""

_SYSTEM_FILE = Path("/etc/ssh/ssh_known_hosts")


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """All that is known. `warnings` names the lines that could not be used, by place."""

    entries: tuple[HostKeyEntry, ...] = ()
    revoked: tuple[HostKeyEntry, ...] = ()
    warnings: tuple[str, ...] = ()

    @classmethod
    def find(cls, folder: Path, environ: Mapping[str, str]) -> KnownHosts:
        """From beside the inventory, the user's files, the system's, and `SSH_KNOWN_HOSTS` (text, or a file's path)."""
        home = Path(environ.get("HOME") or Path.home())
        files = [folder / PROJECT_FILE, home / ".ssh" / "known_hosts", home / ".ssh" / "known_hosts2", _SYSTEM_FILE]
        texts = [(str(path), text) for path in files if (text := _read(path)) is not None]
        given = environ.get("SSH_KNOWN_HOSTS", "")
        if given.strip():
            from_file = _read(Path(given)) if "\n" not in given.strip() and " " not in given.strip() else None
            texts.append(("SSH_KNOWN_HOSTS", given if from_file is None else from_file))
        return parse(texts)

    def keys(self, names: Iterable[str]) -> tuple[PKey, ...]:
        """The keys known under any of these names, revoked ones left out."""
        wanted = tuple(names)
        found = [_key(entry) for entry in self.entries if _matches(entry, wanted)]
        return tuple(key for key in found if not self.is_revoked(key, wanted))

    def is_revoked(self, key: PKey, names: Iterable[str]) -> bool:
        """Whether an `@revoked` line says so, for one of these names."""
        wanted = tuple(names)
        return any(_key(entry).asbytes() == key.asbytes() and _matches(entry, wanted) for entry in self.revoked)


def parse(texts: Iterable[tuple[str, str]]) -> KnownHosts:
    """Pairs of a place and a text in known_hosts form. Lines that paramiko cannot read are passed over, with a warning."""
    entries: list[HostKeyEntry] = []
    revoked: list[HostKeyEntry] = []
    warnings: list[str] = []
    for place, text in texts:
        for number, line in enumerate(text.splitlines(), 1):
            marker, rest = _split(line)
            if not rest:
                continue
            entry = _entry(rest, number)
            if entry is None or marker not in {"", "@revoked"}:
                what = "certificate authorities are not supported" if marker == "@cert-authority" else "cannot be read"
                warnings.append(f"{place}:{number}: passed over: {what}")
            elif marker:
                revoked.append(entry)
            else:
                entries.append(entry)
    return KnownHosts(tuple(entries), tuple(revoked), tuple(warnings))


def fingerprint(key: PKey) -> str:
    """As OpenSSH prints it: `SHA256:` and unpadded base64."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")


def lookup_name(address: str, port: int) -> str:
    """How a known_hosts file names a host at this port."""
    return address if port == 22 else f"[{address}]:{port}"


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _split(line: str) -> tuple[str, str]:
    line = line.strip()
    if not line or line.startswith("#"):
        return "", ""
    if line.startswith("@"):
        marker, _, rest = line.partition(" ")
        return marker, rest.strip()
    return "", line


def _entry(line: str, number: int) -> HostKeyEntry | None:
    from paramiko.hostkeys import HostKeyEntry, InvalidHostKey  # noqa: PLC0415  slow to import
    from paramiko.ssh_exception import SSHException  # noqa: PLC0415

    try:
        entry = HostKeyEntry.from_line(line, number)
    except (InvalidHostKey, SSHException, ValueError, IndexError):
        return None
    return entry if entry is not None and entry.key is not None else None


def _key(entry: HostKeyEntry) -> PKey:
    assert entry.key is not None
    return entry.key


def _matches(entry: HostKeyEntry, names: Iterable[str]) -> bool:
    return any(_covers(pattern, name) for pattern in entry.hostnames or () for name in names)


def _covers(pattern: str, name: str) -> bool:
    if pattern.startswith("|1|"):
        from paramiko.hostkeys import HostKeys  # noqa: PLC0415

        return HostKeys.hash_host(name, pattern) == pattern
    if any(mark in pattern for mark in "*?"):
        return fnmatchcase(name, pattern.replace("[", "[[]"))
    return pattern == name


def lines(name: str, keys: Iterable[PKey]) -> Iterator[str]:
    """Lines for a known_hosts file."""
    for key in keys:
        yield f"{name} {key.get_name()} {key.get_base64()}"
