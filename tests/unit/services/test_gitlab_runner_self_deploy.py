"""A runner is not restarted from a CI job that it runs itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnerops.engine.requester import find_job
from runnerops.model.common import ServiceName, Verb
from runnerops.model.facts import RunnerFacts
from runnerops.model.inventory import CiJob, Policy
from runnerops.model.plan import Action, Blocker
from runnerops.services import GITLAB_RUNNER
from tests.unit.services.runner_builders import BUSY, HOST, NOW, TOKEN, config, observed, runner

SERVER = "https://gitlab.example.com"
SHORT = TOKEN.removeprefix("glrt-")[:9]
RESTART = Action(ServiceName.GITLAB_RUNNER, Verb.RESTART)
DOCKER = Action(ServiceName.DOCKER, Verb.RESTART)
IDLE = RunnerFacts(NOW)


def blockers(job: CiJob | None, action: Action = RESTART, facts: RunnerFacts = IDLE, **keys: object) -> list[Blocker]:
    state = observed(config(runner(**keys)), facts)
    found = GITLAB_RUNNER.blockers(HOST, (), (action,), state, Policy(job=job))
    return [blocker for blocker in found if blocker.code == "self-deploy"]


@pytest.mark.parametrize(
    ("job", "guarded"),
    [
        (None, False),
        (CiJob("7"), True),  # a container's label
        (CiJob("4711"), True),  # a process's environment
        (CiJob("8"), False),
        (CiJob("8", SERVER, 0, SHORT), True),
        (CiJob("8", "HTTPS://GitLab.example.com/", 0, SHORT), True),
        (CiJob("8", "https://gitlab.example.org", 0, SHORT), False),
        (CiJob("8", "", 0, SHORT), False),
        (CiJob("8", SERVER, 0, "bbbbbbbb"), False),
        (CiJob("8", SERVER, 0, SHORT[:3]), False),
        (CiJob("8", SERVER, 0, ""), False),
        (CiJob("8", SERVER, 5), True),
        (CiJob("8", SERVER, 6), False),
        (CiJob("8", "https://gitlab.example.org", 5), False),
    ],
)
def test_a_job_is_recognised_by_its_runners_id_and_server(job: CiJob | None, guarded: bool) -> None:
    busy = replace(BUSY, job_ids=frozenset({"4711"}))
    assert bool(blockers(job, RESTART, busy, id=5)) is guarded


def test_a_file_written_from_a_token_alone_has_no_id_and_none_is_no_id() -> None:
    assert not blockers(CiJob("8", SERVER, 0), id=0)
    assert not blockers(CiJob("8", SERVER, 0))


@pytest.mark.parametrize(
    ("action", "facts", "guarded"),
    [
        (RESTART, IDLE, True),
        (DOCKER, IDLE, True),
        (replace(RESTART, verb=Verb.RELOAD), IDLE, False),
        (replace(DOCKER, verb=Verb.RELOAD), IDLE, False),
        (RESTART, RunnerFacts(replace(NOW, active="inactive", pid=0)), False),
        (
            DOCKER,
            RunnerFacts(replace(NOW, active="not-found", pid=0), unmanaged_runners=("process 5 in a container",)),
            True,
        ),
    ],
)
def test_a_job_may_not_restart_the_runner_that_runs_it(action: Action, facts: RunnerFacts, guarded: bool) -> None:
    """Docker's restart too: it ends the jobs of a runner that is a container, or that no unit runs."""
    assert bool(blockers(CiJob("8", SERVER, 5), action, facts, id=5)) is guarded


def test_it_says_what_would_restart_why_and_which_setting_mends_it() -> None:
    (by_job,) = blockers(CiJob("7"), DOCKER, BUSY)
    (by_token,) = blockers(CiJob("8", SERVER, 0, SHORT))
    assert "docker would restart under the job" in by_job.message
    assert "job 7 runs there" in by_job.message
    assert "is of the runner one" in by_token.message
    for blocker in (by_job, by_token):
        assert "instance runners" in blocker.message
        assert (blocker.overridable, blocker.only_here) == (False, True)
        assert TOKEN not in blocker.message


def test_the_variables_that_identify_a_job() -> None:
    assert find_job({"GITLAB_CI": "true"}) is None
    assert find_job({"CI_JOB_ID": "7"}) == CiJob("7")
    answers = {"CI_JOB_ID": "7", "CI_SERVER_URL": SERVER, "CI_RUNNER_ID": "5", "CI_RUNNER_SHORT_TOKEN": SHORT}
    assert find_job(answers) == CiJob("7", SERVER, 5, SHORT)
    assert find_job({**answers, "CI_RUNNER_ID": "x"}) == CiJob("7", SERVER, 0, SHORT)
