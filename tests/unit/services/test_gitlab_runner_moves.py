"""The steps of a gitlab-runner part, there and back."""

from __future__ import annotations

import pytest

from runnerops.model import (
    Action,
    Policy,
    RunnerFacts,
    ServiceName,
    Tree,
    Verb,
)
from runnerops.services import gitlab_runner as service
from runnerops.services.base import sha256
from runnerops.services.gitlab_runner import scripts
from runnerops.services.gitlab_runner.document import PATH
from runnerops.services.gitlab_runner.write import to_toml
from tests.unit.services.runner_builders import (
    HOST,
    NOW,
    POLICY,
    STOPPED,
    change,
    config,
    have,
)


def steps(
    action: Action, old: Tree, new: Tree, *, paused: bool = False, policy: Policy = POLICY
) -> tuple[list[str], list[str]]:
    moves = service.moves(HOST, action, change(old, new), have(old), policy, 5, paused)
    return [_words(step.verb, step.args) for step in moves.todo], [_words(step.verb, step.args) for step in moves.undo]


def _words(verb: str, args: tuple[str, ...]) -> str:
    script = {scripts.CURSOR: "CURSOR", scripts.LOADED: "LOADED", scripts.DRAIN: "DRAIN", scripts.RESET: "RESET"}
    script |= {scripts.RETURN: "RETURN", scripts.REST: "REST", scripts.RETURN_LATER: "LATER"}
    return " ".join((verb, *(script.get(word, word) for word in args)))


def _swap(old: Tree, new: Tree) -> str:
    return f"swap {PATH} {sha256(to_toml(old).encode())} {sha256(to_toml(new).encode())}"


def test_the_steps_of_a_reload() -> None:
    old, new = config(), config(concurrent=8)
    todo, undo = steps(Action(ServiceName.GITLAB_RUNNER, Verb.RELOAD), old, new)
    assert todo == [
        "owe gitlab_runner reload 5 abc",
        "run 10 sh -c CURSOR sh gitlab-runner",
        _swap(old, new),
        "run 10 systemctl kill -s HUP --kill-who=main gitlab-runner",
        "await 60 =loaded sh -c LOADED sh gitlab-runner 42 info",
        "strike gitlab_runner",
    ]
    assert undo[1] == _swap(new, old)
    assert undo[-1] == "strike gitlab_runner"


def test_the_steps_of_a_restart_lose_no_job() -> None:
    old, new = config(), config(listen_address=":9252")
    todo, undo = steps(Action(ServiceName.GITLAB_RUNNER, Verb.RESTART), old, new)
    assert todo == [
        "owe gitlab_runner restart 5 abc",
        "run 10 systemctl kill -s QUIT --kill-who=main gitlab-runner",
        "await 7200 =gone sh -c DRAIN sh gitlab-runner",
        "run 30 systemctl stop gitlab-runner",
        _swap(old, new),
        "run 10 sh -c CURSOR sh gitlab-runner",
        "run 10 sh -c RESET sh gitlab-runner",
        "run 30 systemctl start gitlab-runner",
        "await 60 =loaded sh -c LOADED sh gitlab-runner any info",
        "strike gitlab_runner",
    ]
    assert undo == [_swap(new, old), "run 10 sh -c LATER sh gitlab-runner RETURN", "strike gitlab_runner"]


def test_a_runner_at_rest_is_brought_back_by_its_own_part() -> None:
    old, new = config(), config(concurrent=8)
    todo, undo = steps(Action(ServiceName.GITLAB_RUNNER, Verb.RELOAD), old, new, paused=True)
    assert todo == [
        _swap(old, new),
        "run 10 sh -c CURSOR sh gitlab-runner",
        "run 10 sh -c RESET sh gitlab-runner",
        "run 30 systemctl start gitlab-runner",
        "await 60 =loaded sh -c LOADED sh gitlab-runner any info",
        "strike gitlab_runner",
    ]
    assert undo == [
        _swap(new, old),
        "run 10 sh -c REST sh gitlab-runner",
        "await 7200 =gone sh -c DRAIN sh gitlab-runner",
        "run 90 systemctl stop gitlab-runner",
    ]


def test_a_runner_that_was_stopped_is_stopped_again() -> None:
    old, new = config(), config(concurrent=8)
    moves = service.moves(
        HOST, Action(ServiceName.GITLAB_RUNNER, Verb.RESTART), change(old, new), have(old, STOPPED), POLICY, 5, False
    )
    assert [step.args for step in moves.guard] == [("inactive", "systemctl", "is-active", "gitlab-runner")]
    assert moves.todo[0].args == ("gitlab_runner", "restart 5 none")
    assert "QUIT" not in str(moves.todo)
    assert moves.undo[1].args == ("90", "systemctl", "stop", "gitlab-runner")


@pytest.mark.parametrize(("version", "judged"), [("16.11.0", False), ("19.2.9", False), ("19.3.0", True), ("", False)])
def test_the_runner_itself_judges_where_it_can(version: str, judged: bool) -> None:
    old, new = config(), config(concurrent=8)
    moves = service.moves(
        HOST,
        Action(ServiceName.GITLAB_RUNNER, Verb.RELOAD),
        change(old, new),
        have(old, RunnerFacts(NOW, version)),
        POLICY,
        5,
        False,
    )
    assert [step.args[:4] for step in moves.judge] == ([("30", "gitlab-runner", "lint", "--config")] if judged else [])


def test_a_quiet_log_is_proven_otherwise() -> None:
    todo, _ = steps(Action(ServiceName.GITLAB_RUNNER, Verb.RELOAD), config(), config(log_level="error"))
    assert "await 60 =loaded sh -c LOADED sh gitlab-runner 42 quiet" in todo


def test_rest_and_return() -> None:
    rest = service.pause(have(config()), POLICY)
    assert [step.args[0] for step in rest.todo if step.verb == "owe"] == ["gitlab_runner"]
    assert "QUIT" in str(rest.todo)
    assert scripts.RETURN in rest.undo[0].args
    assert service.pause(have(config(), STOPPED), POLICY).todo == ()
    assert "QUIT" not in str(service.pause(have(config()), Policy(kill_jobs=True)).todo)
    assert service.resume(have(config()), POLICY, 5).todo[-1].verb == "strike"
