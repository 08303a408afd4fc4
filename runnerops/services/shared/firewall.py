"""The line that lets containers through to a cache, in the words of what rules the host's firewall. Pure."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

_OPEN = {
    "ufw": "ufw allow proto tcp to {address} port {port}",
    "firewalld": (
        "firewall-cmd --permanent --add-rich-rule='rule family={family} destination address={address}"
        " port port={port} protocol=tcp accept' && firewall-cmd --reload"
    ),
    "iptables": "{iptables} -I INPUT -p tcp -d {address} --dport {port} -j ACCEPT",
    "nft": "nft insert rule inet filter input {ip} daddr {address} tcp dport {port} accept",
}
"""From a container to a port that is published on an address of its host: that goes through INPUT, by docker-proxy."""

_ANYWHERE = {
    "ufw": "ufw allow proto tcp to any port {port}",
    "iptables": "iptables -I INPUT -p tcp --dport {port} -j ACCEPT",
}
"""The same where the cache is known by a name."""

_FORWARD = "iptables -I DOCKER-USER -p tcp --dport {port} -j ACCEPT"
"""From a container to another host: Docker leaves this chain to the administrator."""


def forwarding(port: int, source: str) -> str:
    """What to type on a cache's host so that another host reaches it: a published port goes through FORWARD."""
    who = f" -s {source}" if source else ""
    command = "ip6tables" if ":" in source else "iptables"
    return f"{command} -I DOCKER-USER -p tcp{who} -m conntrack --ctorigdstport {port} -j ACCEPT"


def opening(url: str, firewall: str, *, own: bool) -> str:
    """What to type so that containers reach `url`; `own`: it is on the host itself."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if not own:
        return _FORWARD.format(port=port)
    try:
        address = ip_address(parts.hostname or "")
    except ValueError:
        return _ANYWHERE.get(firewall, _ANYWHERE["iptables"]).format(port=port)
    six = address.version == 6
    words = {"family": "ipv6", "ip": "ip6", "iptables": "ip6tables"} if six else {"family": "ipv4", "ip": "ip"}
    return _OPEN.get(firewall, _OPEN["iptables"]).format(
        address=address, port=port, **{"iptables": "iptables", **words}
    )
