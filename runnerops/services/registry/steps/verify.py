"""Verifies that caches run what their files say, and that their upstream answers as before. Pure: builds the steps."""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.common import Secret, ServiceName, Tree, Verb
from runnerops.model.steps import Step
from runnerops.services.docker.schema import mirrors_of, wanted_mirrors
from runnerops.services.registry.action.compared import FORM, traits
from runnerops.services.registry.caches import OwnCache
from runnerops.services.registry.caches.reach import for_jobs, from_container, is_loopback, told_from_container, url_of
from runnerops.services.registry.format.service import volumes_of
from runnerops.services.registry.observe.containers import filters, own_containers
from runnerops.services.registry.steps.context import ActionContext
from runnerops.services.scripts import script
from runnerops.services.shared.job_services import networks_of
from runnerops.services.shared.ways import asked_from, reached, still_reached
from runnerops.services.steps import answers, run, wait

HUB = "docker.io"
SURE = "library/alpine"
"""A repository that Docker Hub certainly has, asked for if a cache is empty."""

_NO_REPOSITORY = "-"

LATER = 'cd "${RUNNEROPS_SCRATCH:-.}" && echo "$1" >notes'


def marks(context: ActionContext) -> Iterator[Step]:
    """Records, before anything is swapped, what `verification` compares with."""
    if context.action.verb is Verb.VERIFY and not context.action.ways:
        return
    for cache in context.caches:
        if _marked(context, cache):
            argv = script("cache-upstream.sh", "--note", cache.name, cache.probe, _repository(cache))
            yield run(40, *argv, title=f"record what the upstream of cache {cache.name} answers")


def ways_before(context: ActionContext) -> Iterator[Step]:
    """Where Docker's restart changes which packets of containers pass: whether these reach the caches as it is."""
    for cache in context.caches if context.action.ways else ():
        if context.answered(cache) and not is_loopback(url_of(cache)):
            facts = context.observed.facts
            for way in asked_from(facts.docker, networks_of(_config(context)), own=True):
                yield reached(cache.name, url_of(cache), way, facts.tools)


def _marked(context: ActionContext, cache: OwnCache) -> bool:
    return context.answered(cache) and "curl" in context.observed.facts.tools and not _moves_on(context, cache)


def verification(context: ActionContext) -> Iterator[Step]:
    """Verifies each cache: it answers, its container is as desired and continues to run, and its upstream answers as
    before.
    """
    containers = own_containers(context.observed)
    for cache in context.caches:
        if context.comes_later(cache):
            notice = f"cache {cache.name} does not run yet: {cache.upstream} does not answer; it starts once that does"
            yield run(10, "sh", "-c", LATER, "sh", notice, title=f"leave cache {cache.name} to start later")
            continue
        yield from _answer(context, cache)
        yield from _as_asked(context, cache)
        if cache.name in containers and cache.name in context.forced:
            argv = script("cache-replaced.sh", containers[cache.name].id, *filters(cache.name))
            yield wait(15, "=another", *argv, title=f"wait until cache {cache.name} has its new container")
        yield from _upstream(context, cache)


def _as_asked(context: ActionContext, cache: OwnCache) -> Iterator[Step]:
    hidden = {name for name, value in cache.environment.items() if isinstance(value, Secret)}
    lines = tuple(traits(context.tree, cache.name, hidden))
    yield _runs_on(cache, *lines)


def _runs_on(cache: OwnCache, *lines: str) -> Step:
    argv = script("cache-as-configured.sh", cache.name, FORM, *lines)
    return wait(
        15, "=as configured", *argv, title=f"verify that cache {cache.name} runs as configured, and keeps running"
    )


def as_before(context: ActionContext, cache: OwnCache) -> Iterator[Step]:
    """In a rollback, verifies a cache that answered before: it answers, continues to run, and has its old volume."""
    container = own_containers(context.observed).get(cache.name)
    mounts = (container.mounts if container else None) or {}
    volumes = volumes_of(context.tree_before, cache.name).items()
    lines = (f"mount {inside}={volume}" for inside, volume in volumes if mounts.get(inside) == volume)
    # a port that docker left dead is cured first, then judged
    yield _back_again(context, cache) if context.action.after_docker_restart else _answers(context, cache)
    yield _runs_on(cache, "state running", *lines)


def _upstream(context: ActionContext, cache: OwnCache) -> Iterator[Step]:
    words = script("cache-upstream.sh", "--compare", cache.name, cache.probe, _repository(cache))
    title = f"verify that the upstream of cache {cache.name} answers"
    if _marked(context, cache):
        yield wait(context.policy.verify_s, "=same", *words, title=f"{title} as before")
    elif "curl" in context.observed.facts.tools and cache.serves == HUB:
        yield run(30, *words, title=title)


def still_there(context: ActionContext) -> Iterator[Step]:
    """After docker's restart: caches that answered before answer again."""
    for cache in context.caches:
        if context.answered(cache):
            yield from _answer(context, cache)
            yield from _as_asked(context, cache)
            if context.action.ways:  # packets of containers to this host pass otherwise than those to elsewhere
                yield from _upstream(context, cache)


def back_again(context: ActionContext) -> Iterator[Step]:
    """After a rollback with a restart of docker: caches that answered before answer again."""
    yield from (_back_again(context, cache) for cache in context.caches if context.answered(cache))


def _back_again(context: ActionContext, cache: OwnCache) -> Step:
    seconds = context.policy.verify_s
    question = answers(cache.probe, context.observed.facts.tools)
    argv = script("cache-answers-again.sh", cache.name, str(seconds), *question)
    return run(seconds + 60, *argv, title=f"wait until cache {cache.name} answers again")


def diagnose(cache: OwnCache) -> Step:
    """Shows people the state of its container and the last lines of its log."""
    argv = script("cache-diagnose.sh", cache.name, *filters(cache.name))
    return run(10, *argv, title=f"show the state of cache {cache.name}")


def _answer(context: ActionContext, cache: OwnCache) -> Iterator[Step]:
    """To the host, and where jobs use it, to a container: two ways, of which a firewall may close one."""
    yield _answers(context, cache)
    if cache in for_jobs(context.host):
        yield from from_container(cache, _config(context), context.observed.facts)
    elif is_loopback(url_of(cache)):
        return
    elif _new_mirror(context, cache):
        yield from told_from_container(cache, _config(context), context.observed.facts)
    if context.action.ways and context.answered(cache):
        facts = context.observed.facts
        for way in asked_from(facts.docker, networks_of(_config(context)), own=True):
            yield still_reached(cache.name, url_of(cache), way, context.action.ways, facts.tools)


def _config(context: ActionContext) -> Tree:
    return context.host.sections.get(ServiceName.GITLAB_RUNNER, {})


def _new_mirror(context: ActionContext, cache: OwnCache) -> bool:
    """Whether the daemon is newly given this cache, on a host where containers can be asked."""
    docker, facts = context.host.sections.get(ServiceName.DOCKER, {}), context.observed.facts
    loaded = facts.docker.mirrors if facts.docker else None
    url = mirrors_of([url_of(cache)])[0]
    return loaded is not None and url in wanted_mirrors(docker) and url not in loaded and "nsenter" in facts.tools


def _answers(context: ActionContext, cache: OwnCache) -> Step:
    question = answers(cache.probe, context.observed.facts.tools)
    return wait(context.policy.verify_s, "ok", *question, title=f"wait until cache {cache.name} answers")


def _repository(cache: OwnCache) -> str:
    return SURE if cache.serves == HUB else _NO_REPOSITORY


def _moves_on(context: ActionContext, cache: OwnCache) -> bool:
    """Whether this very run gives the cache another upstream, whose answers are no matter of before."""
    keys = {
        key_change.key
        for change in context.changes
        if change.new.spec.name == cache.name
        for key_change in change.key_changes
    }
    return ("proxy", "remoteurl") in keys or ("proxy",) in keys
