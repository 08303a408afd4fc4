"""What is worth a word about a host's gitlab-runner, though it stops nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runnerops.model.host_state import HostState
from runnerops.model.inventory import RenderedFile
from runnerops.model.plan import Action
from runnerops.services.gitlab_runner.action import count, rested
from runnerops.services.gitlab_runner.tokens import replaced


def remarks(asked: Sequence[RenderedFile], actions: Sequence[Action], have: HostState) -> Iterable[str]:
    """Tokens that the runner replaced; a drain that an earlier run began."""
    yield from replaced(asked, have)
    yield from _draining(actions, have)


def _draining(actions: Sequence[Action], have: HostState) -> Iterator[str]:
    runner = have.facts.runner
    if runner is None or not runner.returning:
        return
    if rested(actions):
        yield "gitlab-runner drains already, for an earlier run: this one waits for its last job, and starts it"
    else:
        jobs = count(runner.draining)
        yield f"gitlab-runner drains for an earlier run ({jobs}) and starts by itself after its last job; left to that"
