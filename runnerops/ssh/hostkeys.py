"""Known host keys, read from known_hosts files and `SSH_KNOWN_HOSTS`. Never writes them. Needs no SSH library.

A host is looked up under the name that OpenSSH uses (HostKeyAlias, or else the address to connect to, with the port if
it is not 22), and also under its name in the inventory. An entry without a port applies to every port. But if the key
at another port differs from it, that key is unknown rather than changed, because another port may belong to another
machine.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from runnerops.frozen import frozen
from runnerops.ssh.home import ssh_home
from runnerops.ssh.hostnames import covers, plain_names, split_line

PROJECT_FILE = "known_hosts"
"""The file beside the inventory that `runnerops trust` writes."""
KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")
"""The kinds of host keys that can be verified, in order of preference."""

_SYSTEM_FILE = Path("/etc/ssh/ssh_known_hosts")


@frozen
class HostKey:
    """A public key: its kind, and its bytes in the SSH protocol. `str` gives the form for people."""

    kind: str
    blob: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """As OpenSSH prints it: `SHA256:` and unpadded base64."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")

    def line(self, name: str) -> str:
        """The line of a known_hosts file that gives it this name."""
        return f"{name} {self.kind} {base64.b64encode(self.blob).decode()}"

    def __str__(self) -> str:
        return f"{self.kind} {self.fingerprint}"


@frozen
class Entry:
    """One line. `names` is its first field: patterns separated by commas, or a hash. `place` is `file:line`."""

    names: str
    key: HostKey
    place: str

    def covers(self, names: Iterable[str]) -> bool:
        """Whether the line applies to one of these names."""
        return any(covers(self.names, name) for name in names)


@frozen
class KnownHosts:
    """All known keys. `warnings` has the lines that could not be used, by place.

    `authorities` are keys that sign host certificates (`@cert-authority`).
    """

    entries: tuple[Entry, ...] = ()
    revoked: tuple[Entry, ...] = ()
    warnings: tuple[str, ...] = ()
    authorities: tuple[Entry, ...] = ()
    _index: dict[str | None, list[int]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Indices of the entries by plain name; under None those with patterns or hashes. Computed when needed."""

    @classmethod
    def find(cls, folder: Path, environ: Mapping[str, str]) -> KnownHosts:
        """Reads the project's file, the user's, the system's, and `SSH_KNOWN_HOSTS` (text, or a file's path)."""
        ssh = ssh_home(environ) / ".ssh"
        known_hosts = parse([]).with_files(
            [folder / PROJECT_FILE, ssh / "known_hosts", ssh / "known_hosts2", _SYSTEM_FILE]
        )
        text = environ.get("SSH_KNOWN_HOSTS", "").strip()
        if not text:
            return known_hosts
        if len(text.split()) > 1 and not _is_file(text):  # an entry has at least three words
            return known_hosts.merged_with(parse([("SSH_KNOWN_HOSTS", text)]))
        return known_hosts.with_files([Path(os.path.expanduser(text))], "SSH_KNOWN_HOSTS: ")

    def with_files(self, paths: Iterable[Path], place: str = "") -> KnownHosts:
        """Adds the lines of these files. A missing file adds none, or a warning if `place` tells who names the file."""
        known_hosts = self
        for path in paths:
            try:
                text = path.read_text(encoding="utf-8", errors="replace")
            except (OSError, ValueError) as error:
                if place or not isinstance(error, FileNotFoundError | NotADirectoryError):
                    reason = getattr(error, "strerror", None) or "no path"
                    known_hosts = known_hosts.merged_with(KnownHosts(warnings=(f"{place}{path}: ignored: {reason}",)))
                continue
            known_hosts = known_hosts.merged_with(parse([(str(path), text)]))
        return known_hosts

    def merged_with(self, known_hosts: KnownHosts) -> KnownHosts:
        """The entries of both."""
        return KnownHosts(
            self.entries + known_hosts.entries,
            self.revoked + known_hosts.revoked,
            self.warnings + known_hosts.warnings,
            self.authorities + known_hosts.authorities,
        )

    def entries_for(self, names: Sequence[str]) -> tuple[Entry, ...]:
        """The known keys under any of these names, each once, without revoked ones."""
        by_key = {entry.key: entry for entry in reversed(self._covering(names))}
        return tuple(entry for key, entry in reversed(by_key.items()) if not self.revocation(key, names))

    def _covering(self, names: Sequence[str]) -> list[Entry]:
        """The entries that apply to one of these names, in their order. Uses an index, because many hosts ask."""
        if not self._index:
            index: dict[str | None, list[int]] = {None: []}
            for number, entry in enumerate(self.entries):
                names_of: Sequence[str | None] = plain_names(entry.names) or [None]
                for name in names_of:
                    index.setdefault(name, []).append(number)
            self._index.update(index)
        sure = {number for name in names for number in self._index.get(name.lower(), ())}
        matching = {number for number in self._index[None] if self.entries[number].covers(names)}
        return [self.entries[number] for number in sorted(sure | matching)]

    def authorities_of(self, names: Sequence[str]) -> tuple[Entry, ...]:
        """The `@cert-authority` lines that apply to any of these names."""
        return tuple(entry for entry in self.authorities if entry.covers(names))

    def revocation(self, key: HostKey, names: Sequence[str]) -> Entry | None:
        """The `@revoked` line that revokes this key under one of these names."""
        return next((entry for entry in self.revoked if entry.key == key and entry.covers(names)), None)


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):  # a path that is too long or has a NUL must be a text
        return False


def parse(texts: Iterable[tuple[str, str]]) -> KnownHosts:
    """Parses pairs of a place and a known_hosts text. Lines that cannot be used are left out, with a warning."""
    by_marker: dict[str, list[Entry]] = {marker: [] for marker in ("", "@revoked", "@cert-authority")}
    passed: dict[tuple[str, str], list[str]] = {}
    for place, text in texts:
        for number, line in enumerate(text.splitlines(), 1):
            marker, words = split_line(line)
            if not words and not marker:
                continue
            words = _of_certificate(words) if marker == "@revoked" else words
            entry = _entry(words, f"{place}:{number}") if marker in by_marker else "unknown marker"
            if isinstance(entry, str):
                passed.setdefault((place, entry), []).append(str(number))
            else:
                by_marker[marker].append(entry)
    warnings = tuple(f"{place}:{','.join(numbers)}: ignored: {why}" for (place, why), numbers in passed.items())
    entries, revoked, authorities = map(tuple, by_marker.values())
    return KnownHosts(entries, revoked, warnings, authorities)


def _of_certificate(words: list[str]) -> list[str]:
    """Replaces a certificate in a line by its key, because OpenSSH compares only the key (`sshkey_equal_public`)."""
    kind = words[1].removesuffix("-cert-v01@openssh.com") if len(words) > 2 else ""
    if not kind or kind == words[1]:
        return words
    parts: list[bytes] = []
    try:
        rest = base64.b64decode(words[2], validate=True)
    except (binascii.Error, ValueError):
        return words
    while len(rest) > 4 and len(parts) < 4:  # the kind, a nonce, and one or two fields of the key
        size = 4 + int.from_bytes(rest[:4], "big")
        parts, rest = [*parts, rest[:size]], rest[size:]
    fields = parts[2:3] if kind == "ssh-ed25519" else parts[2:4]
    blob = len(kind).to_bytes(4, "big") + kind.encode() + b"".join(fields)
    return [words[0], kind, base64.b64encode(blob).decode()]


def _entry(words: Sequence[str], place: str) -> Entry | str:
    """The entry, or why the line cannot be used."""
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
