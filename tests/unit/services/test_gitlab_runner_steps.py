"""The steps of gitlab-runner, forward and back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnerops.model.common import ServiceName, Tree, Verb
from runnerops.model.facts import RunnerFacts
from runnerops.model.host_state import Intent, sha256
from runnerops.model.inventory import Policy
from runnerops.model.plan import Action
from runnerops.model.steps import ActionSteps
from runnerops.services import GITLAB_RUNNER
from runnerops.services.base import ActionRequest
from runnerops.services.gitlab_runner.format import PATH
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from runnerops.services.gitlab_runner.steps import drain
from runnerops.services.gitlab_runner.steps import rewritten as written
from runnerops.services.gitlab_runner.steps.verify import Watch, watch
from runnerops.services.steps import AROUND
from tests.unit.services.runner_builders import (
    HOST,
    NOW,
    POLICY,
    STOPPED,
    change,
    config,
    observed,
)


def steps(
    action: Action, old: Tree, new: Tree, *, already_stopped: bool = False, policy: Policy = POLICY
) -> tuple[list[str], list[str]]:
    action_steps = GITLAB_RUNNER.action_steps(
        ActionRequest(HOST, action, change(old, new), observed(old), policy, 5, already_stopped)
    )
    return [_words(step.verb, step.args) for step in action_steps.forward], [
        _words(step.verb, step.args) for step in action_steps.rollback
    ]


def _words(verb: str, args: tuple[str, ...]) -> str:
    short = {drain.RESET: "RESET", drain.STAY: "STAY", written.NO_MATTER: "NO_MATTER"}
    return " ".join((verb, *(short.get(word, word) for word in args)))


def _swap(old: Tree, new: Tree) -> str:
    return f"swap {PATH} {sha256(to_toml(old).encode())} {sha256(to_toml(new).encode())}"


def _is_there(new: Tree) -> str:
    return f"run 10 sh runner-wrote.sh --kept {PATH} {sha256(to_toml(new).encode())} runner.new NO_MATTER"


def _taken_back(new: Tree) -> str:
    return f"run 10 sh runner-wrote.sh --taken-back {PATH} {sha256(to_toml(new).encode())} runner.old NO_MATTER"


REST = [
    "run 10 sh -c STAY sh gitlab-runner",
    "run 10 sh runner-signal.sh gitlab-runner QUIT main",
    "await 7200 =gone sh drain.sh gitlab-runner QUIT main - -",
    "run 30 systemctl stop gitlab-runner",
]
START = [
    "run 10 sh runner-config.sh --mark gitlab-runner -",
    "run 10 sh -c RESET sh gitlab-runner",
    "run 30 systemctl start gitlab-runner",
]
RETURN = [
    "run 10 sh runner-config.sh --mark gitlab-runner -",
    "run 30 sh runner-return-later.sh gitlab-runner runner-return.sh start",
    "await 60 =loaded sh runner-config.sh --returned gitlab-runner any info -",
    "complete gitlab_runner",
]
PAGE = "http://127.0.0.1:9252/metrics"
RELOAD = Action(ServiceName.GITLAB_RUNNER, Verb.RELOAD)
RESTART = Action(ServiceName.GITLAB_RUNNER, Verb.RESTART)


def test_the_steps_of_a_reload() -> None:
    old, new = config(), config(concurrent=8)
    forward, rollback = steps(RELOAD, old, new)
    assert forward == [
        "intend gitlab_runner reload 5 abc",
        "run 10 sh runner-config.sh --mark gitlab-runner -",
        _swap(old, new),
        "run 10 systemctl kill -s HUP --kill-who=main gitlab-runner",
        "await 60 =loaded sh runner-config.sh --loaded gitlab-runner 42 info -",
        _is_there(new),
        "complete gitlab_runner",
    ]
    assert rollback == [
        "run 10 sh runner-config.sh --mark gitlab-runner -",
        _taken_back(new),
        _swap(new, old),
        "run 30 sh runner-load-or-start.sh gitlab-runner",
        "await 60 =loaded sh runner-config.sh --back gitlab-runner any info -",
        "complete gitlab_runner",
    ]


def test_the_steps_of_a_restart_lose_no_job() -> None:
    old, new = config(), config(listen_address=":9252")
    forward, rollback = steps(RESTART, old, new)
    assert forward == [
        "intend gitlab_runner restart 5 abc",
        *REST,
        _swap(old, new),
        *START,
        f"await 60 =loaded sh runner-config.sh --loaded gitlab-runner any info {PAGE}",
        _is_there(new),
        "complete gitlab_runner",
    ]
    assert rollback == [_taken_back(new), _swap(new, old), *RETURN]


def test_a_stopped_runner_is_started_in_its_own_phase_and_stopped_again_in_the_rollback() -> None:
    old, new = config(), config(concurrent=8)
    forward, rollback = steps(RELOAD, old, new, already_stopped=True)
    assert forward == [
        _swap(old, new),
        *START,
        "await 60 =loaded sh runner-config.sh --loaded gitlab-runner any info -",
        _is_there(new),
        "complete gitlab_runner",
    ]
    assert (
        rollback
        == [
            _taken_back(new),
            _swap(new, old),
            REST[0],
            "run 10 sh runner-signal.sh --if-there gitlab-runner QUIT main",
            REST[2].replace("await 7200 ", "await 604800 "),  # the next steps would end jobs that are not waited for
            *REST[3:],
        ]
    )


def test_a_runner_that_was_stopped_is_stopped_again_after_its_last_job() -> None:
    old, new = config(), config(concurrent=8)
    action_steps = GITLAB_RUNNER.action_steps(
        ActionRequest(HOST, RESTART, change(old, new), observed(old, STOPPED), POLICY, 5, False)
    )
    assert [step.args for step in action_steps.guard] == [("inactive", "systemctl", "is-active", "gitlab-runner")]
    assert action_steps.forward[0].args == ("gitlab_runner", "restart 5 none")
    assert "QUIT" not in str(action_steps.forward)
    assert [_words(step.verb, step.args) for step in action_steps.rollback] == [
        _taken_back(new),
        _swap(new, old),
        "run 30 sh runner-return-later.sh gitlab-runner runner-return.sh stop",
        "complete gitlab_runner",
    ]


def test_a_process_is_known_by_its_invocation() -> None:
    for action_steps in (
        GITLAB_RUNNER.action_steps(ActionRequest(HOST, RELOAD, (), observed(config()), POLICY, 5, False)),
        GITLAB_RUNNER.stop_steps(observed(config()), POLICY),
    ):
        assert [" ".join(step.args) for step in action_steps.guard] == [
            "active systemctl is-active gitlab-runner",
            "abc systemctl show -p InvocationID --value gitlab-runner",
        ]


def test_jobs_are_killed_by_a_signal_of_ours_for_the_units_own_may_drain() -> None:
    policy = Policy(kill_jobs=True)
    forward, _ = steps(RESTART, config(shutdown_timeout=90), config(listen_address=":9252"), policy=policy)
    assert forward[2:5] == [
        "run 10 sh runner-signal.sh gitlab-runner TERM all",
        "await 120 =gone sh drain.sh gitlab-runner TERM all - -",
        "run 30 systemctl stop gitlab-runner",
    ]
    rest = GITLAB_RUNNER.stop_steps(observed(config()), policy)
    assert "QUIT" not in str(rest.forward)
    assert rest.forward[3].args[0] == "60"


@pytest.mark.parametrize(("version", "judged"), [("16.11.0", False), ("19.2.9", False), ("19.3.0", True), ("", False)])
def test_the_runner_itself_validates_its_file_if_it_can(version: str, judged: bool) -> None:
    old, new = config(), config(concurrent=8)
    action_steps = GITLAB_RUNNER.action_steps(
        ActionRequest(
            HOST,
            Action(ServiceName.GITLAB_RUNNER, Verb.RELOAD),
            change(old, new),
            observed(old, RunnerFacts(NOW, version)),
            POLICY,
            5,
            False,
        )
    )
    assert [step.args[2] for step in action_steps.validate] == [
        "runner-config.sh",
        *(["runner-would-load.sh"] if judged else []),
    ]


@pytest.mark.parametrize(
    ("old", "new", "argv", "tells"),
    [
        (config(), config(log_level="error"), (), "quiet -"),
        (config(log_level="error"), config(log_level="debug"), (), "info -"),
        (config(log_level="error"), config(), (), "info -"),
        (config(), config(log_level="error"), ("--debug",), "info -"),
        (config(), config(), ("--log-level=warn",), "quiet -"),
        (
            config(listen_address="192.0.2.1:99"),
            config(listen_address="192.0.2.1:99"),
            (),
            "info http://192.0.2.1:99/metrics",
        ),
        (config(), config(), ("--listen-address", "localhost"), "info http://localhost:9252/metrics"),
        (config(listen_address="a b"), config(listen_address="a b"), (), "info -"),
    ],
)
def test_where_it_shows_that_a_file_is_loaded(old: Tree, new: Tree, argv: tuple[str, ...], tells: str) -> None:
    state = observed(old, RunnerFacts(replace(NOW, argv=(*NOW.argv, *argv)), "16.11.0"))
    action_steps = GITLAB_RUNNER.action_steps(ActionRequest(HOST, RELOAD, change(old, new), state, POLICY, 5, False))
    (proof,) = (step for step in action_steps.forward if step.verb == "await")
    assert " ".join(proof.args).endswith(f" gitlab-runner 42 {tells}")


def test_the_steps_that_stop_a_runner_and_start_it_again() -> None:
    rest = GITLAB_RUNNER.stop_steps(observed(config()), POLICY)
    assert [_words(step.verb, step.args) for step in rest.forward] == ["intend gitlab_runner restart 1 abc", *REST]
    assert [_words(step.verb, step.args) for step in rest.rollback] == RETURN
    back = GITLAB_RUNNER.action_steps(ActionRequest(HOST, RESTART, (), observed(config()), POLICY, 5, True))
    assert [_words(step.verb, step.args) for step in back.forward] == [
        *START,
        "await 60 =loaded sh runner-config.sh --loaded gitlab-runner any info -",
        "complete gitlab_runner",
    ]
    assert (
        [_words(step.verb, step.args) for step in back.rollback]
        == [
            REST[0],
            "run 10 sh runner-signal.sh --if-there gitlab-runner QUIT main",
            REST[2].replace("await 7200 ", "await 604800 "),  # the next steps would end jobs that are not waited for
            *REST[3:],
        ]
    )


def test_a_runner_that_is_being_stopped_is_waited_for_even_if_it_ends_before_the_run() -> None:
    ending = RunnerFacts(replace(NOW, active="deactivating"))
    rest = GITLAB_RUNNER.stop_steps(observed(config(), ending), POLICY)
    step_texts = [_words(step.verb, step.args) for step in rest.forward]
    assert "run 10 sh runner-signal.sh --if-there gitlab-runner QUIT main" in step_texts
    assert step_texts[-2:] == REST[-2:]
    assert rest.guard[0].args[0] == "deactivating"


def test_a_stopped_runner_is_not_drained() -> None:
    assert GITLAB_RUNNER.stop_steps(observed(config(), STOPPED), POLICY) == ActionSteps()


AGAIN = RunnerFacts(replace(NOW, active="activating", pid=0, invocation=""))


def test_a_runner_that_systemd_is_about_to_start_is_stopped_around_a_restart_of_docker() -> None:
    state = observed(config(), AGAIN)
    rest = GITLAB_RUNNER.stop_steps(state, POLICY)
    assert rest.guard[0].args[0] == "activating", "a process that was started meanwhile is not ended"
    assert [_words(step.verb, step.args) for step in rest.forward][1:] == ["run 30 systemctl stop gitlab-runner"]
    assert [_words(step.verb, step.args) for step in rest.rollback] == [RETURN[1], RETURN[3]]
    around = replace(RESTART, operation=AROUND)
    planned_steps = GITLAB_RUNNER.action_steps(ActionRequest(HOST, around, (), state, POLICY, 5, True))
    names = [_words(step.verb, step.args) for step in planned_steps.forward]
    assert names == [*START, "complete gitlab_runner"], "whether it can start is not known, so that is not verified"


def test_an_unfinished_action_is_unfinished_again_after_a_rollback() -> None:
    intents = (Intent(ServiceName.GITLAB_RUNNER, Verb.RESTART, 4, "abc"),)
    action_steps = GITLAB_RUNNER.action_steps(
        ActionRequest(HOST, RELOAD, (), observed(config(), intents=intents), POLICY, 5, False)
    )
    assert action_steps.rollback[-1].args == ("gitlab_runner", "restart 4 abc")


def test_no_step_has_an_empty_field_or_a_control_character() -> None:
    for action in (RELOAD, RESTART):
        for facts in (None, STOPPED):
            for already_stopped in (False, True):
                state = observed(config(), facts)
                action_steps = GITLAB_RUNNER.action_steps(
                    ActionRequest(
                        HOST, action, change(config(), config(concurrent=8)), state, POLICY, 5, already_stopped
                    )
                )
                for step in (
                    *action_steps.guard,
                    *action_steps.validate,
                    *action_steps.forward,
                    *action_steps.rollback,
                ):
                    assert all(arg and arg.isprintable() for arg in step.args), step


def test_a_runner_without_a_file_is_verified_without_one() -> None:
    """Its runner complains every 3 s that there is none, before a deploy as after its way back."""
    assert watch(None, ()) == Watch("info, no file", "-")
    assert watch(b"", ("gitlab-runner", "run", "--log-level", "error")) == Watch("quiet", "-")
    assert watch(None, ("gitlab-runner", "--log-level=error", "run")) == Watch("quiet, no file", "-")


KEPT = replace(HOST, stopped=frozenset({ServiceName.GITLAB_RUNNER}))
STOP = Action(ServiceName.GITLAB_RUNNER, Verb.RESTART, operation="stop")


@pytest.mark.parametrize("already_stopped", [False, True])
@pytest.mark.parametrize("active", ["active", "activating"])
def test_a_runner_that_is_kept_stopped_is_not_started_but_by_the_rollback(active: str, already_stopped: bool) -> None:
    facts = RunnerFacts(replace(NOW, active=active, enabled="enabled"), "16.11.0")
    planned_steps = GITLAB_RUNNER.action_steps(
        ActionRequest(
            KEPT, STOP, change(config(), config(concurrent=8)), observed(config(), facts), POLICY, 5, already_stopped
        )
    )
    names = [_words(step.verb, step.args) for step in planned_steps.forward]
    back = [_words(step.verb, step.args) for step in planned_steps.rollback]
    assert names[0] == "run 30 systemctl disable gitlab-runner.service"
    assert back[-1] == "run 30 systemctl enable gitlab-runner.service"
    assert names[-1] == "complete gitlab_runner"
    assert not any("systemctl start" in words for words in names)
    assert ("run 30 systemctl stop gitlab-runner" in names) is not already_stopped
    returns = any("runner-return-later.sh" in words for words in back)
    assert returns is (active == "active" and not already_stopped)  # else the phase that stopped it brings it back


def test_a_disabled_unit_is_enabled_and_nothing_else_is_done() -> None:
    facts = RunnerFacts(replace(NOW, enabled="disabled"), "16.11.0")
    enable = Action(ServiceName.GITLAB_RUNNER, Verb.VERIFY, operation="enable")
    planned_steps = GITLAB_RUNNER.action_steps(
        ActionRequest(HOST, enable, (), observed(config(), facts), POLICY, 5, False)
    )
    assert [step.args[1:] for step in planned_steps.forward] == [("systemctl", "enable", "gitlab-runner.service")]
    assert [step.args[1:] for step in planned_steps.rollback] == [("systemctl", "disable", "gitlab-runner.service")]
