"""Reads and checks host certificates of OpenSSH (its `PROTOCOL.certkeys`). Needs no SSH library."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from itertools import chain

from runnerops.frozen import frozen
from runnerops.ssh.hostkeys import HostKey, KnownHosts
from runnerops.ssh.hostnames import covers

SUFFIX = "-cert-v01@openssh.com"
_FIELDS = {"ssh-ed25519": 1, "ssh-rsa": 2}
"""How many fields the public key of each kind has; ECDSA keys have two."""
_OF_HOSTS = 2
_SIGNATURES = {"ssh-rsa": frozenset({"rsa-sha2-256", "rsa-sha2-512"})}
"""The signature algorithm of a kind of key, if it is not named like the kind. SHA-1 is not accepted, as in OpenSSH."""


@frozen
class Certificate:
    """`key` is the host key, `signed` the bytes that `authority` signed. `after` and `before` are epoch seconds."""

    key: HostKey
    kind: int
    name: str
    principals: tuple[str, ...]
    after: int
    before: int
    critical: bytes = field(repr=False)
    authority: HostKey
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)


class _Reader:
    """Reads the data types of the SSH protocol. Raises ValueError if the data end too early."""

    def __init__(self, blob: bytes) -> None:
        self._blob = blob
        self.at = 0

    def number(self, size: int) -> int:
        """An unsigned integer of `size` bytes."""
        return int.from_bytes(self._take(size), "big")

    def text(self) -> bytes:
        """A string: a length, and that many bytes."""
        return self._take(self.number(4))

    def all_texts(self) -> Iterator[bytes]:
        """All strings up to the end."""
        while self.at < len(self._blob):
            yield self.text()

    def _take(self, size: int) -> bytes:
        self.at += size
        if self.at > len(self._blob):
            raise ValueError("cut short")
        return self._blob[self.at - size : self.at]


def read_certificate(blob: bytes) -> Certificate:
    """Raises ValueError if this is not a certificate."""
    reader = _Reader(blob)
    kind = reader.text().decode("ascii")
    if not kind.endswith(SUFFIX):
        raise ValueError("no certificate")
    plain = kind.removesuffix(SUFFIX)
    reader.text()  # the nonce
    parts = [plain.encode(), *(reader.text() for _ in range(_FIELDS.get(plain, 2)))]
    reader.number(8)  # the serial number
    of, name, principals = reader.number(4), reader.text(), reader.text()
    after, before, critical = reader.number(8), reader.number(8), reader.text()
    reader.text()  # extensions; none are defined for host certificates
    reader.text()  # reserved
    authority = reader.text()
    if not (signs := _Reader(authority).text().decode("ascii")).isprintable():  # anybody may have sent this
        raise ValueError("not a kind of key")
    end = reader.at
    signature = reader.text()
    if reader.at != len(blob):
        raise ValueError("more than a certificate")
    return Certificate(
        key=HostKey(plain, b"".join(map(_framed, parts))),
        kind=of,
        name=name.decode("utf-8", "replace"),
        principals=tuple(text.decode("utf-8", "replace") for text in _Reader(principals).all_texts()),
        after=after,
        before=before,
        critical=critical,
        authority=HostKey(signs, authority),
        signed=blob[:end],
        signature=signature,
    )


def _framed(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


Verify = Callable[[HostKey, bytes, bytes], bool]
"""Whether the key made the signature. Arguments: key, bytes, signature."""


@frozen
class Names:
    """The names of a host: in known_hosts, and in its certificate, where they have no port."""

    in_known_hosts: Sequence[str]
    certified: Sequence[str]


def certificate_problem(
    certificate: Certificate, known_hosts: KnownHosts, names: Names, now: float, verify: Verify
) -> str:
    """Why a certificate does not prove the identity of the host; empty if it does.

    A certificate without names is valid for every host in older OpenSSH releases, and for none in newer ones. Here: for
    none.
    """
    return next(chain(_of_authority(certificate, known_hosts, names, verify), _of_host(certificate, names, now)), "")


def _of_authority(certificate: Certificate, known_hosts: KnownHosts, names: Names, verify: Verify) -> Iterator[str]:
    if revoked := known_hosts.revocation(certificate.authority, names.in_known_hosts):
        yield f"its authority is revoked ({revoked.place})"
    if not any(entry.key == certificate.authority for entry in known_hosts.authorities_of(names.in_known_hosts)):
        yield f"it is signed by an authority that is not known for this host: {certificate.authority}"
    usual = frozenset({certificate.authority.kind})
    if signed_with(certificate.signature) not in _SIGNATURES.get(certificate.authority.kind, usual):
        yield "its kind of signature is not accepted"
    if not verify(certificate.authority, certificate.signed, certificate.signature):
        yield "its signature is wrong"


def _of_host(certificate: Certificate, names: Names, now: float) -> Iterator[str]:
    if certificate.kind != _OF_HOSTS:
        yield "it is a certificate of a user, not of a host"
    if not certificate.after <= now < certificate.before:
        yield "it is not valid yet" if now < certificate.after else "it has expired"
    if certificate.critical:
        yield "it has unknown critical options"
    if not any(covers(principal, name) for principal in certificate.principals for name in names.certified):
        yield f"it is for {', '.join(certificate.principals) or 'no host by name'}, not for {', '.join(names.certified)}"


def signed_with(signature: bytes) -> str:
    """The algorithm of a signature; empty if this is not a signature."""
    try:
        return _Reader(signature).text().decode("ascii", "replace")
    except ValueError:
        return ""
