"""How gitlab-runner stands on a host. Pure."""

from __future__ import annotations

from runnerops.model.common import ABSENT
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.services.gitlab_runner.action import count
from runnerops.services.gitlab_runner.format import NAME
from runnerops.services.gitlab_runner.paths import config_path
from runnerops.services.status import Standing


def standing(host: Host, have: HostState) -> Standing | None:
    """Its unit, its jobs, and runners beside it."""
    managed, runner = NAME in host.sections, have.facts.runner
    path = config_path(have)
    left = () if managed or have.applied.get(path, ABSENT) == ABSENT else (path,)
    if runner is None:
        return Standing(NAME, managed, "", "not there", not managed, (), left) if managed or left else None
    words = [count(runner.jobs)] if runner.lives or runner.jobs else []
    words += ["draining, starts by itself after its last job"] if runner.returning else []
    words += [f"a runner beside the unit: {stranger}" for stranger in runner.strangers]
    return Standing(NAME, managed, runner.version, runner.unit.active, runner.lives, tuple(words), left)
