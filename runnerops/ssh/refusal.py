"""What ssh_config may ask for that is not supported. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.ssh.algorithms import VERIFIED, allowed_algorithms
from runnerops.ssh.settings import UNREAD

_BY_HAND = "write it as Host lines, or set ssh.user, ssh.port, ssh.key and ssh.gateway of the host in the inventory"
_REFUSED: Mapping[str, tuple[frozenset[str], str]] = {
    "pubkeyauthentication": (
        frozenset(),
        "a key is the only way to log in here: PubkeyAuthentication yes for this host",
    ),
    "preferredauthentications": (
        frozenset(),
        "a key is the only way to log in here: name publickey in it, or leave it out",
    ),
    "bindaddress": (frozenset(), "set a route, or ProxyCommand with a program that binds (nc -s ADDRESS %h %p)"),
    "bindinterface": (frozenset(), "set a route, or ProxyCommand with a program that binds"),
    "proxyusefdpass": (frozenset({"no", "false"}), "ProxyCommand without it: a program that carries the data itself"),
    "refuseconnection": (frozenset(), "take it out for this host, where it may be reached"),
    "revokedhostkeys": (frozenset({"none"}), "write its keys into known_hosts, as lines that begin with @revoked"),
}
"""By key: the values that need no support, and the fix for all others."""


def refusal(settings: Mapping[str, str]) -> tuple[str, str] | None:
    """A setting of this host that is not supported, and the fix; None if there is none."""
    for match in (value for key, value in settings.items() if key.startswith(UNREAD)):
        if match != "Match tagged" or "tag" in settings:
            return f"`{match}` cannot be decided here", _BY_HAND
    for key, verifiable in VERIFIED.items():
        if not any(map(allowed_algorithms(settings, key), verifiable)):
            hint = f"add one of {', '.join(verifiable[:6])}"
            return f"`{key} {settings[key]}` leaves nothing that can be verified here", hint
    for key, (harmless, hint) in _REFUSED.items():
        value = settings.get(key, "")
        if key == "preferredauthentications":
            if value and "publickey" not in value.lower().split(","):
                return f"`{key} {value}` leaves no way to log in", hint
        elif key == "pubkeyauthentication":
            if value.lower() in {"no", "false"}:
                return f"`{key} {value}` leaves no way to log in", hint
        elif value and value.lower() not in harmless:
            return f"`{key} {value}` cannot be done", hint
    return None
