"""Caches that a deploy leaves out although another part of it needs them. Pure."""

from __future__ import annotations

from runnerops.model.common import ServiceName
from runnerops.model.inventory import Host


def brings_caches(host: Host) -> bool:
    """Whether the deploy for which this host is planned starts caches, on this host and on others."""
    return ServiceName.REGISTRY not in host.left_out


def left_out(host: Host, url: str) -> str:
    """Why a cache that should be at `url` does not answer there; empty if nothing is left out."""
    its_cache = next((cache for cache in host.caches if cache.url.rstrip("/") == url), None)
    if its_cache is None or brings_caches(host):
        return ""
    return (
        f"the cache there, {its_cache.name} of {its_cache.host}, is left out by --only: deploy it first "
        f"(`runnerops deploy {its_cache.host} --only {ServiceName.REGISTRY}`), or together (--only {ServiceName.REGISTRY} too)"
    )
