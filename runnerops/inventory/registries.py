"""What is known of public registries, and what a cache is called by default. Pure."""

from __future__ import annotations

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


def served(serves: str, upstream: str) -> str:
    """The registry whose images a cache holds: as given, else told from a well-known upstream, else Docker Hub.

    Any other upstream counts as a private mirror of the Hub.
    """
    host = urlsplit(upstream).hostname or ""
    known = host in _WELL_KNOWN or host.endswith(_WELL_KNOWN_DOMAINS)
    return serves.lower() or (host if known else HUB)


def cache_name(name: str, serves: str, upstream: str) -> str:
    """A cache's name; each argument is empty where it is not given."""
    what = served(serves, upstream)
    return name or (HUB_CACHE if what == HUB else what)
