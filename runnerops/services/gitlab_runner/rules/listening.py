"""Addresses on which the runner is to listen. Pure. Source: `session/server.go` and `commands/config.go`; starts of 15.11
and 19.3.
"""

from __future__ import annotations

from runnerops.model.common import Tree
from runnerops.services.gitlab_runner.rules.found import Found

_ENDS = "the runner ends at its start"
_LAST_PORT = 65535


def listening(tree: Tree) -> Found:
    """Checks the address of the metrics, and those of the session server."""
    metrics = tree.get("listen_address")
    if isinstance(metrics, str) and metrics:
        yield from _metrics(metrics)
    session = tree.get("session_server")
    listen = session.get("listen_address") if isinstance(session, dict) else None
    if isinstance(session, dict) and isinstance(listen, str) and listen:
        advertise = session.get("advertise_address")
        yield from _session(listen, advertise if isinstance(advertise, str) else "")


def _metrics(text: str) -> Found:
    host, colon, port = text.rpartition(":")
    if "://" in text:
        fix = f"write {text.partition('://')[2].rstrip('/')}"
        yield "R021", "warning", ("listen_address",), "must have no scheme: the runner serves no metrics", fix
    elif ":" in host and not host.startswith("["):
        message = "must have an address of IPv6 in brackets, and one port: the runner serves no metrics"
        yield "R021", "warning", ("listen_address",), message, "write for example [::1]:9252"
    elif colon and (not port or _is_too_high(port)):
        yield "R021", "error", ("listen_address",), f"has no valid port: {_ENDS}", "write for example :9252"


def _session(listen: str, advertise: str) -> Found:
    for name, text in (("listen_address", listen), ("advertise_address", advertise)):
        key = ("session_server", name)
        if "://" in text:
            fix = f"write {text.partition('://')[2].rstrip('/')}"
            yield "R021", "error", key, f"must have no scheme: {_ENDS}", fix
            return
    host, colon, port = listen.rpartition(":")
    if not colon or listen.endswith("]"):
        fix = f"write {listen}:8093"
        yield "R021", "error", ("session_server", "listen_address"), f"has no port: {_ENDS}", fix
    elif not port.isdecimal() or _is_too_high(port):
        fix = f"write for example {host}:8093"
        yield "R021", "error", ("session_server", "listen_address"), f"has no valid port: {_ENDS}", fix
    elif not host and not advertise.rpartition(":")[0]:
        text = f"names no host, and neither does advertise_address: {_ENDS}"
        fix = f'add advertise_address = "HOST:{port}", with the name under which GitLab reaches this host'
        yield "R021", "error", ("session_server", "listen_address"), text, fix


def _is_too_high(port: str) -> bool:
    return port.isdecimal() and int(port) > _LAST_PORT
