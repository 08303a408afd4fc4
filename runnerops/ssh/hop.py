"""One connection on the way to a host, and whether the host key that is offered there is accepted."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from paramiko import Message, MissingHostKeyPolicy, PKey, SSHClient, SSHException

from runnerops.errors import HostKeyError
from runnerops.frozen import frozen
from runnerops.ssh.algorithms import IsAllowed, bits
from runnerops.ssh.certificates import Names, certificate_problem, read_certificate, signed_with
from runnerops.ssh.fabrics import Connection
from runnerops.ssh.hostkeys import HostKey, KnownHosts
from runnerops.ssh.login import Attempt


@frozen
class Hop:
    """One connection of a route. `names` are those that known_hosts may have for it. `trust` writes the first one.

    A key under one of the names in `loose` is accepted, but a different key there does not mean that the host key has
    changed.
    """

    host: str
    connection: Connection
    names: tuple[str, ...]
    loose: tuple[str, ...]
    known_hosts: KnownHosts
    attempt: Attempt
    gateway: bool
    certified: tuple[str, ...] = ()
    """The names that its certificate may have."""
    in_ci: bool = False
    smallest: int = 0
    """The fewest bits that an RSA key must have (RequiredRSASize)."""
    signed_by: IsAllowed = lambda _: True
    """The algorithms with which an authority may sign (CASignatureAlgorithms)."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The key files that may be offered to it."""
        return self.attempt.files

    def verify(self, offered: HostKey, certificate: bytes = b"") -> None:
        """Raises HostKeyError, with the fix, unless this key is known or is certified by a known authority."""
        where = f"gateway {self.names[0]}" if self.gateway else self.names[0]
        every = (*self.names, *self.loose)
        if offered.kind == "ssh-rsa" and (size := bits(offered)) < self.smallest:
            problem = f"the host key of {where} has {size} bits: RequiredRSASize of ssh_config asks for {self.smallest}"
            raise HostKeyError(self.host, problem, "give the host another key; nothing was sent")
        if revoked := self.known_hosts.revocation(offered, every):
            problem = f"the host key of {where} is revoked ({revoked.place}): {offered}"
            raise HostKeyError(self.host, problem, "find out who has this key; nothing was sent")
        if any(entry.key == offered for entry in self.known_hosts.entries_for(every)):
            self._refuse_revoked_authority(certificate, where)
            return
        why = self._uncertified(offered, certificate)
        if certificate and not why:
            return
        if why:
            problem = f"the certificate of {where} is not accepted: {why}; its key {offered} is not known either"
            raise HostKeyError(
                self.host, problem, f"correct the certificate or known_hosts, or: {self._way_to_trust()}"
            )
        if before := self.known_hosts.entries_for(self.names):
            were = ", ".join(f"{entry.key} ({entry.place})" for entry in before)
            problem = f"the host key of {where} has changed: it offers {offered}; known is {were}"
            raise HostKeyError(self.host, problem, f"only if you know why it changed: {self._way_to_trust()}")
        problem = f"the host key of {where} is unknown: {offered}"
        raise HostKeyError(self.host, problem, f"compare it with the host's own, then: {self._way_to_trust()}")

    def _refuse_revoked_authority(self, certificate: bytes, where: str) -> None:
        """Refuses a certificate of a revoked authority, as OpenSSH does, even if the host key itself is known: whoever has
        the authority's key may have made it.
        """
        try:
            authority = read_certificate(certificate).authority
        except ValueError:  # it is not a certificate, or not a valid one
            return
        if revoked := self.known_hosts.revocation(authority, (*self.names, *self.loose)):
            problem = f"the authority of the certificate of {where} is revoked ({revoked.place}): {authority}"
            raise HostKeyError(
                self.host, problem, "give the host a certificate of another authority, or none; nothing was sent"
            )

    def _uncertified(self, offered: HostKey, certificate: bytes) -> str:
        """Why a certificate is not accepted; empty if it is, or if there is no certificate."""
        if not certificate:
            return ""
        try:
            parsed = read_certificate(certificate)
        except ValueError:
            return "it cannot be read"
        if parsed.key != offered:
            return "it belongs to another key"
        if not self.signed_by(kind := signed_with(parsed.signature)):
            return f"its signature is {kind}, which CASignatureAlgorithms of ssh_config leaves out"
        names = Names((*self.names, *self.loose), self.certified)
        return certificate_problem(parsed, self.known_hosts, names, time.time(), made_signature)

    def _way_to_trust(self) -> str:
        """The fix for an unknown key, which in the job of a pipeline cannot be a command."""
        trust = f"runnerops trust {self.host}"
        where = "the CI variable SSH_KNOWN_HOSTS, or commit known_hosts beside the inventory"
        return f"put its line into {where} (`{trust}` on your machine writes it)" if self.in_ci else trust


class Verified(MissingHostKeyPolicy):
    """The only place where a host key is accepted. Fabric's clients have no known keys, so each key is checked here."""

    def __init__(self, hop: Hop, allow_login: Callable[[], None]) -> None:
        self._hop = hop
        self._allow_login = allow_login

    def missing_host_key(self, client: SSHClient, hostname: str, key: PKey) -> None:  # noqa: ARG002
        """Called before anything but the key exchange is sent. Raises HostKeyError."""
        certificate = key.public_blob.key_blob if key.public_blob else b""
        self._hop.verify(HostKey(key.get_name(), key.asbytes()), certificate)
        self._allow_login()


def made_signature(key: HostKey, signed: bytes, signature: bytes) -> bool:
    """Whether this key made the signature of these bytes."""
    try:
        return bool(PKey.from_type_string(key.kind, key.blob).verify_ssh_sig(signed, Message(signature)))
    except (SSHException, ValueError):
        return False
