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
from runnerops.services.registry.observe.containers import filters, ours, twins
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
    now = ActionContext(host, action, changes, observed, request.policy, acting, forced(host, changes, observed))
    acts = action.verb > Verb.VERIFY
    upstreams = tuple(_upstreams(now))
    return ActionSteps(
        guard=(*_guard(now), *unchanged(now)),
        fetch=tuple(_fetch(now)) if acts else (),
        validate=(*_judge(now), *upstreams, *marks(now), *ways_before(now)),
        forward=tuple(_act(now, request.run) if acts else _stand_by(now)),
        rollback=tuple(_rollback(now, request.run) if acts else _swaps_back(now)),
        diagnostics=tuple(diagnose(cache) for cache in now.caches),
        overrides=dict.fromkeys(upstreams, "upstream-down"),
        rollback_checks=tuple(back_again(now)) if action.after_docker_restart else (),
        last=tuple(volumes_go(now)) if request.policy.volumes and NAME in request.host.removed else (),
    )


def _guard(now: ActionContext) -> Iterator[Step]:
    there = ours(now.observed)
    for cache in now.caches:
        if docker_answers(now.observed) and cache.name in there and not twins(cache.name, now.observed):
            argv = ("docker", "ps", "-aq", "--no-trunc", *filters(cache.name))
            yield guard(
                there[cache.name].id, *argv, title=f"check that cache {cache.name} still has the same container"
            )


def _images(now: ActionContext) -> tuple[str, ...]:
    services = {} if NAME in now.host.removed else now.tree.get("services")
    found = (
        (service.get("image") for service in services.values() if isinstance(service, dict))
        if isinstance(services, dict)
        else ()
    )
    return tuple(dict.fromkeys(image.replace("$$", "$") for image in found if isinstance(image, str)))


def _fetch(now: ActionContext) -> Iterator[Step]:
    """Pulls missing images; all of them if Docker starts without its images, which shows that they can be
    pulled then.
    """
    docker = now.observed.facts.docker
    if docker and docker_answers(now.observed):
        missing = (image for image in _images(now) if now.action.new_store or short(image) not in docker.images)
        yield from (run(600, "docker", "pull", "-q", image, title=f"pull {image}") for image in missing)


def _judge(now: ActionContext) -> Iterator[Step]:
    """Validates the file with Compose, and whether Compose can talk to this daemon at all."""
    path = now.path
    if now.composed and now.composed.new.content is not None:
        path = staged_path(path, sha256(now.composed.new.content))
        if now.composed.key_changes and NAME not in now.host.removed:
            yield run(30, *now.compose("config", "-q", path=path), title="let Compose validate its new file")
    if now.action.verb > Verb.VERIFY and own_caches(now.host) and docker_answers(now.observed):
        yield run(30, *now.compose("ps", "-q", path=path), title="check that Compose can talk to docker")


def _upstreams(now: ActionContext) -> Iterator[Step]:
    """A cache starts only if its upstream answers, so this is checked before a running one is stopped."""
    if "upstream-down" in now.policy.allow or "curl" not in now.observed.facts.tools:
        return
    for cache in now.caches:
        if now.ends(cache):
            argv = ("curl", "-sS", "-m", "5", "-o", "/dev/null", f"{cache.upstream.rstrip('/')}/v2/")
            yield wait(10, "ok", *argv, title=f"wait until the upstream of cache {cache.name} answers")


def _act(now: ActionContext, number: int) -> Iterator[Step]:
    yield intend(NAME, now.action.verb, number, now.ids)
    if now.action.new_store or not docker_answers(now.observed):
        for image in _images(now):
            yield run(600, "sh", "-c", PULL, "sh", image, title=f"pull {image} if the host does not have it")
    if not own_caches(now.host) or now.removes_networks:
        yield _down(now)
    if NAME in now.host.removed:
        yield containers_go()
    yield from _swaps(now)
    if own_caches(now.host):
        place = directory(now.host)
        for path in (f"{place}/{cache.config_file}" for cache in own_caches(now.host)):
            yield run(10, "test", "-f", path, title=f"check that {path} exists")
        yield from _taken_away(now, back=False)
        yield from put_aside(now, number)
        names = [cache.name for cache in own_caches(now.host)]
        yield from now.ups(now.forced, names)
    yield from start_again(now)
    yield from verification(now)
    yield Step("complete", (NAME,))


def _down(now: ActionContext) -> Step:
    """Containers and networks are deleted, volumes stay."""
    argv = ("sh", "-c", IF_THERE, "sh", now.path, *now.compose("down"))
    return run(60, *argv, title="take the caches' containers and networks down")


def _taken_away(now: ActionContext, *, back: bool) -> Iterator[Step]:
    """For a Compose that can create containers, but not recreate them. In a rollback the old container stays."""
    there = ours(now.observed)
    for cache in now.caches if cannot_recreate(now.observed.facts) else ():
        keep = there[cache.name].id if back and cache.name in there else NOTHING
        if back or cache.name in there or (now.changes and not docker_answers(now.observed)):
            argv = script("cache-remove-others.sh", keep, *filters(cache.name))
            yield run(60, *argv, title=f"remove the container of cache {cache.name}, which is created again")


def _stand_by(now: ActionContext) -> Iterator[Step]:
    yield from _swaps(now)
    yield from still_there(now)


def _swaps(now: ActionContext) -> Iterator[Step]:
    for change in now.changes:
        yield Step("swap", (change.new.spec.path, sha256(change.old.content), sha256(change.new.content)))


def _swaps_back(now: ActionContext) -> Iterator[Step]:
    for change in now.changes:
        yield Step("swap", (change.new.spec.path, sha256(change.new.content), sha256(change.old.content)))


def _rollback(now: ActionContext, number: int) -> Iterator[Step]:
    """Restores the old state. Caches that this run started for the first time are deleted; volumes stay."""
    yield from stop_again(now)
    before = now.observed.file(now.path).kind == "file"
    known = docker_answers(now.observed)
    if not before or (known and not ours(now.observed)):
        yield _down(now)
        yield from _swaps_back(now)
    else:
        if now.removes_networks:
            yield _down(now)
        yield from _swaps_back(now)
        yield from _ups_back(now, known)
        for cache in now.caches:
            if now.answered(cache):
                yield from as_before(now, cache)
        yield from answer_again(now) if NAME in now.host.removed else ()
    yield from brought_back(now, number)
    intent = now.observed.intent_for(NAME)
    due = intent is not None and (not intent.invocation or set(intent.invocation.split(",")) & set(now.ids.split(",")))
    yield restore_intent(NAME, intent if due else None)


def _ups_back(now: ActionContext, known: bool) -> Iterator[Step]:
    """Starts caches that worked before. Others may fail again, which would fail the rollback too."""
    there = ours(now.observed)
    broken = {cache.name for cache in own_caches(now.host) if cache.name in there and not works(cache, now.observed)}
    alive = [name for name in there if name not in broken]
    if broken and known and not alive:
        return
    forced = [name for name in now.forced if name in alive]
    steps = (
        *_taken_away(now, back=True),
        *now.ups(forced, only=alive if broken and known else ()),
    )
    for step in steps:
        argv = ("sh", "-c", IF_DOCKER, "sh", *step.args[1:])
        yield step if known else run(int(step.args[0]), *argv, title=f"{step.title}, if docker runs")
