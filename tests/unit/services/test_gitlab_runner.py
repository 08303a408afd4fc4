"""gitlab-runner's config.toml: what differs in meaning, what the host owns, what acts, and in which steps."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runnerops.model import (
    Action,
    Change,
    Facts,
    FileSpec,
    Host,
    HostState,
    Job,
    Owed,
    Policy,
    RemoteFile,
    RenderedFile,
    RunnerFacts,
    ServiceName,
    Tree,
    Unit,
    Verb,
    key_text,
)
from runnerops.services import gitlab_runner as service
from runnerops.services.base import ParseError, sha256
from runnerops.services.gitlab_runner import moving
from runnerops.services.gitlab_runner.document import PATH
from runnerops.services.gitlab_runner.write import to_toml

SPEC = FileSpec(ServiceName.GITLAB_RUNNER, PATH, "config.toml.j2", "toml", mode="0600")
TOKEN = "glrt-" + "a" * 20
OTHER = "glrt-" + "b" * 20
RUNNER: dict[str, Any] = {"name": "one", "url": "https://gitlab.example.com", "token": TOKEN, "executor": "docker"}
HOST = Host("h", "h", sections={ServiceName.GITLAB_RUNNER: {}})
NOW = Unit("gitlab-runner.service", "active", 42, "abc", ("/usr/bin/gitlab-runner", "run", "--config", PATH))
POLICY = Policy()


def config(*runners: dict[str, Any], **keys: Any) -> Tree:
    return {"concurrent": 4, **keys, "runners": list(runners or (RUNNER,))}


def runner(**keys: Any) -> dict[str, Any]:
    return {name: value for name, value in {**RUNNER, **keys}.items() if value is not None}


def have(tree: Tree | None, facts: RunnerFacts | None = None, owed: tuple[Owed, ...] = ()) -> HostState:
    files = {} if tree is None else {PATH: RemoteFile(PATH, "file", to_toml(tree).encode(), "0600", "root:root")}
    return HostState(files=files, facts=Facts(runner=facts or RunnerFacts(NOW, "16.11.0")), owed=owed)


def settle(asked: Tree, state: HostState, host: Host = HOST) -> tuple[dict[str, Any], list[str], bytes]:
    files, stops = service.settle(host, [RenderedFile(SPEC, to_toml(asked).encode())], state)
    (file,) = files
    assert file.content is not None
    return tomllib.loads(file.content.decode()), [stop.code for stop in stops], file.content


def change(old: Tree | None, new: Tree) -> tuple[Change, ...]:
    was = have(old).file(PATH)
    found = service.edits(SPEC, old or {}, new)
    return (Change(was, RenderedFile(SPEC, to_toml(new).encode()), found),)


# -------------------------------------------------------------------------------------------------------- document


def test_runners_always_stand_under_headers() -> None:
    tree = config(runner(docker={"image": "a", "services": [{"name": "s"}]}), {"name": "x"}, log_level="info")
    text = to_toml(tree)
    assert text.count("[[runners]]") == 2
    assert "[runners.docker]" in text
    assert "[[runners.docker.services]]" in text
    assert tomllib.loads(text) == tree


@pytest.mark.parametrize(
    ("content", "line"), [(b"a = [", 1), (b"a = 1\nb = s3cret\n", 2), (b"\xff", 1), (b"a = 1\na = 's3cret'\n", 2)]
)
def test_a_broken_file_is_placed_and_not_quoted(content: bytes, line: int) -> None:
    with pytest.raises(ParseError) as caught:
        service.parse(SPEC, content)
    assert caught.value.line == line
    assert "s3cret" not in caught.value.problem


# --------------------------------------------------------------------------------------------------------- meaning

REWRITTEN = config(
    runner(
        url="HTTPS://GitLab.Example.com/",
        id=0,
        token_obtained_at=tomllib.loads("a = 0001-01-01T00:00:00Z")["a"],
        token_expires_at=tomllib.loads("a = 0001-01-01T00:00:00Z")["a"],
        cache={"MaxUploadedArchiveSize": 0, "s3": {}, "gcs": {}, "azure": {}},
        docker={"image": "alpine:3", "privileged": False, "volumes": [], "shm_size": 0, "tls_verify": False},
        custom_build_dir={},
        feature_flags={},
    ),
    check_interval=0,
    shutdown_timeout=0,
    user="gitlab-runner",
    connection_max_age="15m0s",
    session_server={"session_timeout": 1800},
)
"""What a runner writes when it rewrites the file that the template made."""


def test_what_the_runner_adds_and_reorders_is_no_difference() -> None:
    assert service.edits(SPEC, config(runner(docker={"image": "alpine:3"})), REWRITTEN) == ()
    assert service.edits(SPEC, REWRITTEN, config(runner(docker={"image": "alpine:3"}))) == ()


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        (config(), config(concurrent=8), ["concurrent"]),
        (config(), {"runners": [RUNNER]}, ["concurrent"]),
        ({"runners": [RUNNER]}, config(concurrent=1), []),
        (config(), config(connection_max_age="900s"), []),
        (config(), config(connection_max_age="20m"), ["connection_max_age"]),
        (config(), config(runner(token=OTHER)), ["runners[0].token"]),
        (config(), config(runner(token=None)), []),
        (config(), config(runner(id=7)), []),
        (config(), config(runner(limit=3)), ["runners[0].limit"]),
        (config(), config(runner(safe_directory_checkout=False)), ["runners[0].safe_directory_checkout"]),
        (config(runner(docker={"pull_policy": "always"})), config(runner(docker={"pull_policy": ["always"]})), []),
        (config(), config(runner(), runner(name="two", token=OTHER)), ["runners[1]"]),
        (config(runner(), runner(name="two", token=OTHER)), config(), ["runners[1]"]),
        (config(runner(), runner(name="two", token=OTHER)), config(runner(name="two", token=OTHER), runner()), []),
        (config(runner(environment=["A=1"])), config(runner(environment=["A=2"])), ["runners[0].environment"]),
    ],
)
def test_edits(old: Tree, new: Tree, keys: list[str]) -> None:
    assert [key_text(edit.key) for edit in service.edits(SPEC, old, new)] == keys


# ---------------------------------------------------------------------------------------------------------- settle


def test_a_token_left_out_is_the_hosts_with_its_id() -> None:
    tree, stops, _ = settle(config(runner(token=None, limit=3)), have(config(runner(id=7))))
    assert tree["runners"] == [runner(limit=3, id=7)]
    assert stops == []


@pytest.mark.parametrize(
    ("asked", "host", "stops"),
    [
        (config(runner(token=None)), None, ["empty-token"]),
        (config(runner(token=None)), config(runner(name="two")), ["empty-token"]),
        (config(runner(token=OTHER)), config(), ["replace-token"]),
        (config(runner(token=None)), config(runner(), runner(token=OTHER)), ["ambiguous-runner"]),
        (config(runner(token=OTHER)), config(runner(), runner(token=OTHER)), []),
        (config(), None, []),
    ],
)
def test_stops_of_tokens(asked: Tree, host: Tree | None, stops: list[str]) -> None:
    assert settle(asked, have(host))[1] == stops


def test_equal_meaning_is_the_hosts_own_bytes() -> None:
    state = have(REWRITTEN)
    assert settle(config(runner(docker={"image": "alpine:3"})), state)[2] == state.file(PATH).content


def test_the_file_that_the_runner_was_started_with_is_the_one() -> None:
    unit = Unit("gitlab-runner.service", "active", 1, "x", ("gitlab-runner", "run", "-c", "/srv/runner.toml"))
    state = HostState(facts=Facts(runner=RunnerFacts(unit)))
    files, _ = service.settle(HOST, [RenderedFile(SPEC, b"concurrent = 1\n")], state)
    assert files[0].spec.path == "/srv/runner.toml"


def test_keep_holds_the_hosts_value() -> None:
    host = Host(
        "h",
        "h",
        sections=HOST.sections,
        keep={ServiceName.GITLAB_RUNNER: ("log_level", "session_server.session_timeout")},
    )
    state = have(config(log_level="debug", session_server={"session_timeout": 60}))
    tree, _, _ = settle(config(log_level="info", check_interval=9), state, host)
    assert tree["log_level"] == "debug"
    assert tree["session_server"] == {"session_timeout": 60}


NAMES = st.sampled_from(["one", "two", "three"])
TOKENS = st.sampled_from([TOKEN, OTHER, None])
RUNNERS = st.lists(
    st.builds(lambda name, token, limit: runner(name=name, token=token, limit=limit), NAMES, TOKENS, st.integers(0, 2)),
    max_size=3,
)


@settings(max_examples=60, deadline=None)
@given(RUNNERS, RUNNERS, st.integers(1, 3))
def test_settling_is_idempotent_and_keeps_what_the_host_owns(
    asked: list[Any], there: list[Any], concurrent: int
) -> None:
    state = have({"concurrent": 2, "runners": there} if there else {"concurrent": 2})
    tree, stops, content = settle({"concurrent": concurrent, "runners": asked}, state)
    again = have(None)
    again = HostState(files={PATH: RemoteFile(PATH, "file", content, "0600", "root:root")}, facts=again.facts)
    if "ambiguous-runner" in stops:
        return
    assert settle(tree, again)[2] == content
    mine = {item.get("token") for item in tree.get("runners", [])}
    known = {item["name"] for item in asked if not item.get("token")}
    tokens = {item["token"] for item in there if item.get("token") and item["name"] in known}
    if len({item["name"] for item in there}) == len(there) and len({item["name"] for item in asked}) == len(asked):
        given_away = {item.get("token") for item in asked}
        assert tokens - given_away <= mine


# ----------------------------------------------------------------------------------------------------------- choose


def act(
    old: Tree | None, new: Tree, facts: RunnerFacts | None = None, owed: tuple[Owed, ...] = (), policy: Policy = POLICY
) -> Action | None:
    found = change(old, new)
    return service.choose(HOST, found if found[0].edits else (), have(old, facts, owed), policy, ())


OWED = Owed(ServiceName.GITLAB_RUNNER, Verb.RELOAD, 3, "abc")
BUSY = RunnerFacts(NOW, "16.11.0", (Job("7", "container c"), Job("", "process 9 (sh)")))
STOPPED = RunnerFacts(Unit("gitlab-runner.service", "inactive"))


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


# ------------------------------------------------------------------------------------------------------------ stops


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


def test_a_registered_runner_that_would_vanish_is_named() -> None:
    found = change(config(runner(), runner(name="two", token=OTHER)), config())
    (stop,) = service.stops(HOST, found, [], have(config()), POLICY)
    assert (stop.code, stop.details) == ("drop-runner", ("two",))
    assert OTHER not in stop.message


# ------------------------------------------------------------------------------------------------------------ steps


def steps(
    action: Action, old: Tree, new: Tree, *, paused: bool = False, policy: Policy = POLICY
) -> tuple[list[str], list[str]]:
    moves = service.moves(HOST, action, change(old, new), have(old), policy, 5, paused)
    return [_words(step.verb, step.args) for step in moves.todo], [_words(step.verb, step.args) for step in moves.undo]


def _words(verb: str, args: tuple[str, ...]) -> str:
    script = {moving.CURSOR: "CURSOR", moving.LOADED: "LOADED", moving.DRAIN: "DRAIN", moving.RESET: "RESET"}
    script |= {moving.RETURN: "RETURN", moving.RETURN_LATER: "LATER"}
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
    todo, _ = steps(Action(ServiceName.GITLAB_RUNNER, Verb.RELOAD), config(), config(concurrent=8), paused=True)
    assert not any("QUIT" in step or "HUP" in step for step in todo)
    assert "run 30 systemctl start gitlab-runner" in todo


def test_a_quiet_log_is_proven_otherwise() -> None:
    todo, _ = steps(Action(ServiceName.GITLAB_RUNNER, Verb.RELOAD), config(), config(log_level="error"))
    assert "await 60 =loaded sh -c LOADED sh gitlab-runner 42 quiet" in todo


def test_rest_and_return() -> None:
    rest = service.pause(have(config()), POLICY)
    assert [step.args[0] for step in rest.todo if step.verb == "owe"] == ["gitlab_runner"]
    assert "QUIT" in str(rest.todo)
    assert moving.RETURN in rest.undo[0].args
    assert service.pause(have(config(), STOPPED), POLICY).todo == ()
    assert "QUIT" not in str(service.pause(have(config()), Policy(kill_jobs=True)).todo)
    assert service.resume(have(config()), POLICY, 5).todo[-1].verb == "strike"


# ------------------------------------------------------------------------------------------------------------- lint


def findings(tree: Tree, facts: Facts | None = None) -> list[tuple[str, str, str]]:
    return [(one.rule, one.severity, key_text(one.key)) for one in service.lint({SPEC: tree}, facts)]


@pytest.mark.parametrize(
    ("tree", "rule", "severity", "key"),
    [
        (config(concurrent=0), "R001", "error", "concurrent"),
        (config(concurrent=-1), "R001", "error", "concurrent"),
        (config(concurrent="4"), "R001", "error", "concurrent"),
        (config(concurrent=True), "R001", "error", "concurrent"),
        (config(runner(token="")), "R002", "error", "runners[0].token"),
        (config(runner(token="   ")), "R002", "error", "runners[0].token"),
        (config(runner(token=f"{TOKEN}\n")), "R002", "error", "runners[0].token"),
        (config(runner(token="glrt-short")), "R002", "error", "runners[0].token"),
        (config(runner(token="glrtr-registration-token")), "R002", "error", "runners[0].token"),
        (config(runner(executor="dokcer")), "R003", "error", "runners[0].executor"),
        (config(runner(executor=None)), "R003", "error", "runners[0].executor"),
        (config(runner(url="gitlab.example.com")), "R004", "error", "runners[0].url"),
        (config(runner(), runner(name="two")), "R005", "warning", "runners[1].token"),
        (config(chek_interval=3), "R006", "error", "chek_interval"),
        (config(nothing_like_it=3), "R006", "warning", "nothing_like_it"),
        (config(runner(docker={"privilegd": True})), "R006", "error", "runners[0].docker.privilegd"),
        (config(check_interval="3"), "R008", "error", "check_interval"),
        (config(runner(docker={"cpus": 2})), "R008", "error", "runners[0].docker.cpus"),
        (config(runner(docker={"volumes": "/cache"})), "R008", "error", "runners[0].docker.volumes"),
        (config(runner(docker={"services": [{"name": 1}]})), "R008", "error", "runners[0].docker.services[0].name"),
        (config(runner(docker=[])), "R008", "error", "runners[0].docker"),
        (config(connection_max_age=15), "R008", "error", "connection_max_age"),
        (config(runner(docker={"pull_policy": [1]})), "R008", "error", "runners[0].docker.pull_policy"),
        (config(runner(feature_flags={"FF_X": "true"})), "R008", "error", "runners[0].feature_flags"),
    ],
)
def test_findings(tree: Tree, rule: str, severity: str, key: str) -> None:
    assert (rule, severity, key) in findings(tree)


@pytest.mark.parametrize(
    "tree",
    [
        config(),
        config(runner(token=None)),
        REWRITTEN,
        {"concurrent": 1},
        config(runner(docker={"image": "a", "pull_policy": ["always"], "shm_size": 300, "sysctls": {"a": "b"}})),
        config(runner(executor="kubernetes", kubernetes={"anything": {"goes": 1}})),
        config(runner(unhealthy_interval="1h30m", cache={"Type": "s3", "s3": {"ServerAddress": "x"}})),
    ],
)
def test_nothing_to_find(tree: Tree) -> None:
    assert findings(tree) == []


def test_a_key_that_the_hosts_runner_does_not_know_yet() -> None:
    facts = Facts(runner=RunnerFacts(NOW, "15.11.0"))
    assert ("R007", "warning", "connection_max_age") in findings(config(connection_max_age="15m"), facts)


def test_no_finding_shows_a_token() -> None:
    for token in ("glrt-short", f"{TOKEN} x"):
        found = list(service.lint({SPEC: config(runner(token=token))}, None))
        assert found
        assert not any(token in one.message + one.fix for one in found)
