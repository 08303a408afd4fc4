"""Mirrors that dockerd asks through its proxy. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from runnerops.model.common import Key, Tree, Value
from runnerops.services.docker.schema.nested import Found
from runnerops.services.shared.addresses import is_private
from runnerops.services.shared.no_proxy import bypasses

_PORTS = {"http": 80, "https": 443}

Ours: TypeAlias = Callable[[str, str], bool]
"""Whether the URL of a mirror with this name or address leads to a host of one's own, which a proxy can seldom reach."""


def proxied(tree: Tree, ours: Ours = lambda _, name: is_private(name)) -> Found:
    """Each mirror of one's own that `no-proxy` does not name, if there is a proxy for its scheme. It is reported at the
    key of `proxies` to change.
    """
    proxies, mirrors = tree.get("proxies"), tree.get("registry-mirrors")
    if not isinstance(proxies, dict):
        return
    for url in mirrors if isinstance(mirrors, list) else ():
        parts = _parts(url)
        name = parts.hostname if parts else None
        if not parts or not name or not proxies.get(f"{parts.scheme}-proxy") or not ours(str(url), name):
            continue
        if not bypasses(str(proxies.get("no-proxy") or ""), name, parts.port or _PORTS[parts.scheme]):
            key: Key = ("proxies", "no-proxy" if "no-proxy" in proxies else f"{parts.scheme}-proxy")
            text = f"the mirror {parts.scheme}://{parts.netloc.rpartition('@')[2]} is asked through the proxy"
            text += f", because `proxies.no-proxy` does not name {name}"
            yield "X008", "warning", key, text, f"add {name} to proxies.no-proxy"


def _parts(url: Value) -> SplitResult | None:
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        return parts if parts and parts.scheme in _PORTS and parts.port != 0 else None
    except ValueError:
        return None
