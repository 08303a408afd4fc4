"""Verifies, before the file is swapped, caches that jobs will newly use. Without an answer, pulls would bypass the
cache. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runnerops.model.common import ServiceName
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.model.plan import Change
from runnerops.model.steps import Step
from runnerops.services.gitlab_runner.format import read
from runnerops.services.registry.caches import own_caches
from runnerops.services.registry.caches.reach import from_container, started_by_jobs
from runnerops.services.registry.observe.containers import own_containers
from runnerops.services.shared.job_services import urls_given
from runnerops.services.steps import answers, wait


def own_caches_new_to_jobs(host: Host, changes: Sequence[Change], observed: HostState) -> Iterator[Step]:
    """The host's own caches that jobs will newly use and that answer the host. The phase of the caches verifies one
    that this run starts.
    """
    registry = observed.facts.registry
    for change in changes:
        caches = started_by_jobs(own_caches(host), read(change.old.content))
        config = read(change.new.content)
        for cache in started_by_jobs(own_caches(host), config):
            if (
                cache not in caches
                and registry
                and registry.answers.get(cache.probe)
                and cache.name in own_containers(observed)
            ):
                yield from from_container(cache, config, observed.facts)


def far_caches_new_to_jobs(host: Host, changes: Sequence[Change], observed: HostState) -> Iterator[Step]:
    """Other hosts' caches that jobs will newly use. If there is a `docker` section, the docker phase verifies its
    mirrors.
    """
    if ServiceName.DOCKER in host.sections:
        return
    for change in changes:
        new = urls_given(read(change.new.content)) - urls_given(read(change.old.content))
        for cache in host.caches:
            if cache.host != host.name and cache.url in new:
                question = answers(cache.url, observed.facts.tools)
                yield wait(10, "ok", *question, title=f"wait until the cache {cache.url} answers")
