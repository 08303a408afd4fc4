"""What is known about public registries, and the default names of caches. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

HUB = "docker.io"
HUB_UPSTREAM = "https://registry-1.docker.io"
HUB_CACHE = "dockerhub"

_WELL_KNOWN = frozenset(
    {
        "docker.elastic.co",
        "gcr.io",
        "ghcr.io",
        "k8s.gcr.io",
        "lscr.io",
        "mcr.microsoft.com",
        "nvcr.io",
        "public.ecr.aws",
        "quay.io",
        "registry.access.redhat.com",
        "registry.gitlab.com",
        "registry.k8s.io",
        "registry.redhat.io",
    }
)
_WELL_KNOWN_DOMAINS = (".gcr.io", ".pkg.dev")

HUB_NAMES = frozenset(
    {"index.docker.io", "registry-1.docker.io", "hub.docker.com", "registry.hub.docker.com"}
    | {"www.docker.com", "docker.com", "registry.docker.io", "auth.docker.io"}
)
"""Names that people use for Docker Hub. The names of its images begin with docker.io."""

_HUB_HOSTS = frozenset({"registry-1.docker.io", "index.docker.io", "mirror.gcr.io"})
"""Both names of Docker's own registry, and the public mirror of it that Google documents."""


def served(serves: str, upstream: str, siblings: Mapping[str, str] | None = None) -> str:
    """The registry whose images a cache holds; empty if it is not known.

    It is as given, or follows from a well-known upstream. `siblings` has what other caches serve, by their URL, because
    one may be the upstream of another. An unknown registry may be private, and counts as a mirror of Docker Hub only if
    the inventory says so.
    """
    host = urlsplit(upstream).hostname or ""
    if serves:
        return HUB if serves.lower() in HUB_NAMES else serves.lower()
    if not upstream or host in _HUB_HOSTS:
        return HUB
    if host in _WELL_KNOWN or host.endswith(_WELL_KNOWN_DOMAINS):
        return host
    return (siblings or {}).get(upstream.rstrip("/"), "")


def cache_name(name: str, serves: str, upstream: str) -> str:
    """The name of a cache. Each argument is empty if it is not given."""
    served_registry = served(serves, upstream)
    return name or (HUB_CACHE if served_registry in {HUB, ""} else served_registry)
