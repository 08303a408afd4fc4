"""Why caches cannot run on a host, and what blocks an action of theirs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from runnerops.model.common import ServiceName, Tree, Verb, key_text
from runnerops.model.facts import DockerFacts, Facts
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.model.plan import Action, Blocker, Change
from runnerops.services.registry.action import touched
from runnerops.services.registry.action.compose import too_old
from runnerops.services.registry.action.reasons import compose_tree, upstream_silent
from runnerops.services.registry.caches import OwnCache
from runnerops.services.registry.caches.image import major
from runnerops.services.registry.caches.reach import for_jobs
from runnerops.services.registry.diff import plain_compose
from runnerops.services.registry.format import COMPOSE_TEMPLATE, NAME
from runnerops.services.registry.format.service import volumes_of
from runnerops.services.registry.observe.containers import has_successor, holder_of, own_containers, predecessor
from runnerops.services.registry.reconcile import read
from runnerops.services.shared.daemon import running


def unsupported(host: Host, observed: HostState) -> Iterable[Blocker]:
    """What caches need and this host lacks."""
    if NAME not in host.sections:
        return
    docker, registry = observed.facts.docker, observed.facts.registry
    if docker is None or docker.flavour in {"podman", "rootless"}:
        if ServiceName.DOCKER not in host.sections:
            yield _refused("no-docker", "the host has no Docker Engine: install it, then deploy again")
        return
    if not running(docker) and ServiceName.DOCKER not in host.sections:
        yield _refused("docker-stopped", "Docker is stopped on the host: start it, or give the host a `docker` section")
    if registry is None or not registry.compose:
        yield _refused(
            "no-compose", "the host has no Docker Compose: install docker-compose or its plugin, then deploy again"
        )
    elif (why := too_old(observed.facts)) and not _lowered(host):
        message = f"Compose {registry.compose_version} {why}: install the plugin (docker-compose-plugin, 2.6 or newer)"
        yield _refused("no-compose", message)
    if not observed.facts.tools & {"curl", "wget"}:
        yield _refused("no-curl", "the host has neither curl nor wget: install one, then deploy again")
    if for_jobs(host) and "nsenter" not in observed.facts.tools:
        message = (
            "the host has no nsenter, which is needed to verify a cache for Docker-in-Docker: install util-linux, then"
            " deploy again"
        )
        yield _refused("no-nsenter", message)


def _refused(code: str, message: str) -> Blocker:
    return Blocker(code, message)


def _lowered(host: Host) -> bool:
    """Whether the daemon's file sets another API than its version's. Then Compose itself is asked."""
    return "min-api-version" in host.sections.get(ServiceName.DOCKER, {})


def blockers(
    host: Host, changes: Sequence[Change], actions: Sequence[Action], observed: HostState
) -> Iterable[Blocker]:
    """Checks only caches that this plan starts or recreates."""
    action = next((action for action in actions if action.service is NAME), None)
    docker = observed.facts.docker
    if action and NAME in host.removed:
        yield from _in_use(host, observed)
    if action is None or action.verb < Verb.UP or docker is None:
        return
    restarts = (action for action in actions if action.service is ServiceName.DOCKER and action.verb is Verb.RESTART)
    bridge_moves = any({"bip", "default-address-pools"} & set(restart.because) for restart in restarts)
    compose = compose_tree(host, changes, observed)
    yield from _options_stay(changes)
    for cache in touched(host, action, changes, observed):
        yield from _new_volume(cache, compose, changes, observed)
        yield from _upstream_down(cache, observed)
        yield from _major(cache, changes, observed)
        yield from _port_taken(cache, observed)
        if running(docker) and not bridge_moves:
            yield from _listen_not_here(cache, docker, observed.facts)


def _in_use(host: Host, observed: HostState) -> Iterator[Blocker]:
    """Without its mirror, Docker asks Docker Hub, until the pull limit; the daemon in a job does the same."""
    for cache in host.caches:
        users = host.clients.get(cache.name) if cache.host == host.name else ()
        if users and not has_successor(cache.name, host, observed):
            message = f"cache {cache.name} is still a mirror of {', '.join(users)}"
            fix = "give it `use: false`, deploy these hosts, then remove it"
            yield Blocker("cache-in-use", f"{message}: {fix}", details=(cache.name, *users))


def _new_volume(cache: OwnCache, compose: Tree, changes: Sequence[Change], observed: HostState) -> Iterator[Blocker]:
    """The content of a cache is in its volume. With another volume it starts empty, and the disk keeps both."""
    container = own_containers(observed).get(cache.name)
    mounts = dict((container.mounts if container else None) or _before(cache.name, compose, changes))
    for inside, volume in volumes_of(compose, cache.name).items():
        old = mounts.get(inside, "")
        if old and old != volume:
            removal = "" if "/" in old else f" (docker volume rm {old})"
            message = (
                f"cache {cache.name} would use volume {volume}, which is empty if it is new; "
                f"its present volume {old} stays on the disk{removal}"
            )
            yield Blocker("new-volume", message, details=(cache.name, old, volume))


def _before(name: str, compose: Tree, changes: Sequence[Change]) -> Mapping[str, str]:
    """The volumes of a cache in the present Compose file, if no container shows them."""
    old = next((change for change in changes if change.new.spec.template == COMPOSE_TEMPLATE), None)
    return volumes_of(plain_compose(read(old.old.content) or {}) if old else compose, name)


def _options_stay(changes: Sequence[Change]) -> Iterator[Blocker]:
    """Compose 1 fails. Compose 2 asks whether it may delete the content of the volume, or does not notice."""
    for change in changes:
        for key_change in change.key_changes if change.new.spec.template == COMPOSE_TEMPLATE else ():
            if (
                key_change.key[0] == "volumes"
                and len(key_change.key) > 2
                and key_change.key[2] in {"driver", "driver_opts"}
            ):
                message = (
                    f"a volume keeps the options that it was created with ({key_text(key_change.key)}): give it another"
                    " name"
                )
                yield Blocker("volume-options", message, details=(str(key_change.key[1]),))


def _upstream_down(cache: OwnCache, observed: HostState) -> Iterator[Blocker]:
    """A registry ends at its start if its upstream does not answer."""
    if upstream_silent(cache, observed):
        container = own_containers(observed).get(cache.name)
        again = " again" if container and container.running else ""
        message = f"{cache.upstream} does not answer from this host, so cache {cache.name} would not start{again}"
        yield Blocker("upstream-down", message, details=(cache.name,))


def _major(cache: OwnCache, changes: Sequence[Change], observed: HostState) -> Iterator[Blocker]:
    container = own_containers(observed).get(cache.name) or predecessor(cache, observed)
    key_changes = (
        key_change
        for change in changes
        for key_change in change.key_changes
        if key_change.key == ("services", cache.name, "image")
    )
    image = container.image if container else next((str(key_change.old or "") for key_change in key_changes), "")
    old, new = major(image), major(cache.image)
    if old is not None and new is not None and old != new:
        message = f"cache {cache.name} would change from {image} to {cache.image}, with the same volume"
        yield Blocker("registry-major", message, details=(cache.name,))


def _port_taken(cache: OwnCache, observed: HostState) -> Iterator[Blocker]:
    if predecessor(cache, observed):
        return
    if holder := holder_of(cache, observed):
        message = f"{cache.listen}, where cache {cache.name} is to listen, is used by {holder}"
        yield Blocker("port-taken", f"{message}: stop it, or give the cache another port", (cache.listen,))


def _listen_not_here(cache: OwnCache, docker: DockerFacts, facts: Facts) -> Iterator[Blocker]:
    host_addresses = {*facts.addresses, docker.bridge, "0.0.0.0", "::"}  # noqa: S104  compared, not bound
    if (
        not facts.addresses
        or cache.address in host_addresses
        or cache.address.startswith("127.")
        or cache.address == "::1"
    ):
        return
    message = f"{cache.address}, where cache {cache.name} is to listen, is not an address of this host"
    if cache.local and not cache.listen_given and docker.bridge:
        message += f", whose docker bridge has {docker.bridge}; write `listen: {docker.bridge}:{cache.port}`"
    yield Blocker("listen-not-here", message, (cache.listen,))
