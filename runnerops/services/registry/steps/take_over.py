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


def unchanged(context: ActionContext) -> Iterator[Step]:
    """The guard: each of these containers still runs; each that will come back does not."""
    for _, container in _predecessors(context):
        yield guard("true", *RUNS, container.id, title=f"check that container {container.name} still runs")
    for displaced in coming_back(context.host, context.observed):
        yield guard("false", *RUNS, displaced.id, title=f"check that container {displaced.name} exists and is stopped")


def put_aside(context: ActionContext, number: int) -> Iterator[Step]:
    """Done just before the caches are started, when all that they need is ready."""
    for cache, container in _predecessors(context):
        argv = _aside("stop", _displaced(container, number))
        yield run(60, *argv, title=f"stop container {container.name}, whose place cache {cache.name} takes")


def brought_back(context: ActionContext, number: int) -> Iterator[Step]:
    """In a rollback, when the port is free again."""
    for cache, container in _predecessors(context):
        argv = _aside("start", _displaced(container, number))
        yield run(60, *argv, title=f"start container {container.name} again")
        if context.answered(cache):
            question = answers(cache.probe, context.observed.facts.tools)
            yield wait(
                context.policy.verify_s, "ok", *question, title=f"wait until container {container.name} answers again"
            )


def start_again(context: ActionContext) -> Iterator[Step]:
    """Done when the cache that replaced it is stopped. A mirror at its address could not answer before."""
    for displaced in coming_back(context.host, context.observed):
        yield run(60, *_aside("start", displaced), title=f"start container {displaced.name} again")
        title = f"wait until container {displaced.name} runs"
        yield wait(context.policy.verify_s, "=true", *RUNS, displaced.id, title=title)
        for url in _mirrors_at(context, displaced) if "unproven-mirror" not in context.policy.allow else ():
            argv = answers(url, context.observed.facts.tools)
            yield wait(context.policy.verify_s, "ok", *argv, title=f"wait until the mirror {url} answers")


def _mirrors_at(context: ActionContext, displaced: Displaced) -> Iterator[str]:
    docker = context.observed.facts.docker
    ports = [
        port
        for container in (docker.containers if docker else ())
        if container.id == displaced.id
        for port in container.ports
    ]
    for url in wanted_mirrors(context.host.sections.get(ServiceName.DOCKER, {})):
        if listens_at(ports, url, context.host, context.observed.facts):
            yield url


def stop_again(context: ActionContext) -> Iterator[Step]:
    """In a rollback, before the cache gets its port again."""
    for displaced in coming_back(context.host, context.observed):
        yield run(60, *_aside("stop", displaced), title=f"stop container {displaced.name}, if it was started")


def _displaced(container: Container, number: int) -> Displaced:
    return Displaced(number, container.id, container.restart or NOTHING, container.name)


def _aside(verb: str, displaced: Displaced) -> tuple[str, ...]:
    return script(_ASIDE, verb, displaced.id, displaced.restart, str(displaced.run), displaced.name)


def _predecessors(context: ActionContext) -> Iterator[tuple[OwnCache, Container]]:
    for cache in context.caches:
        if container := predecessor(cache, context.observed, context.host.returned):
            yield cache, container
