"""The checks of caches in `verify`: what they are asked, what is tried through them, what their logs show afterwards.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from runnerops.model.inventory import Cache, Host
from runnerops.services.docker.verify import answers, for_containers, mirrors
from runnerops.services.registry.caches import OwnCache, own_caches
from runnerops.services.registry.caches.reach import url_of
from runnerops.services.registry.format import NAME
from runnerops.services.registry.verify.caches import container_check, host_check, running_check
from runnerops.services.registry.verify.log import catalog_check, served_check, stored_check
from runnerops.services.registry.verify.space import keeps_on_volume, space_check, space_questions
from runnerops.services.registry.verify.upstream import own_upstream, upstream_of
from runnerops.services.registry.verify.words import problem
from runnerops.services.verify import NO_ANSWER, Call, Check, Evidence, Probe

VERIFY = Path(__file__).with_name("verify.sh").read_text(encoding="utf-8")
PULL_TEST = ""

_HUB = "docker.io"
_SURE = ("library/busybox", "library/hello-world", "library/alpine")
"""Repositories that the Hub, and any mirror of it, is most likely to have."""


def inquiries(host: Host, probe: Probe) -> Sequence[Call]:
    """Asks whether each mirror and each own cache answers, and whether the own caches ask their upstream."""
    caches = own_caches(host)
    urls = dict.fromkeys((*for_containers(host), *(cache.probe for cache in caches)))
    return (
        *(("verify_registry_answer", url) for url in urls),
        *(_upstream(cache, probe) for cache in caches),
        *space_questions(caches),
    )


def _upstream(cache: OwnCache, probe: Probe) -> Call:
    """Asked for what is known to be there, until it names a tag that it does not hold. Of others than the
    Hub nothing is.
    """
    repositories = dict.fromkeys((probe.repository, *_SURE)) if cache.serves == _HUB else ()
    return ("verify_registry_upstream", cache.name, cache.probe, cache.upstream.rstrip("/"), *repositories)


def far_caches(host: Host) -> tuple[Cache, ...]:
    """The caches of other hosts that this host's daemon has as mirrors."""
    return tuple(cache for url in mirrors(host) if (cache := cache_of(host, url)) and cache.host != host.name)


def cache_of(host: Host, url: str) -> Cache | None:
    """The cache of the inventory at the URL of a mirror."""
    return next((cache for cache in host.caches if cache.url.rstrip("/") == url), None)


def pull_test(host: Host, evidence: Evidence) -> Call | None:  # noqa: ARG001
    """None: the test pull of the daemon tests the caches too."""
    return None


def log_queries(host: Host, probe: Probe, seconds: int) -> Sequence[Call]:
    """Whether this host's caches answer it; of those of the Hub also logs and catalogs, and whether they
    ask their upstream.
    """
    hubs = [cache for cache in own_caches(host) if cache.serves == _HUB]
    urls = dict.fromkeys(url for cache in own_caches(host) for url in (url_of(cache), cache.probe))
    return (
        *(("verify_registry_answer", url) for url in urls if url),
        *(_upstream(cache, probe) for cache in hubs),
        *(("verify_registry_log", cache.name, probe.repository, str(seconds)) for cache in hubs),
        *(("verify_registry_catalog", cache.name, cache.probe) for cache in hubs),
    )


def cache_hosts(host: Host, evidence: Evidence) -> Iterable[str]:
    """The hosts of the caches that its daemon has as mirrors, after a test pull; otherwise only of those that do not
    answer it.
    """
    for url in for_containers(host):
        cache = cache_of(host, url)
        silent = problem(evidence.answers.get(f"registry_code/{url}", NO_ANSWER))
        if cache and (
            (evidence.pull_answers is not None and url in mirrors(host)) or (silent and cache.host != host.name)
        ):
            yield cache.host


def checks(host: Host, evidence: Evidence) -> Iterable[Check]:
    """Checks everything from the container to the catalog. Without a daemon there is nothing to check."""
    if answers(evidence):
        yield from _each(host, evidence)


def _each(host: Host, evidence: Evidence) -> Iterator[Check]:
    caches = own_caches(host)
    for cache in caches:
        yield running_check(host, cache, evidence)
        if check := space_check(cache, evidence.answers):
            yield check
    asked_by_daemon = mirrors(host)
    for url in dict.fromkeys((*for_containers(host), *(cache.probe for cache in caches))):
        yield host_check(host, url, evidence)
        if url in for_containers(host):
            yield container_check(host, url, evidence)
    yield from (own_upstream(host, cache, evidence) for cache in caches)
    yield from (upstream_of(cache, evidence) for cache in far_caches(host))
    if asked_by_daemon and not evidence.quick:
        served, by = served_check(host, [cache_of(host, url) for url in asked_by_daemon], evidence)
        yield served
        if by:
            stored = stored_check(by, evidence) if _on_volume(by, evidence) else None
            yield from (stored, catalog_check(by, evidence)) if stored else (catalog_check(by, evidence),)


def _on_volume(cache: Cache, evidence: Evidence) -> bool:
    cache_host = evidence.hosts.get(cache.host)
    return any(
        own_cache.name == cache.name and keeps_on_volume(own_cache)
        for own_cache in (own_caches(cache_host) if cache_host else ())
    )


__all__ = ["NAME", "PULL_TEST", "VERIFY", "cache_hosts", "checks", "inquiries", "log_queries", "pull_test"]
