"""Which host keys are known: read from known_hosts files and `SSH_KNOWN_HOSTS`, never written here. Needs no SSH library.

A host is looked up under the name that OpenSSH uses (HostKeyAlias, else the address it connects to, with the port where
that is not 22), and under its name in the inventory as well. An entry without a port holds for every port, but a key that
differs from it there is unknown, not changed: another port may be another machine.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from runnerops.frozen import frozen
from runnerops.remote.home import ssh_home
from runnerops.remote.hostnames import covers, plain_names, split_line

PROJECT_FILE = "known_hosts"
"""Beside the inventory; `runnerops trust` writes it."""
KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")
"""The kinds of host keys that can be verified, the preferred first."""

_SYSTEM_FILE = Path("/etc/ssh/ssh_known_hosts")


@frozen
class HostKey:
    """A public key: its kind and the bytes that go over the wire. `str` is how it is shown to people."""

    kind: str
    blob: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """As OpenSSH prints it: `SHA256:` and unpadded base64."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")

    def line(self, name: str) -> str:
        """Its line in a known_hosts file."""
        return f"{name} {self.kind} {base64.b64encode(self.blob).decode()}"

    def __str__(self) -> str:
        return f"{self.kind} {self.fingerprint}"


@frozen
class Entry:
    """One line. `names` is its first field: patterns between commas, or one hash; `place` is `file:line`."""

    names: str
    key: HostKey
    place: str

    def covers(self, names: Iterable[str]) -> bool:
        """Whether it is about one of these names."""
        return any(covers(self.names, name) for name in names)


@frozen
class KnownHosts:
    """All that is known. `warnings` names the lines that could not be used, by place.

    `authorities` are keys that sign hosts' certificates (`@cert-authority`).
    """

    entries: tuple[Entry, ...] = ()
    revoked: tuple[Entry, ...] = ()
    warnings: tuple[str, ...] = ()
    authorities: tuple[Entry, ...] = ()
    _index: dict[str | None, list[int]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """The entries of each plain name, by their numbers; under None those that are patterns or hashed. Made when asked."""

    @classmethod
    def find(cls, folder: Path, environ: Mapping[str, str]) -> KnownHosts:
        """From beside the inventory, the user's files, the system's, and `SSH_KNOWN_HOSTS` (text, or a file's path)."""
        ssh = ssh_home(environ) / ".ssh"
        known = parse([]).with_files([folder / PROJECT_FILE, ssh / "known_hosts", ssh / "known_hosts2", _SYSTEM_FILE])
        given = environ.get("SSH_KNOWN_HOSTS", "").strip()
        if not given:
            return known
        if len(given.split()) > 1 and not _is_file(given):  # an entry has three words at least
            return known.and_also(parse([("SSH_KNOWN_HOSTS", given)]))
        return known.with_files([Path(given).expanduser()], "SSH_KNOWN_HOSTS: ")

    def with_files(self, paths: Iterable[Path], place: str = "") -> KnownHosts:
        """With these files' lines too. A file that is not there has none, but where `place` says who names it."""
        known = self
        for path in paths:
            try:
                text = path.read_text(encoding="utf-8", errors="replace")
            except (OSError, ValueError) as error:
                if place or not isinstance(error, FileNotFoundError | NotADirectoryError):
                    reason = getattr(error, "strerror", None) or "no path"
                    known = known.and_also(KnownHosts(warnings=(f"{place}{path}: ignored: {reason}",)))
                continue
            known = known.and_also(parse([(str(path), text)]))
        return known

    def and_also(self, other: KnownHosts) -> KnownHosts:
        """Both."""
        return KnownHosts(
            self.entries + other.entries,
            self.revoked + other.revoked,
            self.warnings + other.warnings,
            self.authorities + other.authorities,
        )

    def about(self, names: Sequence[str]) -> tuple[Entry, ...]:
        """What is known under any of these names, each key once, revoked ones left out."""
        found = {entry.key: entry for entry in reversed(self._covering(names))}
        return tuple(entry for key, entry in reversed(found.items()) if not self.revocation(key, names))

    def _covering(self, names: Sequence[str]) -> list[Entry]:
        """In their order. Each of many hosts asks, and a file may have a line for each."""
        if not self._index:
            index: dict[str | None, list[int]] = {None: []}
            for number, entry in enumerate(self.entries):
                names_of: Sequence[str | None] = plain_names(entry.names) or [None]
                for name in names_of:
                    index.setdefault(name, []).append(number)
            self._index.update(index)
        sure = {number for name in names for number in self._index.get(name.lower(), ())}
        others = {number for number in self._index[None] if self.entries[number].covers(names)}
        return [self.entries[number] for number in sorted(sure | others)]

    def authorities_of(self, names: Sequence[str]) -> tuple[Entry, ...]:
        """The `@cert-authority` lines about any of these names: keys that sign hosts' certificates."""
        return tuple(entry for entry in self.authorities if entry.covers(names))

    def revocation(self, key: HostKey, names: Sequence[str]) -> Entry | None:
        """The `@revoked` line that rules this key out under one of these names."""
        return next((entry for entry in self.revoked if entry.key == key and entry.covers(names)), None)


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):  # too long, or a NUL: a text
        return False


def parse(texts: Iterable[tuple[str, str]]) -> KnownHosts:
    """Pairs of a place and a text in known_hosts form. Lines that cannot be used are passed over, with a warning."""
    found: dict[str, list[Entry]] = {marker: [] for marker in ("", "@revoked", "@cert-authority")}
    passed: dict[tuple[str, str], list[str]] = {}
    for place, text in texts:
        for number, line in enumerate(text.splitlines(), 1):
            marker, words = split_line(line)
            if not words and not marker:
                continue
            words = _of_certificate(words) if marker == "@revoked" else words
            entry = _entry(words, f"{place}:{number}") if marker in found else "unknown marker"
            if isinstance(entry, str):
                passed.setdefault((place, entry), []).append(str(number))
            else:
                found[marker].append(entry)
    warnings = tuple(f"{place}:{','.join(numbers)}: ignored: {why}" for (place, why), numbers in passed.items())
    entries, revoked, authorities = map(tuple, found.values())
    return KnownHosts(entries, revoked, warnings, authorities)


def _of_certificate(words: list[str]) -> list[str]:
    """A line whose key is in a certificate as one with that key alone: it is what OpenSSH compares (`sshkey_equal_public`)."""
    kind = words[1].removesuffix("-cert-v01@openssh.com") if len(words) > 2 else ""
    if not kind or kind == words[1]:
        return words
    parts: list[bytes] = []
    try:
        rest = base64.b64decode(words[2], validate=True)
    except (binascii.Error, ValueError):
        return words
    while len(rest) > 4 and len(parts) < 4:  # its kind, a nonce, and one field or two of the key
        size = 4 + int.from_bytes(rest[:4], "big")
        parts, rest = [*parts, rest[:size]], rest[size:]
    fields = parts[2:3] if kind == "ssh-ed25519" else parts[2:4]
    blob = len(kind).to_bytes(4, "big") + kind.encode() + b"".join(fields)
    return [words[0], kind, base64.b64encode(blob).decode()]


def _entry(words: Sequence[str], place: str) -> Entry | str:
    """An entry, or why the line is none."""
    if len(words) < 3:
        return "not a host, a kind and a key"
    names, kind, text = words[:3]
    if kind not in KINDS:
        return (
            f"keys of kind {kind} cannot be verified" if kind.isascii() and kind.isprintable() else "not a kind of key"
        )
    try:
        blob = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return "the key is damaged"
    if not blob.startswith(len(kind).to_bytes(4, "big") + kind.encode()):
        return "the key is damaged"
    return Entry(names, HostKey(kind, blob), place)
