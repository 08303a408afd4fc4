"""Why a host's Docker daemon cannot be deployed, and what must not be done to it unasked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runnerops.model.common import Verb, key_text
from runnerops.model.host_state import DockerFacts, HostState
from runnerops.model.inventory import Host, Policy
from runnerops.model.plan import Action, Change, Stop
from runnerops.services.docker.containers import comes_back, of_job, ours
from runnerops.services.docker.context import Scene, scene
from runnerops.services.docker.format import NAME
from runnerops.services.docker.observe import NOT_THERE
from runnerops.services.docker.reconcile import flags
from runnerops.services.docker.schema import DATA_KEYS, wanted_mirrors

_FLAVOURS = {
    "rootless": "the Docker daemon there is rootless: it belongs to a user, not to the host",
    "snap": "Docker there is a snap, which reads its files elsewhere; install the packages of Debian or docker.com",
    "podman": "`docker` there is podman, which reads no daemon.json",
}


def refusals(host: Host, have: HostState) -> Iterable[Stop]:
    """What is not there, or is not the Docker Engine that this host's section is for."""
    if NAME not in host.sections:
        return
    docker = have.facts.docker
    if docker is None:
        yield _refused("no-docker", "no Docker there: install Docker Engine, then deploy again")
    elif docker.flavour in _FLAVOURS:
        yield _refused(docker.flavour, _FLAVOURS[docker.flavour])
    elif docker.unit.active == NOT_THERE:
        yield _refused("no-docker", "no unit docker.service there: the daemon must run under systemd")


def stops(
    host: Host, changes: Sequence[Change], actions: Sequence[Action], have: HostState, policy: Policy
) -> Iterable[Stop]:
    """What needs a word from the user first."""
    docker = have.facts.docker
    if docker is None or NAME not in host.sections:
        return
    action = next((action for action in actions if action.service is NAME), Action(NAME, Verb.PROVE))
    now = scene(host, action, changes, have, policy)
    yield from _set_as_flag(now, docker)
    if changes or action.verb > Verb.PROVE:
        yield from _last_mirror(now)
        yield from _data_root(now)
        yield from _stop_containers(now)
        yield from _unproven_mirrors(now)


def _refused(code: str, message: str) -> Stop:
    return Stop(code, message, allowable=False)


def _set_as_flag(now: Scene, docker: DockerFacts) -> Iterator[Stop]:
    """Given both ways, whatever the values, dockerd does not start; `runtimes` are added up. `hosts` has a rule of its own."""
    want = now.want
    proxies = want.get("proxies")
    names = {*want, *(proxies if isinstance(proxies, dict) else ())} - {"runtimes", "hosts"}
    both = tuple(sorted(names & flags(docker)))
    if both:
        message = (
            f"docker's unit sets as a flag what daemon.json sets too, so dockerd would not start: {', '.join(both)}"
        )
        yield Stop(
            "set-as-flag", f"{message}; take the flags out of the unit or the keys out of the inventory", False, both
        )


def _last_mirror(now: Scene) -> Iterator[Stop]:
    had = tuple(dict.fromkeys((*wanted_mirrors(now.old), *(now.docker.mirrors or ()))))
    if had and not wanted_mirrors(now.want) and "registry-mirrors" not in flags(now.docker):
        yield Stop(
            "last-mirror",
            f"this host would be left without a mirror of Docker Hub, it has {', '.join(had)}",
            details=had,
        )


def _data_root(now: Scene) -> Iterator[Stop]:
    edits = now.change.edits if now.change else ()
    names = tuple(key_text(edit.key) for edit in edits if edit.key[0] in DATA_KEYS)
    if names:
        yield Stop(
            "data-root",
            f"images and volumes would vanish from Docker's view: {', '.join(names)} changes",
            details=names,
        )


def _stop_containers(now: Scene) -> Iterator[Stop]:
    if now.keeps_containers:
        return
    names = tuple(
        one.name
        for one in now.docker.containers
        if one.running and not (comes_back(one) or ours(one) or of_job(one))  # jobs have a stop of their own
    )
    if names:
        message = f"the restart of Docker would end containers and not bring them back: {', '.join(names)}"
        yield Stop("stop-containers", message, details=names)


def _unproven_mirrors(now: Scene) -> Iterator[Stop]:
    registry = now.have.facts.registry
    answers = registry.answers if registry else {}
    for url in (mirror.rstrip("/") for mirror in now.new_mirrors):
        if not answers.get(url):
            yield Stop("unproven-mirror", f"mirror {url} does not answer from this host", details=(url,))
