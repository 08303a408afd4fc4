"""Says why a host does not reach a cache on another host: the cache does not answer, or something between them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from runnerops.model.answers import Answers
from runnerops.model.inventory import Cache, Host
from runnerops.services.registry.caches import own_caches
from runnerops.services.registry.verify.words import SILENT, problem, statuses
from runnerops.services.shared.firewall import forwarding
from runnerops.services.verify import NO_ANSWER, Evidence

_KEPT_OUT = frozenset({"", "1", "7", "28"})
"""The exit status of curl (or wget, which does not tell the reason) if no connection can be opened."""


def between(host: Host, cache: Cache, wrong: str, evidence: Evidence) -> Iterator[str]:
    """Returns reason and fix. The cache was asked on its own host as well."""
    trace = evidence.log_queries.get(cache.host, "it was not asked")
    answer = evidence.answers.get(f"registry_code/{cache.url.rstrip('/')}", NO_ANSWER)
    if statuses(answer)[0] != SILENT:  # something answers, so nothing keeps this host out
        yield wrong
        yield f"runnerops verify {cache.host}"
    elif isinstance(trace, str):
        yield f"{wrong}; whether it answers on {cache.host} is not known: {trace}"
        yield f"runnerops status {cache.host}"
    elif not _answers_there(cache, trace, evidence):
        yield f"{wrong}; it does not answer on {cache.host} itself either"
        yield f"runnerops deploy {cache.host}"
    elif statuses(answer)[1] in _KEPT_OUT:
        yield from _firewall(host, cache, wrong, evidence)
    else:
        yield f"{wrong}; it answers on {cache.host} itself"
        yield f"to see why, on {host.name}: curl -v {cache.url.rstrip('/')}/v2/"


def _answers_there(cache: Cache, answers: Answers, evidence: Evidence) -> bool:
    """At the address that clients use, or at the one that it listens on: a host may not reach itself by a
    name or a NAT.
    """
    cache_host = evidence.hosts.get(cache.host)
    probes = [
        own_cache.probe for own_cache in (own_caches(cache_host) if cache_host else ()) if own_cache.name == cache.name
    ]
    return any(not problem(answers.get(f"registry_code/{url}", NO_ANSWER)) for url in (cache.url.rstrip("/"), *probes))


def _firewall(host: Host, cache: Cache, wrong: str, evidence: Evidence) -> Iterator[str]:
    url = cache.url.rstrip("/")
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    words = evidence.answers.get(f"registry_connection/{url}", NO_ANSWER).text.split()
    source, target = words if len(words) == 2 else (host.name, parts.hostname or cache.host)
    route = f"TCP from {source} ({host.name}) to {target} port {port} ({cache.host})"
    yield f"{wrong}, while it answers on {cache.host} itself: a firewall between the two hosts does not let {route} through"
    trace = evidence.log_queries.get(cache.host, "")
    chains = None if isinstance(trace, str) else trace.get("docker_chains")
    if chains is not None and not chains.text:
        yield f"open the network's own firewall: on {cache.host} no chain but Docker's own drops forwarded packets"
        return
    names = chains.text.splitlines() if chains else ["DOCKER-USER"]
    line = forwarding(port, names, source if len(words) == 2 else "")
    yield f"on {cache.host}: {line}; or open the network's own firewall"


__all__ = ["between"]
