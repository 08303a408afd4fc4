"""Verifies that containers still reach caches of other hosts after a restart with other network rules. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.common import ServiceName
from runnerops.model.steps import Step
from runnerops.services.docker.action.context import ActionContext
from runnerops.services.docker.schema import wanted_mirrors
from runnerops.services.shared.job_services import networks_of, urls_given
from runnerops.services.shared.ways import asked_from, reached, still_reached


def ways_before(now: ActionContext) -> Iterator[Step]:
    """Records the state before any swap."""
    for name, url in _far_caches(now):
        for way in _ways(now):
            yield reached(name, url, way, now.observed.facts.tools)


def ways_after(now: ActionContext) -> Iterator[Step]:
    """Leaves out the host's own caches, which may start later; their phase checks them."""
    for name, url in _far_caches(now):
        for way in _ways(now):
            yield still_reached(name, url, way, now.action.ways, now.observed.facts.tools)


def _ways(now: ActionContext) -> tuple[str, ...]:
    jobs = networks_of(now.host.sections.get(ServiceName.GITLAB_RUNNER, {}))
    return asked_from(now.docker, jobs, own=False)


def _far_caches(now: ActionContext) -> Iterator[tuple[str, str]]:
    """The caches that the daemon or the jobs use: a name for the note, and the URL."""
    used = {*wanted_mirrors(now.desired), *urls_given(now.host.sections.get(ServiceName.GITLAB_RUNNER, {}))}
    for cache in now.host.caches if now.action.ways and now.up else ():
        if cache.host != now.host.name and cache.url.rstrip("/") in {url.rstrip("/") for url in used}:
            yield f"{cache.host}.{cache.name}", cache.url
