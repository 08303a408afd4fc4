"""What is worth a word about a host's gitlab-runner, though it stops nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runnerops.model.host_state import HostState
from runnerops.model.inventory import RenderedFile
from runnerops.model.plan import Action
from runnerops.services.gitlab_runner.action import count, stopped
from runnerops.services.gitlab_runner.reconcile.tokens import replaced
from runnerops.services.gitlab_runner.rotation import pending


def remarks(rendered: Sequence[RenderedFile], actions: Sequence[Action], observed: HostState) -> Iterable[str]:
    """Tokens that the runner replaced; a drain that an earlier run began."""
    yield from replaced(rendered, observed)
    for name in pending(observed):
        yield f"runner {name}: GitLab gave it a new token (`runnerops rotate`), which config.toml gets now"
    yield from _draining(actions, observed)


def _draining(actions: Sequence[Action], observed: HostState) -> Iterator[str]:
    runner = observed.facts.runner
    if runner is None or not runner.returning:
        return
    if stopped(actions):
        yield "gitlab-runner drains already, for an earlier run: this one waits for its last job, and starts it"
    else:
        jobs = count(runner.draining)
        yield f"gitlab-runner drains for an earlier run ({jobs}) and starts by itself after its last job; left to that"
