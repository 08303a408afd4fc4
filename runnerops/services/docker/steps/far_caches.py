"""Verifies that containers still reach caches of other hosts after a restart with other network rules. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.common import ServiceName
from runnerops.model.steps import Step
from runnerops.services.docker.action.context import ActionContext
from runnerops.services.docker.schema import wanted_mirrors
from runnerops.services.shared.job_services import networks_of, urls_given
from runnerops.services.shared.ways import asked_from, reached, still_reached


def ways_before(context: ActionContext) -> Iterator[Step]:
    """Records the state before any swap."""
    for name, url in _far_caches(context):
        for source in _ways(context):
            yield reached(name, url, source, context.observed.facts.tools)


def ways_after(context: ActionContext) -> Iterator[Step]:
    """Leaves out the host's own caches, which may start later; their phase checks them."""
    for name, url in _far_caches(context):
        for source in _ways(context):
            yield still_reached(name, url, source, context.action.ways, context.observed.facts.tools)


def _ways(context: ActionContext) -> tuple[str, ...]:
    jobs = networks_of(context.host.sections.get(ServiceName.GITLAB_RUNNER, {}))
    return asked_from(context.docker, jobs, own=False)


def _far_caches(context: ActionContext) -> Iterator[tuple[str, str]]:
    """The caches that the daemon or the jobs use: a name for the note, and the URL."""
    used = {*wanted_mirrors(context.desired), *urls_given(context.host.sections.get(ServiceName.GITLAB_RUNNER, {}))}
    for cache in context.host.caches if context.action.ways and context.up else ():
        if cache.host != context.host.name and cache.url.rstrip("/") in {url.rstrip("/") for url in used}:
            yield f"{cache.host}.{cache.name}", cache.url
