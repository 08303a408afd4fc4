"""Notes on a host's gitlab-runner in a plan. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runnerops.model.host_state import HostState
from runnerops.model.inventory import RenderedFile
from runnerops.model.plan import Action
from runnerops.services.gitlab_runner.action import count, stopped
from runnerops.services.gitlab_runner.reconcile.tokens import replaced
from runnerops.services.gitlab_runner.rotation import pending


def remarks(rendered: Sequence[RenderedFile], actions: Sequence[Action], observed: HostState) -> Iterable[str]:
    """Tokens that the runner has replaced; a drain that an earlier run began."""
    yield from replaced(rendered, observed)
    for name in pending(observed):
        yield f"runner {name}: it got a new token from GitLab (`runnerops rotate`), which is now written into config.toml"
    yield from _draining(actions, observed)


def _draining(actions: Sequence[Action], observed: HostState) -> Iterator[str]:
    runner = observed.facts.runner
    if runner is None or not runner.returning:
        return
    if stopped(actions):
        yield "gitlab-runner is still draining for an earlier run; this run waits for its last job, then starts it"
    else:
        jobs = count(runner.draining)
        yield f"gitlab-runner is still draining for an earlier run ({jobs}), and starts by itself after its last job"
