"""Checks the answers of caches to the host and to a container. Pure."""

from __future__ import annotations

from runnerops.model.common import ServiceName
from runnerops.model.inventory import Host
from runnerops.services.docker.verify import mirrors
from runnerops.services.registry.caches import OwnCache, own_caches
from runnerops.services.registry.caches.reach import is_loopback
from runnerops.services.registry.format import NAME
from runnerops.services.registry.observe.containers import own_containers
from runnerops.services.registry.verify.between import between
from runnerops.services.registry.verify.words import SILENT, problem, statuses
from runnerops.services.shared.firewall import opening, way_to
from runnerops.services.shared.job_services import urls_given
from runnerops.services.verify import NO_ANSWER, Check, Evidence


def running_check(host: Host, cache: OwnCache, evidence: Evidence) -> Check:
    """Checks that the container of a cache runs and listens where clients ask."""
    title = f"cache {cache.name} runs and listens on {cache.listen}"
    container = own_containers(evidence.observed).get(cache.name)
    deploy = f"runnerops deploy {host.name}"
    if container is None:
        return Check("cache-running", NAME, title, "fail", "it has no container", deploy)
    if not container.running:
        if statuses(evidence.answers.get(f"registry_upstream/{cache.name}", NO_ANSWER))[0] == SILENT:
            reason = f"it is stopped, and {cache.upstream} does not answer, without which a registry does not start"
            fix = "make the upstream answer from this host; the cache then starts by itself"
            return Check("cache-running", NAME, title, "fail", reason, fix)
        return Check("cache-running", NAME, title, "fail", "its container is stopped", deploy)
    if container.ports and not any(_listens(port, cache) for port in container.ports):
        return Check("cache-running", NAME, title, "fail", f"it listens on {', '.join(container.ports)}", deploy)
    return Check("cache-running", NAME, title)


def _listens(port: str, cache: OwnCache) -> bool:
    address, _, number = port.rpartition(":")
    return number == cache.port and (not address or address.strip("[]") in {cache.address, "0.0.0.0"})  # noqa: S104


def host_check(host: Host, url: str, evidence: Evidence) -> Check:
    """Asks in the same way as the daemon."""
    title = f"{url} answers from the host"
    wrong = problem(evidence.answers.get(f"registry_code/{url}", NO_ANSWER))
    if not wrong:
        return Check("answers-host", NAME, title)
    is_own = any(_url_of(host, cache) == url or cache.probe == url for cache in own_caches(host))
    cache = next((cache for cache in host.caches if cache.url.rstrip("/") == url), None)
    if cache and not is_own:
        return Check("answers-host", NAME, title, "fail", *between(host, cache, wrong, evidence))
    return Check("answers-host", NAME, title, "fail", wrong, _mend(host, url, evidence))


def _mend(host: Host, url: str, evidence: Evidence) -> str:
    own_cache = next((cache for cache in own_caches(host) if _url_of(host, cache) == url or cache.probe == url), None)
    if own_cache:
        container = own_containers(evidence.observed).get(own_cache.name)
        fine = container is not None and running_check(host, own_cache, evidence).state == "pass"
        return f"docker logs {container.name}" if container and fine else f"runnerops deploy {host.name}"
    urls = ", ".join(cache.url for cache in host.caches if cache.use)
    index = mirrors(host).index(url)
    place = host.location(ServiceName.DOCKER, ("registry-mirrors", index)) or "the inventory"
    return f"no cache of the inventory is there: correct registry-mirrors at {place}" + (f" ({urls})" if urls else "")


def _url_of(host: Host, own_cache: OwnCache) -> str:
    """The URL that clients use; the host itself may ask another."""
    return next(
        (cache.url.rstrip("/") for cache in host.caches if cache.host == host.name and cache.name == own_cache.name), ""
    )


def container_check(host: Host, url: str, evidence: Evidence) -> Check:
    """A firewall of the host that denies incoming packets affects containers, but not the host itself."""
    name = f"docker_reach/{url}"
    tried = evidence.pull_answers or {}
    results = tried if name in tried else evidence.answers
    title = f"{url} answers from a container"
    if problem(evidence.answers.get(f"registry_code/{url}", NO_ANSWER)):
        return Check("answers-container", NAME, title, "skip", "it does not answer from the host")
    if is_loopback(url) and url not in urls_given(host.sections.get(ServiceName.GITLAB_RUNNER, {})):
        return Check(
            "answers-container",
            NAME,
            title,
            "skip",
            "only the daemon uses it: in a container, this address is the container itself",
        )
    if name not in results:
        reason = "no container runs there that could ask"
        if "nsenter" not in evidence.observed.facts.tools:
            reason = "the host has no nsenter (package util-linux)"
        return Check("answers-container", NAME, title, "skip", reason)
    _, network, container = (*results.get("docker_inside", NO_ANSWER).text.split(" "), "", "")[:3]
    bridge = network in {"default", "bridge"}
    where = "default bridge" if bridge else f"network of {container.lstrip('/')}"
    title = f"{url} answers from a container ({where})"
    wrong = problem(results[name])
    if not wrong:
        return Check("answers-container", NAME, title)
    if is_loopback(url):
        reason = f"{wrong}: in a container this address is the container itself, and jobs are given it"
        fix = "give the cache a `url` that containers reach, for example the address of the docker bridge"
        return Check("answers-container", NAME, title, "fail", reason, fix)
    is_own = any(cache.host == host.name and cache.url.rstrip("/") == url for cache in host.caches)
    direction = way_to(evidence.observed.facts.docker, own=is_own, network=network)
    chains = evidence.answers.get("docker_chains", NO_ANSWER).text.splitlines()
    line = opening(url, evidence.answers.get("docker_firewall", NO_ANSWER).text, direction, chains)
    reason = f"{wrong}: the host's firewall lets the host through, but not its containers"
    return Check("answers-container", NAME, title, "fail", reason, f"on {host.name}: {line}")
