"""Whether containers reach a cache, not only the host itself. Pure: builds argv.

A firewall that denies incoming packets, or packets between networks, accepts requests of the host itself and drops
those of containers. Pulls then bypass the cache unnoticed. This may concern one network only, so the request comes from
a container in the network of the jobs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from runnerops.model.common import ServiceName, Tree
from runnerops.model.facts import Facts
from runnerops.model.inventory import Host
from runnerops.model.steps import Step
from runnerops.services.registry.caches import OwnCache, own_caches
from runnerops.services.shared.firewall import opening, way_to
from runnerops.services.shared.job_services import BRIDGE, networks_of, tables, urls_given
from runnerops.services.shared.ways import asked_from, tell_reached, verify_reached


def for_jobs(host: Host) -> tuple[OwnCache, ...]:
    """The host's own caches that its runners give to the services of their jobs."""
    return started_by_jobs(own_caches(host), host.sections.get(ServiceName.GITLAB_RUNNER, {}))


def started_by_jobs(caches: Collection[OwnCache], config: Tree) -> tuple[OwnCache, ...]:
    """The caches in the command of a service of this config.toml, unless its jobs use the host's network."""
    urls = urls_given({**config, "runners": [table for table in tables(config.get("runners")) if not _as_host(table)]})
    return tuple(cache for cache in caches if url_of(cache) in urls)


def _as_host(runner: Tree) -> bool:
    """Whether its jobs and their services use the host's network."""
    docker = runner.get("docker")
    return isinstance(docker, dict) and docker.get("network_mode") == "host"


def url_of(cache: OwnCache) -> str:
    """The URL for clients, including containers."""
    return str(cache.tree.get("url") or "").rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether a URL leads every client to itself: the daemon to its host, a container to the container."""
    name = urlsplit(url).hostname or ""
    return name in {"localhost", "::1"} or name.startswith("127.")


def from_container(cache: OwnCache, config: Tree, facts: Facts) -> Iterator[Step]:
    """Verifies that the cache answers in the network of each runner of this config.toml that gives it to its jobs."""
    why = f"cannot reach {url_of(cache)}, but the host can: its firewall drops their packets"
    for network in networks_of(config, url_of(cache)):
        (asker,) = asked_from(facts.docker, [network], own=True)
        yield verify_reached(cache.name, url_of(cache), asker, _texts(why, cache, network, facts), facts.tools)


def told_from_container(cache: OwnCache, config: Tree, facts: Facts) -> Iterator[Step]:
    """Does the same for a cache that only the daemon uses, as far as the inventory says. A failure is only reported."""
    why = f"cannot reach {url_of(cache)}, but the daemon can: Docker in jobs would bypass the cache"
    for network in networks_of(config):
        (asker,) = asked_from(facts.docker, [network], own=True)
        yield tell_reached(cache.name, url_of(cache), asker, _texts(why, cache, network, facts), facts.tools)


def _texts(why: str, cache: OwnCache, network: str, facts: Facts) -> tuple[str, ...]:
    direction = way_to(facts.docker, own=True, network=network)
    why = f"containers{'' if network == BRIDGE else f' of network {network}'} {why}"
    firewalls = ("ufw", "iptables") if direction == "input" else ("",)
    lines = [opening(url_of(cache), firewall, direction) for firewall in firewalls]
    return (f"{why}; type" if len(lines) == 1 else f"{why}; run one of", *lines)
