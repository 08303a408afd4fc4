"""What is known of public registries, and what a cache is called by default. Pure."""

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
    }
)
_WELL_KNOWN_DOMAINS = (".gcr.io", ".pkg.dev")

_HUB_NAMES = frozenset({"index.docker.io", "registry-1.docker.io", "hub.docker.com", "registry.hub.docker.com"})
"""What people call Docker Hub, whose images' names begin with docker.io."""

_HUB_HOSTS = frozenset({"registry-1.docker.io", "mirror.gcr.io"})
"""Docker's own registry, and the public mirror of it that Google documents."""


def served(serves: str, upstream: str, siblings: Mapping[str, str] | None = None) -> str:
    """The registry whose images a cache holds; empty where nobody can tell.

    As given, else told from a well-known upstream. `siblings` has what other caches serve, by their URL: one may be the
    upstream of another. A registry that nobody knows may be private, and is no mirror of Docker Hub unless that is said.
    """
    host = urlsplit(upstream).hostname or ""
    if serves:
        return HUB if serves.lower() in _HUB_NAMES else serves.lower()
    if not upstream or host in _HUB_HOSTS:
        return HUB
    if host in _WELL_KNOWN or host.endswith(_WELL_KNOWN_DOMAINS):
        return host
    return (siblings or {}).get(upstream.rstrip("/"), "")


def cache_name(name: str, serves: str, upstream: str) -> str:
    """A cache's name; each argument is empty where it is not given."""
    what = served(serves, upstream)
    return name or (HUB_CACHE if what in {HUB, ""} else what)
