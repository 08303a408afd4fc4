"""A fault at each call of a deploy that creates, renames, configures, pauses and deletes runners in GitLab.

The deploy is first done without a fault, to find out its calls. Then it is repeated for each call with each fault. Faults
of the connection come over HTTP. Otherwise the stand-in for GitLab is called directly, because that is cheaper.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from functools import partial

import pytest

from runnerops.engine.options import Flags
from runnerops.gitlab.calls import TIMEOUT_SECONDS
from runnerops.gitlab.client import GitlabClient
from runnerops.model.common import Result
from tests.integration.conftest import API
from tests.integration.gitlab_creating import World
from tests.integration.gitlab_direct import DirectClient
from tests.integration.gitlab_faults import FAULTS
from tests.lab.gitlab import GitLab, open_gitlab
from tests.lab.gitlab_api import OWN, Answer

FLAGS = Flags({"drop-runner": frozenset({""})}, drain_s=0)
MINE = "s_0123456789ab"
OVER_HTTP = ("cut, once", "cut", "429, once", "slow")
CALLS = {
    "GET /groups/N/runners$",
    "POST /runners/verify$",
    "GET /runners/N$",
    "GET /runners/N/managers$",
    "GET /runners/N/jobs$",
    "POST /user/runners$",
    "PUT /runners/N$",
    "DELETE /runners/N$",
}
"""All that such a deploy asks."""


def at_work(gitlab: GitLab) -> World:
    """Runners `one` and `two` are there, and in GitLab one of a deploy that nobody saw the end of. From now on `one` is to be
    called `uno`, `two` to go and `other` to come, and the runner's process to listen elsewhere."""
    gitlab.api_tokens.add(API)
    world = World(gitlab, names=("one", "two"), flags=FLAGS)
    assert world.deploy().result is Result.APPLIED
    gitlab.managers |= {MINE: "online"}
    world.names, world.machine.end = ("one", "two", "other"), "needs-attention"
    assert world.deploy().result is Result.NEEDS_ATTENTION
    world.names, world.was, world.machine.end = ("uno", "other"), {"uno": "one"}, "applied"
    world.settings = {"uno": {"description": "the first one"}}
    world.port, world.busy = 2, True
    gitlab.requests.clear()
    return world


@pytest.fixture(autouse=True)
def _fixture_hasty(monkeypatch: pytest.MonkeyPatch, no_pauses: None) -> None:  # noqa: ARG001
    monkeypatch.setattr("runnerops.engine.gitlab.deletions.POLL_SECONDS", 0.01)


def calls(world: World) -> list[tuple[str, int]]:
    """Those of a deploy that meets no fault, each with how often it was made by then."""
    seen: Counter[str] = Counter()
    items = []
    assert world.deploy().result is Result.APPLIED
    for method, path in world.gitlab.requests:
        call = f"{method} {path.removeprefix('/api/v4')}$"
        seen[call] += 1
        items.append((call, seen[call]))
    world.busy = False
    assert world.agrees()
    return items


def still_paused(world: World) -> bool:
    """In GitLab, or as its host has it on record."""
    return bool(world.machine.paused) or any(runner.paused for runner in world.gitlab.created)


@pytest.fixture(name="again")
def fixture_again() -> Iterator[Callable[[], World]]:
    """Gives that world as often as it is called; what became of the one before leaves no trace."""
    with open_gitlab() as gitlab:
        made = at_work(gitlab)
        restore = gitlab.snapshot()

        def again() -> World:
            restore()
            gitlab.requests.clear()
            return replace(made, machine=deepcopy(made.machine))

        yield again


@pytest.mark.parametrize("name", FAULTS)
def test_whatever_one_call_is_answered_with_the_next_deploy_makes_both_agree(
    again: Callable[[], World], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault, times = FAULTS[name]
    met = 0
    use = partial(monkeypatch.setattr, "runnerops.gitlab.client.GitlabClient")
    directly = partial(DirectClient, again().gitlab)
    over_http = partial(GitlabClient, seconds=0.5 if fault.late_s else TIMEOUT_SECONDS)
    use(directly)
    pairs = calls(again())
    kinds = {re.sub(r"\d+", "N", call) for call, _ in pairs}
    assert kinds == CALLS
    for call, number in pairs:
        world = again()
        faults = [*[Answer(OWN)] * (number - 1), *[fault] * times]
        world.gitlab.faults_at = {call: faults}
        use(over_http if name in OVER_HTTP else directly)
        outcome = world.deploy()
        use(directly)
        met += len(faults) < number - 1 + times
        where = f"{call} {number}: {outcome}"
        assert outcome.result in {Result.APPLIED, Result.FAILED, Result.REFUSED}, where
        texts = (outcome.message, *outcome.diagnostics, *(blocker.message for blocker in outcome.blockers))
        assert outcome.result is Result.APPLIED or any(texts), where
        world.gitlab.faults_at, world.busy = {}, False
        world.deploy()
        assert world.agrees(), (where, world.plan()[1].plan.notes)
        if still_paused(world):  # by a call that failed after the run: the next deploy but one sees to it
            world.deploy()
        assert not still_paused(world), where
    assert met == len(pairs)
