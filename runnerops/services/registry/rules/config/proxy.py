"""Checks `proxy`: the upstream of a cache, and its login there. Pure.

Source: distribution's `registry/proxy`, 2.8 and 3.1.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from urllib.parse import urlsplit

from runnerops.model.common import Key, Tree, word_set
from runnerops.services.registry.rules.found import ENDS, Found, Severity, only, tree_at

_UPSTREAM = "write for example https://registry-1.docker.io"
_HUB = ("registry-1.docker.io", "index.docker.io")
"""Both names of Docker Hub's registry."""
_PAGES = word_set("docker.io hub.docker.com www.docker.com auth.docker.io")
"""Names of Docker Hub at which no registry answers."""
_NEARLY = 0.9
"""How similar a name is to that of Docker Hub's registry, of 1, if this is meant."""


def proxy_rules(tree: Tree, major: int) -> Found:
    """Runs all rules on one configuration."""
    proxy = tree_at(tree, "proxy")
    url, key = proxy.get("remoteurl"), ("proxy", "remoteurl")
    if isinstance(url, int | float):
        yield "C014", "error", key, f"must be an http or https URL: {ENDS}", _UPSTREAM
    elif isinstance(url, str) and url:
        yield from _remote(url, key, str(tree_at(tree, "http").get("addr") or ""))
    if isinstance(proxy.get("exec"), dict) and url:
        yield from only(3, major, _helper(proxy))
    elif proxy.get("username") and not proxy.get("password"):
        yield (
            "C015",
            "warning",
            ("proxy", "username"),
            "has no password: the upstream would refuse the login",
            "add it, or take username out",
        )
    if str(tree_at(tree, "storage", "maintenance", "readonly").get("enabled")).lower() == "true" and url:
        text = "a read-only cache keeps nothing"
        yield "C015", "warning", ("storage", "maintenance", "readonly"), text, "remove it"


def _helper(proxy: Tree) -> Found:
    """A program that gives the login to the upstream, which registry 3 asks instead of using the login in the file."""
    key: Key = ("proxy", "exec")
    if not tree_at(proxy, "exec").get("command"):
        yield (
            "C015",
            "warning",
            key,
            "has no command: the cache has no login at the upstream",
            "add it, or take exec out",
        )
    elif proxy.get("username"):
        text = "takes the place of `username` and `password`, which registry 3 does not use beside it"
        yield "C015", "warning", key, text, "keep one of the two"


def _remote(url: str, key: Key, address: str) -> Found:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme not in {"http", "https"} or not host or re.search(r"[\s{}<>^`|\\\"]", host):
        yield "C014", "error", key, f"must be an http or https URL: {ENDS}", _UPSTREAM
    elif host in _PAGES:
        yield "C014", "error", key, "is not the address of a registry", "write https://registry-1.docker.io"
    elif host == "registry-1.docker.io" and parts.path.strip("/") not in {"", "v2"}:
        text = "must have no path: the images of Docker Hub are at its root"
        yield "C014", "error", key, text, f"write {parts.scheme}://{host}"
    elif parts.path not in ("", "/"):
        yield from _path(parts.path, key, f"{parts.scheme}://{parts.netloc}")
    elif "@" in parts.netloc:
        yield "C014", "warning", key, "a login in the URL is not used", "write `username` and `password` instead"
    elif host not in _HUB and SequenceMatcher(None, host, _HUB[0]).ratio() >= _NEARLY:
        text = f"is nearly {_HUB[0]}, the registry of Docker Hub"
        yield "C014", "warning", key, text, f"write {parts.scheme}://{_HUB[0]} if this is meant"
    elif host in {"localhost", "127.0.0.1", "::1"} and address.rpartition(":")[2] == str(port or ""):
        yield "C014", "error", key, "is this registry itself", "write the upstream's address"


def _path(path: str, key: Key, root: str) -> Found:
    """The registry resolves `v2/` relative to the URL, so what follows the last slash is dropped."""
    if path.rstrip("/").endswith("/v2"):
        severity: Severity = "error" if path.endswith("/") else "warning"
        yield "C014", severity, key, "must have no /v2: the registry adds it itself", f"write {root}"
    elif not path.endswith("/"):
        text = "must end with a slash: the registry drops what follows the last slash"
        yield "C014", "error", key, text, f"write {root}{path}/"
