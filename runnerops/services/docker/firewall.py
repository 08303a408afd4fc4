"""The line that lets containers through to a port of the host, in the words of what rules its firewall. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

_OPEN = {
    "ufw": "ufw allow to {address} port {port} proto tcp",
    "firewalld": (
        "firewall-cmd --permanent --add-rich-rule='rule family=ipv4 destination address={address}"
        " port port={port} protocol=tcp accept' && firewall-cmd --reload"
    ),
    "iptables": "iptables -I INPUT -d {address} -p tcp --dport {port} -j ACCEPT",
    "nft": "nft insert rule inet filter input ip daddr {address} tcp dport {port} accept",
}
"""From a container to a port that is published on an address of the host: that goes through INPUT, by docker-proxy."""

_FORWARD = "iptables -I DOCKER-USER -d {address} -p tcp --dport {port} -j ACCEPT"
"""From a container to another host: Docker leaves this chain to the administrator."""


def opening(url: str, firewall: str, *, own: bool) -> str:
    """What to type so that containers reach `url`; `own`: it is on the host itself."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    line = _OPEN.get(firewall, _OPEN["iptables"]) if own else _FORWARD
    return line.format(address=parts.hostname, port=port)
