"""A cache takes the place of a foreign container, on its port and with its volume. Pure: builds the steps.

The foreign container is stopped and never deleted, so that a rollback or a removal can start it again, even long after.
Its restart policy is disabled too, because Docker would otherwise start it again beside the cache that has its port.
"""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.common import ServiceName
from runnerops.model.facts import Container
from runnerops.model.inventory import Displaced
from runnerops.model.steps import Step
from runnerops.services.docker.schema import wanted_mirrors
from runnerops.services.registry.caches import OwnCache
from runnerops.services.registry.observe.containers import predecessor
from runnerops.services.registry.steps.context import ActionContext
from runnerops.services.scripts import script
from runnerops.services.shared.brought_up import coming_back, listens_at
from runnerops.services.steps import NOTHING, answers, guard, run, wait

_ASIDE = "container-aside.sh"

RUNS = ("docker", "inspect", "--type", "container", "--format", "{{.State.Running}}")
"""With an id behind it."""


def unchanged(now: ActionContext) -> Iterator[Step]:
    """The guard: each of these containers still runs; each that will come back does not."""
    for _, one in _predecessors(now):
        yield guard("true", *RUNS, one.id, title=f"check that container {one.name} still runs")
    for gone in coming_back(now.host, now.observed):
        yield guard("false", *RUNS, gone.id, title=f"check that container {gone.name} exists and is stopped")


def put_aside(now: ActionContext, number: int) -> Iterator[Step]:
    """Done just before the caches are started, when all that they need is ready."""
    for cache, one in _predecessors(now):
        argv = _aside("stop", _displaced(one, number))
        yield run(60, *argv, title=f"stop container {one.name}, whose place cache {cache.name} takes")


def brought_back(now: ActionContext, number: int) -> Iterator[Step]:
    """In a rollback, when the port is free again."""
    for cache, one in _predecessors(now):
        argv = _aside("start", _displaced(one, number))
        yield run(60, *argv, title=f"start container {one.name} again")
        if now.answered(cache):
            question = answers(cache.probe, now.observed.facts.tools)
            yield wait(now.policy.verify_s, "ok", *question, title=f"wait until container {one.name} answers again")


def start_again(now: ActionContext) -> Iterator[Step]:
    """Done when the cache that replaced it is stopped. A mirror at its address could not answer before."""
    for gone in coming_back(now.host, now.observed):
        yield run(60, *_aside("start", gone), title=f"start container {gone.name} again")
        title = f"wait until container {gone.name} runs"
        yield wait(now.policy.verify_s, "=true", *RUNS, gone.id, title=title)
        for url in _mirrors_at(now, gone) if "unproven-mirror" not in now.policy.allow else ():
            argv = answers(url, now.observed.facts.tools)
            yield wait(now.policy.verify_s, "ok", *argv, title=f"wait until the mirror {url} answers")


def _mirrors_at(now: ActionContext, gone: Displaced) -> Iterator[str]:
    docker = now.observed.facts.docker
    ports = [
        port
        for container in (docker.containers if docker else ())
        if container.id == gone.id
        for port in container.ports
    ]
    for url in wanted_mirrors(now.host.sections.get(ServiceName.DOCKER, {})):
        if listens_at(ports, url, now.host, now.observed.facts):
            yield url


def stop_again(now: ActionContext) -> Iterator[Step]:
    """In a rollback, before the cache gets its port again."""
    for gone in coming_back(now.host, now.observed):
        yield run(60, *_aside("stop", gone), title=f"stop container {gone.name}, if it was started")


def _displaced(one: Container, number: int) -> Displaced:
    return Displaced(number, one.id, one.restart or NOTHING, one.name)


def _aside(what: str, one: Displaced) -> tuple[str, ...]:
    return script(_ASIDE, what, one.id, one.restart, str(one.run), one.name)


def _predecessors(now: ActionContext) -> Iterator[tuple[OwnCache, Container]]:
    for cache in now.caches:
        if one := predecessor(cache, now.observed, now.host.returned):
            yield cache, one
