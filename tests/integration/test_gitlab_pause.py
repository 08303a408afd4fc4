"""Runners that a deploy pauses in GitLab while their host drains them, and whoever is cut off meanwhile.

GitLab is a stand-in over HTTP on loopback, the host one that keeps the records that it is given.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runnerops.errors import GitlabError
from runnerops.gitlab.client import GitlabClient
from runnerops.gitlab.pausing import pause, unpause
from tests.lab.gitlab import GitLab, open_gitlab
from tests.lab.gitlab_api import Answer

API = "glpat-canary-of-the-api"
REFUSED = {"error": "insufficient_scope", "error_description": "glrt-canary is not welcome"}


@pytest.fixture(name="gitlab")
def fixture_gitlab() -> Iterator[GitLab]:
    with open_gitlab() as gitlab:
        gitlab.api_tokens.add(API)
        yield gitlab


@pytest.fixture(autouse=True)
def _fixture_hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runnerops.gitlab.calls.PAUSES", (0.0, 0.0, 0.0))


FAULTS = [
    *((Answer(0), 1), (Answer(0), 9), (Answer(429), 1), (Answer(429), 9), (Answer(500), 1), (Answer(500), 9)),
    *((Answer(401, REFUSED), 9), (Answer(403, REFUSED), 9), (Answer(404, REFUSED), 9), (Answer(200, "<html>"), 9)),
]
"""An answer that comes in place of the right one, after what was asked for was carried out, and how often."""


def test_a_runner_is_paused_and_unpaused_and_keeps_its_jobs(gitlab: GitLab) -> None:
    client = GitlabClient(gitlab.url, API)
    runner = gitlab.runner("glrt-one")
    job = gitlab.start(token="glrt-one")
    job.state = "running"
    assert pause(client, runner.id)
    assert gitlab.runner("glrt-one").paused
    assert client.running_jobs(runner.id, "s_0123456789ab") == 1
    assert not pause(client, runner.id)  # somebody else's
    unpause(client, runner.id)
    assert not gitlab.runner("glrt-one").paused
    unpause(client, runner.id)
    gitlab.discard(runner)
    unpause(client, runner.id)


@pytest.mark.parametrize(("fault", "times"), FAULTS, ids=lambda value: str(getattr(value, "status", value)))
@pytest.mark.parametrize("calls", [("PUT /runners",), ("GET /runners",), ("PUT /runners", "GET /runners")], ids=str)
@pytest.mark.parametrize("paused", [True, False])
def test_it_is_done_where_no_error_says_otherwise(
    gitlab: GitLab, fault: Answer, times: int, calls: tuple[str, ...], paused: bool
) -> None:
    client = GitlabClient(gitlab.url, API)
    runner = gitlab.runner("glrt-one")
    runner.paused = not paused
    gitlab.faults_at = {one: [fault] * times for one in calls}
    told = ""
    try:
        (pause if paused else unpause)(client, runner.id)
    except GitlabError as error:
        told = f"{error.message} {error.hint}"
    assert "canary" not in told
    assert told or runner.paused is paused or fault.status == 404
