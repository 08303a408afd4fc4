"""What gitlab-runner does for a change, and what is not done unasked."""

from __future__ import annotations

import pytest

from runnerops.model import (
    Action,
    Change,
    Container,
    DockerFacts,
    Facts,
    Host,
    HostState,
    Owed,
    Policy,
    RunnerFacts,
    ServiceName,
    Tree,
    Unit,
    Verb,
)
from runnerops.services import gitlab_runner as service
from tests.unit.services.runner_builders import (
    BUSY,
    HOST,
    NOW,
    OTHER,
    OWED,
    POLICY,
    STOPPED,
    change,
    config,
    have,
    runner,
)


def act(
    old: Tree | None, new: Tree, facts: RunnerFacts | None = None, owed: tuple[Owed, ...] = (), policy: Policy = POLICY
) -> Action | None:
    found = change(old, new)
    return service.choose(HOST, found if found[0].edits else (), have(old, facts, owed), policy, ())


@pytest.mark.parametrize(
    ("old", "new", "facts", "owed", "verb", "because"),
    [
        (config(), config(), None, (), None, ()),
        (config(), config(concurrent=8), None, (), Verb.RELOAD, ("concurrent",)),
        (config(), config(log_level="debug"), None, (), Verb.RELOAD, ("log_level",)),
        (config(), config(listen_address=":9252"), None, (), Verb.RESTART, ("listen_address",)),
        (
            config(),
            config(session_server={"session_timeout": 60}),
            None,
            (),
            Verb.RESTART,
            ("session_server.session_timeout",),
        ),
        (config(), config(), None, (OWED,), Verb.RELOAD, ("owed since run 3",)),
        (config(), config(), None, (Owed(OWED.service, Verb.RESTART, 3, "abc"),), Verb.RESTART, ("owed since run 3",)),
        (config(), config(), None, (Owed(OWED.service, Verb.RESTART, 3, "older"),), None, ()),
        (config(), config(), None, (Owed(OWED.service, Verb.RESTART, 3, ""),), Verb.RESTART, ("owed since run 3",)),
        (config(), config(), STOPPED, (), Verb.RESTART, ("gitlab-runner is stopped",)),
    ],
)
def test_the_gentlest_action(
    old: Tree, new: Tree, facts: RunnerFacts | None, owed: tuple[Owed, ...], verb: Verb | None, because: tuple[str, ...]
) -> None:
    found = act(old, new, facts, owed)
    assert (found.verb if found else None, found.because if found else ()) == (verb, because)


def test_the_cost_in_jobs_is_that_of_a_restart_that_kills_them() -> None:
    restart = config(listen_address=":9252")
    assert act(config(), restart, BUSY, policy=Policy(kill_jobs=True)) == Action(
        ServiceName.GITLAB_RUNNER, Verb.RESTART, ("listen_address",), jobs_lost=2
    )
    hot = act(config(), config(concurrent=9), BUSY, policy=Policy(kill_jobs=True))
    assert hot
    assert hot.jobs_lost == 0


def codes(actions: list[Action], facts: RunnerFacts, found: tuple[Change, ...] = ()) -> list[str]:
    return [stop.code for stop in service.stops(HOST, found, actions, have(config(), facts), POLICY)]


DOCKER = Action(ServiceName.DOCKER, Verb.RESTART, idle=frozenset({ServiceName.GITLAB_RUNNER}))
OWN = Action(ServiceName.GITLAB_RUNNER, Verb.RESTART)


@pytest.mark.parametrize(
    ("actions", "facts", "expected"),
    [
        ([DOCKER], RunnerFacts(NOW), []),
        ([DOCKER], BUSY, ["jobs-running"]),
        ([OWN], BUSY, ["jobs-running"]),
        ([Action(ServiceName.GITLAB_RUNNER, Verb.RELOAD)], BUSY, []),
        ([Action(ServiceName.DOCKER, Verb.RELOAD)], BUSY, []),
        ([DOCKER], RunnerFacts(NOW, strangers=("process 5 in a container",)), ["undrainable-runner"]),
        ([OWN], RunnerFacts(NOW, strangers=("process 5 in a container",)), []),
    ],
)
def test_stops_of_jobs(actions: list[Action], facts: RunnerFacts, expected: list[str]) -> None:
    assert codes(actions, facts) == expected


@pytest.mark.parametrize(("active", "expected"), [("active", ["jobs-running"]), ("failed", []), ("activating", [])])
def test_a_docker_that_is_down_disturbs_nobody_when_it_starts(active: str, expected: list[str]) -> None:
    start = Action(ServiceName.DOCKER, Verb.RESTART)
    state = HostState(facts=Facts(docker=DockerFacts(Unit("docker.service", active)), runner=BUSY))
    assert [stop.code for stop in service.stops(HOST, (), [start], state, POLICY)] == expected


def test_a_registered_runner_that_would_vanish_is_named() -> None:
    found = change(config(runner(), runner(name="two", token=OTHER)), config())
    (stop,) = service.stops(HOST, found, [], have(config()), POLICY)
    assert (stop.code, stop.details) == ("drop-runner", ("two",))
    assert OTHER not in stop.message


def test_jobs_of_a_runner_elsewhere_count_for_docker() -> None:
    labels = {"com.gitlab.gitlab-runner.managed": "true", "com.gitlab.gitlab-runner.job.id": "4711"}
    docker = DockerFacts(
        Unit("docker.service", "active"), containers=(Container("c", "build", "a", True, labels=labels),)
    )
    state = HostState(facts=Facts(docker=docker))
    (stop,) = service.stops(HOST, (), [DOCKER], state, POLICY)
    assert (stop.code, stop.details) == ("jobs-running", ("4711",))
    assert "1 job runs" in stop.message
    assert not tuple(service.stops(HOST, (), [], state, POLICY))


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (None, "install GitLab's gitlab-runner package"),
        (RunnerFacts(Unit("gitlab-runner.service", "not-found"), strangers=("process 5 in a container",)), "process 5"),
    ],
)
def test_no_unit_is_refused(facts: RunnerFacts | None, words: str) -> None:
    (stop,) = service.refusals(HOST, HostState(facts=Facts(runner=facts)))
    assert (stop.code, stop.allowable) == ("no-gitlab-runner", False)
    assert words in stop.message


def test_where_there_is_a_unit_nothing_is_refused() -> None:
    assert not tuple(service.refusals(HOST, have(config())))
    assert not tuple(service.refusals(Host("h", "h"), HostState()))
