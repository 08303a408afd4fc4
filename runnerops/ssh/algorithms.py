"""Which algorithms ssh_config allows, and the length of a key. Needs no SSH library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

from runnerops.ssh.hostkeys import HostKey

_PLAIN = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
VERIFIED = {
    "hostkeyalgorithms": (*_PLAIN, *(f"{name}-cert-v01@openssh.com" for name in _PLAIN)),
    "casignaturealgorithms": _PLAIN,
}
"""For each key of ssh_config, the algorithms that can be verified here."""

IsAllowed = Callable[[str], bool]
"""Whether an algorithm may be used."""


def allowed_algorithms(settings: Mapping[str, str], key: str) -> IsAllowed:
    """The algorithms that this key allows: `-LIST` removes some, any other list is complete. Names may be patterns.

    `+LIST` and `^LIST` add and prefer. They have no effect here, because the kinds in known_hosts are asked for first.
    """
    value = settings.get(key, "").replace(" ", "")
    if not value or value[0] in "+^":
        return lambda _: True
    patterns, away = value.removeprefix("-").split(","), value.startswith("-")
    return lambda name: any(fnmatchcase(name, pattern) for pattern in patterns) != away


def bits(key: HostKey) -> int:
    """The length of an RSA key: the bits of its modulus. 0 for any other kind of key."""
    if key.kind != "ssh-rsa":
        return 0
    rest, part = key.blob, b""
    for _ in range(3):  # the kind, the exponent, the modulus
        size = int.from_bytes(rest[:4], "big")
        part, rest = rest[4 : 4 + size], rest[4 + size :]
    return int.from_bytes(part, "big").bit_length()
