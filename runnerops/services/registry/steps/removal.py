"""Steps of a removal of caches: what Compose leaves goes too, and what answered before answers after a
rollback. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.steps import Step
from runnerops.services.registry.reconcile.remove import volumes
from runnerops.services.registry.steps.context import ActionContext
from runnerops.services.scripts import script
from runnerops.services.shared.brought_up import PROJECT, PROJECT_LABEL
from runnerops.services.steps import NOTHING, answers, run, wait


def containers_go() -> Step:
    """Deletes all containers of our project, including those that are not in the Compose file."""
    argv = script("cache-remove-others.sh", NOTHING, "--filter", f"label={PROJECT_LABEL}={PROJECT}")
    return run(60, *argv, title="remove the containers of caches that are left")


def volumes_go(context: ActionContext) -> Iterator[Step]:
    """Steps that remove volumes of caches, with all that they hold."""
    for name in volumes(context.observed):
        yield run(60, *script("cache-remove-volume.sh", name), title=f"remove volume {name}, unless it is in use")


def answer_again(context: ActionContext) -> Iterator[Step]:
    """In a rollback: the caches that were to be removed, and answered before."""
    registry = context.observed.facts.registry
    for cache in context.host.caches:
        if cache.host == context.host.name and registry and registry.answers.get(cache.url.rstrip("/")):
            argv = answers(cache.url, context.observed.facts.tools)
            yield wait(context.policy.verify_s, "ok", *argv, title=f"wait until cache {cache.name} answers")
