"""Notes on caches in a plan. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.model.plan import Action
from runnerops.services.registry.action.reasons import is_dead, upstream_silent
from runnerops.services.registry.caches import own_caches
from runnerops.services.registry.format import NAME, is_our_file
from runnerops.services.registry.observe.containers import own_containers, owner_of, predecessor
from runnerops.services.shared.brought_up import coming_back, displaced
from runnerops.services.shared.daemon import docker_answers


def remarks(host: Host, actions: Sequence[Action], observed: HostState) -> Iterable[str]:
    """Caches that run although their section was removed; caches that wait for their upstream."""
    if NAME not in host.sections:
        yield from _leftovers(host.name, observed)
    elif any(action.service is NAME for action in actions):
        yield from _put_aside(host, observed)
        yield from _coming_back(host, observed)
    elif docker_answers(observed):
        for cache in own_caches(host):
            if is_dead(cache, observed) and upstream_silent(cache, observed):
                yield (
                    f"cache {cache.name} does not answer, nor does {cache.upstream}, without which a registry does not "
                    "start; it starts by itself once the upstream answers"
                )


def _put_aside(host: Host, observed: HostState) -> Iterator[str]:
    for cache in own_caches(host):
        if container := predecessor(cache, observed, host.returned):
            stays = f"`docker rm {container.name}` removes it, when you do not need it any more"
            yield (
                f"container {container.name} ({owner_of(container)}) is stopped when cache {cache.name} takes its place,"
                f" with the same {'folder' if '/' in cache.volume else 'volume'} {cache.volume}; it stays on the host, stopped,"
                f" and a rollback or a removal starts it again: {stays}"
            )


def _coming_back(host: Host, observed: HostState) -> Iterator[str]:
    comes = frozenset(coming_back(host, observed))
    docker = observed.facts.docker
    by_id = {present.id: present for present in docker.containers} if docker else {}
    for returning in displaced(host):
        container = by_id.get(returning.id)
        if returning in comes:
            yield f"container {returning.name}, whose place a cache took in run {returning.run}, is started again"
        elif container is None or not container.running:
            why = "something else uses its port" if container else "it does not exist any more"
            yield f"container {returning.name}, whose place a cache took in run {returning.run}, is not started again: {why}"


def _leftovers(host: str, observed: HostState) -> Iterator[str]:
    """Containers of ours, and files that a run wrote, that nothing asks for any more."""
    names = [name for name, container in sorted(own_containers(observed).items()) if container.running]
    files = [path for path in observed.applied if observed.holds_ours(path) and is_our_file(path)]
    if not names or not files:
        return
    caches, run, them = ("caches", "run", "them") if len(names) > 1 else ("cache", "runs", "it")
    yield (
        f"{caches} {', '.join(names)} of earlier runs still {run}, although no section asks for {them}; "
        f"`runnerops remove {host} registry` takes {them} down (volumes stay)"
    )
