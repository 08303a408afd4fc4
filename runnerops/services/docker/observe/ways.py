"""How a host reaches others, and who connected to it, read from the answers of an observation. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from runnerops.model.answers import Answers, text_of
from runnerops.model.facts import Client
from runnerops.patterns import late_pattern

_OURS = late_pattern(r"docker0|docker_gwbridge|br-[0-9a-f]{12}|veth.*|lo")
"""Devices that Docker creates, and the loopback."""


def client(answers: Answers) -> Client:
    """`SSH_CONNECTION` is `CLIENT PORT SERVER PORT`. The route back is from `ip route get`: `ADDRESS via … dev eth0 src
    …`.
    """
    words = text_of(answers, "docker_client").split()
    if len(words) != 4:
        return Client()
    route = text_of(answers, "docker_client_route").split()
    parts = {name: route[route.index(name) + 1] for name in ("dev", "src") if name in route[:-1]}
    device, source = (parts.get("dev", ""), parts.get("src", "")) if len(parts) == 2 else ("", "")
    return Client(words[0], words[2], words[3], device, source)


def routes(answers: Answers) -> Iterator[tuple[str, str]]:
    """`/proc/net/route`: device, destination and mask in columns 1, 2 and 8, hexadecimal, the least byte first."""
    for line in text_of(answers, "docker_routes").splitlines()[1:]:
        words = line.split()
        if len(words) > 7 and not _OURS.fullmatch(words[0]) and words[7] != "00000000":
            address, mask = (".".join(str(byte) for byte in bytes.fromhex(word)[::-1]) for word in (words[1], words[7]))
            yield words[0], str(IPv4Network(f"{address}/{mask}", strict=False))


def resolvers(answers: Answers) -> Iterator[str]:
    """The name servers of resolv.conf."""
    for line in text_of(answers, "docker_resolvers").splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            yield words[1]
