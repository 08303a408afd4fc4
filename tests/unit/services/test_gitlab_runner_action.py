"""Which action gitlab-runner needs for a change, and which changes are blocked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnerops.model.common import ServiceName, Tree, Verb
from runnerops.model.facts import DockerFacts, Facts, Job, RunnerFacts, Unit
from runnerops.model.host_state import HostState, Intent
from runnerops.model.inventory import Host, Policy
from runnerops.model.plan import Action, Change
from runnerops.services import GITLAB_RUNNER
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
    observed,
    runner,
)


def act(
    old: Tree | None,
    new: Tree,
    facts: RunnerFacts | None = None,
    intents: tuple[Intent, ...] = (),
    policy: Policy = POLICY,
) -> Action | None:
    changes = change(old, new)
    return GITLAB_RUNNER.minimal_action(
        HOST, changes if changes[0].key_changes else (), observed(old, facts, intents), policy, ()
    )


@pytest.mark.parametrize(
    ("old", "new", "facts", "intents", "verb", "because"),
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
        (config(), config(), None, (OWED,), Verb.RELOAD, ("unfinished since run 3",)),
        (
            config(),
            config(),
            None,
            (Intent(OWED.service, Verb.RESTART, 3, "abc"),),
            Verb.RESTART,
            ("unfinished since run 3",),
        ),
        (config(), config(), None, (Intent(OWED.service, Verb.RESTART, 3, "older"),), None, ()),
        (
            config(),
            config(),
            None,
            (Intent(OWED.service, Verb.RESTART, 3, ""),),
            Verb.RESTART,
            ("unfinished since run 3",),
        ),
        (config(), config(), STOPPED, (), Verb.RESTART, ("gitlab-runner is stopped",)),
    ],
)
def test_the_minimal_action_and_its_reason(
    old: Tree,
    new: Tree,
    facts: RunnerFacts | None,
    intents: tuple[Intent, ...],
    verb: Verb | None,
    because: tuple[str, ...],
) -> None:
    action = act(old, new, facts, intents)
    assert (action.verb if action else None, action.because if action else ()) == (verb, because)


SCALED = {"plugin": "aws", "max_instances": 3, "policy": [{"idle_count": 1}], "connector_config": {"os": "linux"}}


def scaled(executor: str = "docker-autoscaler", **keys: object) -> Tree:
    return config(runner(executor=executor, autoscaler={**SCALED, **keys}))


@pytest.mark.parametrize(
    ("old", "new", "version", "verb"),
    [
        (scaled(), scaled(max_instances=4), "19.3.0", Verb.RESTART),
        (scaled("instance"), scaled("instance", capacity_per_instance=2), "19.3.0", Verb.RESTART),
        (scaled(), scaled(plugin_config={"name": "group"}), "19.3.0", Verb.RESTART),
        (scaled(), scaled(connector_config={"os": "linux", "username": "ci"}), "19.3.0", Verb.RESTART),
        (scaled(), scaled(policy=[{"idle_count": 2}]), "17.5.0", Verb.RELOAD),
        (scaled(), scaled(policy=[{"idle_count": 2}]), "17.4.0", Verb.RESTART),
        (scaled(), scaled(policy=[{"idle_count": 2}]), "", Verb.RESTART),
        (scaled(), scaled(instance_acquire_timeout="20m0s"), "19.3.0", Verb.RELOAD),
        (scaled(), config(runner(executor="docker-autoscaler", autoscaler=SCALED, limit=3)), "19.3.0", Verb.RELOAD),
        (config(), scaled(), "19.3.0", Verb.RELOAD),  # its manager is created for its first job
        (config(), config(runner(), runner(name="two", token=OTHER, autoscaler=SCALED)), "19.3.0", Verb.RELOAD),
        (scaled("shell"), scaled("shell", max_instances=4), "19.3.0", Verb.RELOAD),
        (
            config(runner(name="two", token=OTHER), runner(executor="instance", autoscaler=SCALED)),
            scaled("instance", max_instances=9),
            "19.3.0",
            Verb.RESTART,
        ),
    ],
)
def test_a_running_process_keeps_the_settings_of_an_autoscaler(old: Tree, new: Tree, version: str, verb: Verb) -> None:
    action = act(old, new, RunnerFacts(NOW, version))
    assert action
    assert action.verb is verb


DOCKER = Action(ServiceName.DOCKER, Verb.RESTART, requires_stopped=frozenset({ServiceName.GITLAB_RUNNER}))
OWN = Action(ServiceName.GITLAB_RUNNER, Verb.RESTART, requires_stopped=frozenset({ServiceName.GITLAB_RUNNER}))
STOP_AND_START = Action(ServiceName.GITLAB_RUNNER, Verb.RESTART, operation="stop and start")
FOREIGN = RunnerFacts(NOW, jobs=(Job("7", "container c"), Job("8", "container d", drains=False)))


@pytest.mark.parametrize(
    ("new", "before", "kill", "waited", "lost"),
    [
        (config(listen_address=":9252"), (), False, 2, 0),
        (config(listen_address=":9252"), (), True, 0, 2),
        (config(listen_address=":9252"), (DOCKER,), False, 0, 0),
        (config(concurrent=9), (), False, 0, 0),
        (config(concurrent=9), (), True, 0, 0),
    ],
)
def test_jobs_that_a_restart_waits_for_or_ends_are_counted(
    new: Tree, before: tuple[Action, ...], kill: bool, waited: int, lost: int
) -> None:
    """Of a restart: jobs waited for, or ended; those of one drain count once."""
    action = GITLAB_RUNNER.minimal_action(
        HOST, change(config(), new), observed(config(), BUSY), Policy(kill_jobs=kill), before
    )
    assert action
    assert (action.jobs_waited, action.jobs_lost) == (waited, lost)


def test_a_runner_that_drains_already_is_restarted_and_loads_nothing_before() -> None:
    draining = replace(BUSY, returning=True)
    action = act(config(), config(concurrent=9), draining)
    assert action == Action(
        ServiceName.GITLAB_RUNNER,
        Verb.RESTART,
        ("concurrent", "draining already"),
        requires_stopped=frozenset({ServiceName.GITLAB_RUNNER}),
        jobs_waited=2,
        jobs=BUSY.jobs,
    )
    assert act(config(), config(), draining) is None


ENDING = replace(BUSY, unit=replace(NOW, active="deactivating"))
"""A runner that somebody stops, on a host whose unit has KillSignal=SIGQUIT."""


@pytest.mark.parametrize("new", [config(), config(concurrent=9), config(listen_address=":9252")])
def test_a_runner_that_is_being_stopped_is_waited_for_and_started(new: Tree) -> None:
    action = act(config(), new, ENDING)
    assert action
    assert (action.verb, action.because[0], action.jobs_waited) == (Verb.RESTART, "gitlab-runner is being stopped", 2)
    assert action.requires_stopped == {ServiceName.GITLAB_RUNNER}


@pytest.mark.parametrize(
    ("actions", "returning", "says"),
    [
        ([], False, ""),
        ([OWN], False, ""),
        ([], True, "(2 jobs), and starts by itself after its last job"),
        ([Action(ServiceName.DOCKER, Verb.RELOAD)], True, "starts by itself after its last job"),
        ([OWN], True, "this run waits for its last job"),
        ([DOCKER], True, "this run waits for its last job"),
    ],
)
def test_a_drain_that_an_earlier_run_began_is_shown(actions: list[Action], returning: bool, says: str) -> None:
    remarks = tuple(GITLAB_RUNNER.remarks(HOST, (), actions, observed(config(), replace(BUSY, returning=returning))))
    assert (says in remarks[0]) if says else not remarks


def codes(
    actions: list[Action], facts: RunnerFacts, changes: tuple[Change, ...] = (), policy: Policy = POLICY
) -> list[str]:
    return [
        blocker.code for blocker in GITLAB_RUNNER.blockers(HOST, changes, actions, observed(config(), facts), policy)
    ]


@pytest.mark.parametrize(
    ("actions", "facts", "expected"),
    [
        ([DOCKER], RunnerFacts(NOW), []),
        ([DOCKER], BUSY, []),
        ([OWN], BUSY, []),
        ([DOCKER], FOREIGN, ["jobs-running"]),
        ([OWN], FOREIGN, []),
        ([DOCKER], replace(FOREIGN, unmanaged_runners=("process 5 in a container",)), ["undrainable-runner"]),
        ([Action(ServiceName.GITLAB_RUNNER, Verb.RELOAD)], BUSY, []),
        ([Action(ServiceName.DOCKER, Verb.RELOAD)], BUSY, []),
        ([DOCKER], RunnerFacts(NOW, unmanaged_runners=("process 5 in a container",)), ["undrainable-runner"]),
        ([OWN], RunnerFacts(NOW, unmanaged_runners=("process 5 in a container",)), []),
        ([OWN], replace(FOREIGN, unit=replace(NOW, active="deactivating")), []),
        ([OWN], RunnerFacts(NOW, wrapper="start.sh"), ["undrainable-runner"]),
        ([DOCKER, STOP_AND_START], RunnerFacts(NOW, wrapper="start.sh"), ["undrainable-runner"]),
        (
            [Action(ServiceName.GITLAB_RUNNER, Verb.RELOAD)],
            RunnerFacts(NOW, wrapper="start.sh"),
            ["undrainable-runner"],
        ),
        ([Action(ServiceName.GITLAB_RUNNER, Verb.VERIFY)], RunnerFacts(NOW, wrapper="start.sh"), []),
    ],
)
def test_blockers_because_of_running_jobs(actions: list[Action], facts: RunnerFacts, expected: list[str]) -> None:
    assert codes(actions, facts) == expected


RELOAD = Action(ServiceName.GITLAB_RUNNER, Verb.RELOAD)


@pytest.mark.parametrize(
    ("actions", "facts", "host_tree", "expected"),
    [
        ([RELOAD], BUSY, config(concurrent=1), ["reload-waits"]),
        ([RELOAD], BUSY, {"runners": [runner()]}, ["reload-waits"]),  # 1 is the default
        ([RELOAD], BUSY, config(concurrent=2), []),
        ([RELOAD], FOREIGN, config(concurrent=1), []),
        ([OWN], BUSY, config(concurrent=1), []),  # a drain does not wait for the file
        ([RELOAD], BUSY, None, ["reload-waits"]),
        ([RELOAD], BUSY, config(concurrent="x"), []),
    ],
)
def test_a_reload_waits_for_jobs_beyond_concurrent(
    actions: list[Action], facts: RunnerFacts, host_tree: Tree | None, expected: list[str]
) -> None:
    blockers = [*GITLAB_RUNNER.blockers(HOST, (), actions, observed(host_tree, facts), POLICY)]
    assert [blocker.code for blocker in blockers] == expected
    if expected:
        assert "until only 1 of them runs" in blockers[0].message


@pytest.mark.parametrize(
    ("actions", "facts", "says"),
    [
        ([DOCKER], BUSY, "2 jobs run there and would fail: job 7, process 9 (sh)"),
        ([OWN], BUSY, "2 jobs run"),
        ([DOCKER], FOREIGN, "2 jobs run"),
        ([OWN], FOREIGN, "1 job runs there and would fail: job 7"),
        ([OWN], RunnerFacts(NOW), ""),
        ([Action(ServiceName.GITLAB_RUNNER, Verb.RELOAD)], BUSY, ""),
    ],
)
def test_killing_jobs_says_how_many_and_which(actions: list[Action], facts: RunnerFacts, says: str) -> None:
    blockers = tuple(GITLAB_RUNNER.blockers(HOST, (), actions, observed(config(), facts), Policy(kill_jobs=True)))
    assert [blocker.code for blocker in blockers] == (["jobs-running"] if says else [])
    assert not says or says in blockers[0].message


@pytest.mark.parametrize(("active", "expected"), [("active", ["jobs-running"]), ("failed", []), ("activating", [])])
def test_a_docker_that_is_down_disturbs_nobody_when_it_starts(active: str, expected: list[str]) -> None:
    start = Action(ServiceName.DOCKER, Verb.RESTART)
    state = HostState(facts=Facts(docker=DockerFacts(Unit("docker.service", active)), runner=BUSY))
    assert [
        blocker.code for blocker in GITLAB_RUNNER.blockers(HOST, (), [start], state, Policy(kill_jobs=True))
    ] == expected


def test_a_registered_runner_that_would_vanish_is_named() -> None:
    changes = change(config(runner(), runner(name="two", token=OTHER)), config())
    (blocker,) = GITLAB_RUNNER.blockers(HOST, changes, [], observed(config()), POLICY)
    assert (blocker.code, blocker.details) == ("drop-runner", ("two",))
    assert OTHER not in blocker.message


def test_jobs_of_a_runner_elsewhere_count_for_docker() -> None:
    elsewhere = RunnerFacts(
        Unit("gitlab-runner.service", "not-found"), jobs=(Job("4711", "container c", drains=False),)
    )
    state = HostState(facts=Facts(docker=DockerFacts(Unit("docker.service", "active")), runner=elsewhere))
    (blocker,) = GITLAB_RUNNER.blockers(HOST, (), [DOCKER], state, POLICY)
    assert (blocker.code, blocker.details) == ("jobs-running", ("4711",))
    assert "1 job runs" in blocker.message
    assert not tuple(GITLAB_RUNNER.blockers(HOST, (), [], state, POLICY))


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (None, "install GitLab's gitlab-runner package"),
        (
            RunnerFacts(Unit("gitlab-runner.service", "not-found"), unmanaged_runners=("process 5 in a container",)),
            "process 5",
        ),
    ],
)
def test_a_host_without_the_runners_unit_is_refused(facts: RunnerFacts | None, words: str) -> None:
    (blocker,) = GITLAB_RUNNER.unsupported(HOST, HostState(facts=Facts(runner=facts)))
    assert (blocker.code, blocker.overridable) == ("no-gitlab-runner", False)
    assert words in blocker.message


def test_a_host_with_the_runners_unit_is_supported() -> None:
    assert not tuple(GITLAB_RUNNER.unsupported(HOST, observed(config())))
    assert not tuple(GITLAB_RUNNER.unsupported(Host("h", "h"), HostState()))


KEPT = replace(HOST, stopped=frozenset({ServiceName.GITLAB_RUNNER}))
DOCKER_RESTARTS = Action(ServiceName.DOCKER, Verb.RESTART, requires_stopped=frozenset({ServiceName.GITLAB_RUNNER}))
OFF = replace(NOW, enabled="disabled")
ON = replace(NOW, enabled="enabled")
DOWN = Unit("gitlab-runner.service", "inactive")
AGAIN = Unit("gitlab-runner.service", "activating")


@pytest.mark.parametrize(
    ("host", "facts", "before", "shown", "because", "waited"),
    [
        (HOST, RunnerFacts(ON), (), None, (), 0),
        (HOST, RunnerFacts(replace(NOW, enabled="static")), (), None, (), 0),
        (HOST, RunnerFacts(OFF), (), "enable", ("its unit is disabled",), 0),
        (HOST, RunnerFacts(OFF), (DOCKER_RESTARTS,), "stop and start", ("its unit is disabled",), 0),
        (HOST, RunnerFacts(replace(DOWN, enabled="disabled")), (), "start", ("its unit is disabled",), 0),
        (Host("h", "h"), RunnerFacts(OFF), (), None, (), 0),
        (KEPT, RunnerFacts(ON), (), "stop", ("state: stopped",), 0),
        (KEPT, replace(BUSY, unit=ON), (), "stop", ("state: stopped",), 2),
        (KEPT, replace(BUSY, unit=ON), (DOCKER_RESTARTS,), "stop", ("state: stopped",), 0),
        (KEPT, RunnerFacts(AGAIN), (), "stop", ("state: stopped",), 0),
        (KEPT, ENDING, (), "stop", ("state: stopped",), 2),
        (HOST, ENDING, (DOCKER_RESTARTS,), "stop and start", ("gitlab-runner is being stopped",), 0),
        (KEPT, RunnerFacts(DOWN, returning=True), (), "stop", ("state: stopped",), 0),
        (KEPT, RunnerFacts(replace(DOWN, enabled="enabled")), (), "stop", ("state: stopped",), 0),
        (KEPT, RunnerFacts(replace(DOWN, enabled="disabled")), (), None, (), 0),
    ],
)
def test_which_units_are_enabled_and_which_stay_stopped(
    host: Host,
    facts: RunnerFacts,
    before: tuple[Action, ...],
    shown: str | None,
    because: tuple[str, ...],
    waited: int,
) -> None:
    action = GITLAB_RUNNER.minimal_action(host, (), observed(config(), facts), POLICY, before)
    assert (action and action.shown) == shown
    assert set(because) <= set(action.because if action else ())
    assert (action.jobs_waited if action else 0) == waited
