"""The commands that open a host's firewall for requests of containers to a cache, by the kind of firewall. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from runnerops.model.facts import DockerFacts
from runnerops.services.shared.versions import version_of

Way: TypeAlias = Literal["input", "forward", "nft"]
"""Which rules packets of containers pass: those of INPUT or, if they are forwarded, Docker's chain DOCKER-USER or tables
of nftables.
"""

_FORWARDED = (29, 0)
_OWN_NETWORK = "runnerops_"

_OPEN = {
    "ufw": "ufw allow proto tcp to {address} port {port}",
    "firewalld": (
        "firewall-cmd --permanent --add-rich-rule='rule family={family} destination address={address}"
        " port port={port} protocol=tcp accept' && firewall-cmd --reload"
    ),
    "iptables": "{iptables} -I INPUT -p tcp -d {address} --dport {port} -j ACCEPT",
    "nft": "nft insert rule inet filter input {ip} daddr {address} tcp dport {port} accept",
}
"""The commands by firewall, for a port at which docker-proxy listens on an address of the host."""

_ANYWHERE = {
    "ufw": "ufw allow proto tcp to any port {port}",
    "iptables": "iptables -I INPUT -p tcp --dport {port} -j ACCEPT",
}
"""The same if the URL of the cache has a name instead of an address."""


def way_to(docker: DockerFacts | None, *, own: bool, network: str = "bridge") -> Way:
    """Which rules the packets of a container in `network` pass on the way to a port that is published on its own host
    (`own`), or elsewhere.

    Up to Docker 28, packets to an address of the own host go to docker-proxy. Newer releases forward them like others,
    except those from the network of the port's own container (moby's `iptabler/port.go`). A daemon that does not answer
    counts as an older one. With nftables there is no DOCKER-USER.
    """
    new = docker is not None and (version_of(docker.version) or (0, 0)) >= _FORWARDED
    if own and (not new or network.startswith(_OWN_NETWORK)):
        return "input"
    return "nft" if docker is not None and docker.firewall.get("driver") == "nftables" else "forward"


_CHAINS = "in each chain of nft list chains with hook forward: nft insert rule FAMILY TABLE CHAIN{who} {match} accept"


def forwarding(port: int, chains: Iterable[str], source: str = "", *, six: bool = False) -> str:
    """The commands that let packets to that port be forwarded. They match the original port, because a packet to a
    published port has another one when it is forwarded.

    `chains` are as the host named them (`docker/verify/verify.sh`): `DOCKER-USER`, `FORWARD` of iptables, and those of
    nftables as FAMILY TABLE CHAIN. A packet has to be accepted by each of them.
    """
    six = six or ":" in source
    command, family = ("ip6tables", "ip6") if six else ("iptables", "ip")
    match, who = f"ct original proto-dst {port}", f" {family} saddr {source}" if source else ""
    lines = []
    for chain in chains:
        if " " in chain:
            lines.append(f"nft insert rule {chain}{who} {match} accept")
        else:
            client = f" -s {source}" if source else ""
            lines.append(f"{command} -I {chain} -p tcp{client} -m conntrack --ctorigdstport {port} -j ACCEPT")
    return " && ".join(lines) or _CHAINS.format(who=who, match=match)


def opening(url: str, firewall: str, way: Way, chains: Iterable[str] = ()) -> str:
    """The command that lets containers reach `url`. `firewall` is the program that manages INPUT, `chains` are those that
    forwarded packets pass.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    name = parts.hostname or ""
    if way != "input":
        return forwarding(port, chains or (() if way == "nft" else ("DOCKER-USER",)), six=":" in name)
    try:
        address = ip_address(name)
    except ValueError:
        return _ANYWHERE.get(firewall, _ANYWHERE["iptables"]).format(port=port)
    six = address.version == 6
    words = {"family": "ipv6", "ip": "ip6", "iptables": "ip6tables"} if six else {"family": "ipv4", "ip": "ip"}
    return _OPEN.get(firewall, _OPEN["iptables"]).format(
        address=address, port=port, **{"iptables": "iptables", **words}
    )
