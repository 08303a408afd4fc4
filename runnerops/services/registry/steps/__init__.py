"""The registry phase of a run: pull, swap, `up -d`, verify, and its rollback. Pure.

A container is verified by its answer and by the checksum in its label. Compose 1 and 2 are called in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.common import Verb
from runnerops.model.host_state import sha256
from runnerops.model.steps import ActionSteps, Step
from runnerops.services.base import ActionRequest
from runnerops.services.registry.action import forced, touched
from runnerops.services.registry.action.compose import cannot_recreate
from runnerops.services.registry.action.reasons import works
from runnerops.services.registry.caches import directory, own_caches
from runnerops.services.registry.caches.image import short
from runnerops.services.registry.format import NAME
from runnerops.services.registry.observe.containers import filters, own_containers, twins
from runnerops.services.registry.steps.context import ActionContext
from runnerops.services.registry.steps.removal import answer_again, containers_go, volumes_go
from runnerops.services.registry.steps.take_over import brought_back, put_aside, start_again, stop_again, unchanged
from runnerops.services.registry.steps.verify import (
    as_before,
    back_again,
    diagnose,
    marks,
    still_there,
    verification,
    ways_before,
)
from runnerops.services.scripts import script
from runnerops.services.shared.daemon import docker_answers
from runnerops.services.steps import NOTHING, guard, intend, restore_intent, run, staged_path, wait

PULL = 'docker image inspect "$1" >/dev/null 2>&1 || docker pull -q "$1"'
"""For a daemon that was down at the observation, or that has started with another store."""

IF_THERE = 'f=$1; shift; [ ! -e "$f" ] || exec "$@"'
"""In a rollback: a command that needs this file, if the run has come so far as to write it."""

IF_DOCKER = 'docker version >/dev/null 2>&1 || exit 0; exec "$@"'
"""In a rollback to a host whose daemon was down, which may be down again."""


def action_steps(request: ActionRequest) -> ActionSteps:
    """Images are pulled and files validated first; `up -d` never pulls."""
    host, action, changes, observed = request.host, request.action, request.changes, request.observed
    acting = touched(host, action, changes, observed)
    context = ActionContext(host, action, changes, observed, request.policy, acting, forced(host, changes, observed))
    acts = action.verb > Verb.VERIFY
    upstreams = tuple(_upstreams(context))
    return ActionSteps(
        guard=(*_guard(context), *unchanged(context)),
        fetch=tuple(_fetch(context)) if acts else (),
        validate=(*_judge(context), *upstreams, *marks(context), *ways_before(context)),
        forward=tuple(_act(context, request.run) if acts else _stand_by(context)),
        rollback=tuple(_rollback(context, request.run) if acts else _swaps_back(context)),
        diagnostics=tuple(diagnose(cache) for cache in context.caches),
        overrides=dict.fromkeys(upstreams, "upstream-down"),
        rollback_checks=tuple(back_again(context)) if action.after_docker_restart else (),
        last=tuple(volumes_go(context)) if request.policy.volumes and NAME in request.host.removed else (),
    )


def _guard(context: ActionContext) -> Iterator[Step]:
    containers = own_containers(context.observed)
    for cache in context.caches:
        if docker_answers(context.observed) and cache.name in containers and not twins(cache.name, context.observed):
            argv = ("docker", "ps", "-aq", "--no-trunc", *filters(cache.name))
            yield guard(
                containers[cache.name].id, *argv, title=f"check that cache {cache.name} still has the same container"
            )


def _images(context: ActionContext) -> tuple[str, ...]:
    services = {} if NAME in context.host.removed else context.tree.get("services")
    image_names = (
        (service.get("image") for service in services.values() if isinstance(service, dict))
        if isinstance(services, dict)
        else ()
    )
    return tuple(dict.fromkeys(image.replace("$$", "$") for image in image_names if isinstance(image, str)))


def _fetch(context: ActionContext) -> Iterator[Step]:
    """Pulls missing images; all of them if Docker starts without its images, which shows that they can be
    pulled then.
    """
    docker = context.observed.facts.docker
    if docker and docker_answers(context.observed):
        missing = (image for image in _images(context) if context.action.new_store or short(image) not in docker.images)
        yield from (run(600, "docker", "pull", "-q", image, title=f"pull {image}") for image in missing)


def _judge(context: ActionContext) -> Iterator[Step]:
    """Validates the file with Compose, and whether Compose can talk to this daemon at all."""
    path = context.path
    if context.composed and context.composed.new.content is not None:
        path = staged_path(path, sha256(context.composed.new.content))
        if context.composed.key_changes and NAME not in context.host.removed:
            yield run(30, *context.compose("config", "-q", path=path), title="let Compose validate its new file")
    if context.action.verb > Verb.VERIFY and own_caches(context.host) and docker_answers(context.observed):
        yield run(30, *context.compose("ps", "-q", path=path), title="check that Compose can talk to docker")


def _upstreams(context: ActionContext) -> Iterator[Step]:
    """A cache starts only if its upstream answers, so this is checked before a running one is stopped."""
    if "upstream-down" in context.policy.allow or "curl" not in context.observed.facts.tools:
        return
    for cache in context.caches:
        if context.ends(cache):
            argv = ("curl", "-sS", "-m", "5", "-o", "/dev/null", f"{cache.upstream.rstrip('/')}/v2/")
            yield wait(10, "ok", *argv, title=f"wait until the upstream of cache {cache.name} answers")


def _act(context: ActionContext, number: int) -> Iterator[Step]:
    yield intend(NAME, context.action.verb, number, context.ids)
    if context.action.new_store or not docker_answers(context.observed):
        for image in _images(context):
            yield run(600, "sh", "-c", PULL, "sh", image, title=f"pull {image} if the host does not have it")
    if not own_caches(context.host) or context.removes_networks:
        yield _down(context)
    if NAME in context.host.removed:
        yield containers_go()
    yield from _swaps(context)
    if own_caches(context.host):
        place = directory(context.host)
        for path in (f"{place}/{cache.config_file}" for cache in own_caches(context.host)):
            yield run(10, "test", "-f", path, title=f"check that {path} exists")
        yield from _taken_away(context, back=False)
        yield from put_aside(context, number)
        names = [cache.name for cache in own_caches(context.host)]
        yield from context.ups(context.forced, names)
    yield from start_again(context)
    yield from verification(context)
    yield Step("complete", (NAME,))


def _down(context: ActionContext) -> Step:
    """Containers and networks are deleted, volumes stay."""
    argv = ("sh", "-c", IF_THERE, "sh", context.path, *context.compose("down"))
    return run(60, *argv, title="take the caches' containers and networks down")


def _taken_away(context: ActionContext, *, back: bool) -> Iterator[Step]:
    """For a Compose that can create containers, but not recreate them. In a rollback the old container stays."""
    containers = own_containers(context.observed)
    for cache in context.caches if cannot_recreate(context.observed.facts) else ():
        keep = containers[cache.name].id if back and cache.name in containers else NOTHING
        if back or cache.name in containers or (context.changes and not docker_answers(context.observed)):
            argv = script("cache-remove-others.sh", keep, *filters(cache.name))
            yield run(60, *argv, title=f"remove the container of cache {cache.name}, which is created again")


def _stand_by(context: ActionContext) -> Iterator[Step]:
    yield from _swaps(context)
    yield from still_there(context)


def _swaps(context: ActionContext) -> Iterator[Step]:
    for change in context.changes:
        yield Step("swap", (change.new.spec.path, sha256(change.old.content), sha256(change.new.content)))


def _swaps_back(context: ActionContext) -> Iterator[Step]:
    for change in context.changes:
        yield Step("swap", (change.new.spec.path, sha256(change.new.content), sha256(change.old.content)))


def _rollback(context: ActionContext, number: int) -> Iterator[Step]:
    """Restores the old state. Caches that this run started for the first time are deleted; volumes stay."""
    yield from stop_again(context)
    before = context.observed.file(context.path).kind == "file"
    docker_answered = docker_answers(context.observed)
    if not before or (docker_answered and not own_containers(context.observed)):
        yield _down(context)
        yield from _swaps_back(context)
    else:
        if context.removes_networks:
            yield _down(context)
        yield from _swaps_back(context)
        yield from _ups_back(context, docker_answered)
        for cache in context.caches:
            if context.answered(cache):
                yield from as_before(context, cache)
        yield from answer_again(context) if NAME in context.host.removed else ()
    yield from brought_back(context, number)
    intent = context.observed.intent_for(NAME)
    due = intent is not None and (
        not intent.invocation or set(intent.invocation.split(",")) & set(context.ids.split(","))
    )
    yield restore_intent(NAME, intent if due else None)


def _ups_back(context: ActionContext, docker_answered: bool) -> Iterator[Step]:
    """Starts caches that worked before. Others may fail again, which would fail the rollback too."""
    containers = own_containers(context.observed)
    broken = {
        cache.name
        for cache in own_caches(context.host)
        if cache.name in containers and not works(cache, context.observed)
    }
    alive = [name for name in containers if name not in broken]
    if broken and docker_answered and not alive:
        return
    forced = [name for name in context.forced if name in alive]
    steps = (
        *_taken_away(context, back=True),
        *context.ups(forced, only=alive if broken and docker_answered else ()),
    )
    for step in steps:
        argv = ("sh", "-c", IF_DOCKER, "sh", *step.args[1:])
        yield step if docker_answered else run(int(step.args[0]), *argv, title=f"{step.title}, if docker runs")
