"""The daemon's action, with what a restart would do to containers: which continue, which come back, and which do not.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from runnerops.model.common import Verb
from runnerops.model.facts import Container
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, Policy
from runnerops.model.plan import Action, Change
from runnerops.services.docker.action import daemon_action
from runnerops.services.docker.action.context import ActionContext, scene

_JOB = "com.gitlab.gitlab-runner."
_PROJECT = "com.docker.compose.project"
GUEST = "runnerops.verify"
"""The label of containers that runnerops starts to ask from; they are gone after a minute (`pull-test.sh`,
`containers-reach.sh`).
"""


def minimal_action(host: Host, changes: Sequence[Change], observed: HostState, policy: Policy) -> Action | None:
    """The least action that suffices. A restart names the running containers."""
    action = daemon_action(host, changes, observed, policy)
    if action is None or action.verb < Verb.RESTART:
        return action
    context = scene(host, action, changes, observed, policy)
    return replace(action, containers=touched(context), new_store=bool(context.switches))


def touched(context: ActionContext) -> Mapping[str, tuple[str, ...]]:
    """Names of running containers, by what becomes of them. Kinds without containers are left out."""
    by_fate: dict[str, tuple[str, ...]] = {}
    for container in context.docker.containers if context.restarts else ():
        if container.running:
            kind = _fate(container, context)
            by_fate[kind] = (*by_fate.get(kind, ()), container.name)
    return by_fate


def _fate(container: Container, context: ActionContext) -> str:
    if of_job(container):
        return "jobs"
    if context.switches:
        return "vanish"
    if context.keeps_containers:
        return "keep_running"
    return "come_back" if comes_back(container) else "end"


def comes_back(container: Container) -> bool:
    """Whether Docker starts the container again. With `on-failure`, it does not start one that ends well when it is
    told to end.
    """
    return container.restart in {"always", "unless-stopped"}


def of_job(container: Container) -> bool:
    """Whether this is the container of a CI job. It ends with its job, whatever its restart policy is."""
    return any(label.startswith(_JOB) for label in container.labels)


def is_ours(container: Container) -> bool:
    """Whether this is a cache of this project, or a container that runnerops started to ask from."""
    return container.labels.get(_PROJECT) == "runnerops" or GUEST in container.labels
