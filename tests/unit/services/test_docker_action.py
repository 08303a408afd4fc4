"""What the daemon must do: tables of the file before, the file asked for, what is loaded and owed, and the action."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from runnerops.model.common import ServiceName, Tree, Verb
from runnerops.model.host_state import Container, HostState, Owed, RunnerFacts
from runnerops.model.inventory import Cache, Host, Policy
from runnerops.model.plan import Change, Stop
from runnerops.services import DOCKER
from tests.unit.services.builders import (
    ARGV,
    DAEMON,
    MIRROR,
    POLICY,
    change_daemon,
    compose_facts,
    container,
    daemon,
    engine,
    host,
    json_bytes,
    our_container,
    runner,
    state,
)

MIRRORS: Tree = {"registry-mirrors": [MIRROR]}


def on_host(tree: Tree | None, **facts: object) -> HostState:
    """A host with this file; what is loaded is what it says, unless `facts` tell otherwise."""
    tree_now = tree or {}
    mirrors = tree_now.get("registry-mirrors")
    loaded = {
        "mirrors": tuple(str(url) for url in mirrors) if isinstance(mirrors, list) else (),
        "live": tree_now.get("live-restore") is True,
    }
    return state({} if tree is None else {DAEMON: json_bytes(tree)}, engine(**{**loaded, **facts}))  # type: ignore[arg-type]


def action(have: HostState, asked: Tree, here: Host | None = None, policy: Policy = POLICY) -> tuple[str, str]:
    here = here or host(asked)
    found = DOCKER.choose(here, change_daemon(have, asked, here), have, policy, ())
    return (found.verb.name, ", ".join(found.because)) if found else ("", "")


@pytest.mark.parametrize(
    ("there", "asked", "facts", "verb", "because"),
    [
        (None, MIRRORS, {}, "RELOAD", "registry-mirrors"),
        (None, {}, {}, "", ""),
        (MIRRORS, MIRRORS, {}, "", ""),
        (MIRRORS, {}, {}, "RELOAD", "registry-mirrors"),
        ({"debug": True, **MIRRORS}, MIRRORS, {}, "RELOAD", "debug"),
        ({"log-opts": {"max-size": "1m"}}, {"log-opts": {"max-size": "2m"}}, {}, "RESTART", "log-opts.max-size"),
        (None, {"live-restore": True, "mtu": 1400}, {}, "RESTART", "live-restore, mtu"),
        ({"default-cgroupns-mode": "host"}, {}, {}, "RESTART", "default-cgroupns-mode"),
        (
            {"default-cgroupns-mode": "host"},
            {"default-cgroupns-mode": "private"},
            {},
            "RELOAD",
            "default-cgroupns-mode",
        ),
        ({"max-download-attempts": 9}, {}, {"version": "20.10.24"}, "RELOAD", "max-download-attempts"),
        ({"features": {"a": True}}, {}, {}, "RELOAD", "features"),
        ({"features": {"containerd-snapshotter": True}}, {}, {}, "RESTART", "features"),
        (MIRRORS, MIRRORS, {"mirrors": ()}, "RELOAD", "registry-mirrors not loaded"),
        ({}, {}, {"mirrors": (MIRROR,)}, "RELOAD", "registry-mirrors not loaded"),
        ({"live-restore": True}, {"live-restore": True}, {"live": False}, "RELOAD", "live-restore not loaded"),
        ({}, {}, {"mirrors": (MIRROR,), "argv": (*ARGV, "--registry-mirror", MIRROR)}, "", ""),
        (MIRRORS, MIRRORS, {"active": "inactive"}, "RESTART", "docker is stopped"),
        (MIRRORS, MIRRORS, {"active": "activating"}, "RESTART", "docker is stopped"),
        (MIRRORS, MIRRORS, {"mirrors": None, "live": None, "version": ""}, "", ""),
    ],
)
def test_the_action(there: Tree | None, asked: Tree, facts: Mapping[str, object], verb: str, because: str) -> None:
    assert action(on_host(there, **facts), asked) == (verb, because)


def test_layout_alone_is_no_action() -> None:
    have = state({DAEMON: b'{"registry-mirrors": ["http://192.0.2.10:5000"]}'}, engine(mirrors=(MIRROR,)))
    assert action(have, MIRRORS) == ("", "")


def test_a_file_that_cannot_be_read_says_nothing_of_what_is_loaded() -> None:
    have = state({DAEMON: b"{"}, engine())
    here = host(MIRRORS)
    (file,), _ = DOCKER.settle(here, [daemon(MIRRORS)], have)
    change = Change(have.file(DAEMON), file, DOCKER.edits(file.spec, {}, MIRRORS))
    found = DOCKER.choose(here, (change,), have, POLICY, ())
    assert found
    assert found.verb is Verb.RESTART


@pytest.mark.parametrize(
    ("owed", "asked", "verb", "because"),
    [
        (Owed(DOCKER.NAME, Verb.RESTART, 41, "inv-1"), {}, "RESTART", "owed since run 41"),
        (Owed(DOCKER.NAME, Verb.RESTART, 41, "inv-0"), {}, "", ""),
        (Owed(DOCKER.NAME, Verb.RELOAD, 41, "inv-1"), {}, "RELOAD", "owed since run 41"),
        (Owed(DOCKER.NAME, Verb.RELOAD, 41, "inv-1"), {"mtu": 1400}, "RESTART", "mtu, owed since run 41"),
        (Owed(DOCKER.NAME, Verb.RESTART, 41, "inv-1"), MIRRORS, "RESTART", "registry-mirrors, owed since run 41"),
    ],
)
def test_what_is_owed_counts_until_a_later_invocation_has_paid_it(
    owed: Owed, asked: Tree, verb: str, because: str
) -> None:
    assert action(state({DAEMON: b"{}"}, engine(), owed=(owed,)), asked) == (verb, because)


def test_blunt_restarts_on_any_change_and_on_none() -> None:
    here = host(MIRRORS, blunt=frozenset({ServiceName.DOCKER}))
    assert action(on_host({}), MIRRORS, here) == ("RESTART", "registry-mirrors")
    assert action(on_host(MIRRORS), MIRRORS, here) == ("", "")


@pytest.mark.parametrize(
    ("asked", "runner_facts", "policy", "idle", "lost"),
    [
        ({"mtu": 1400}, None, POLICY, False, 0),
        ({"mtu": 1400}, runner(jobs=2), POLICY, True, 0),
        ({"mtu": 1400}, runner(jobs=2), Policy(kill_jobs=True), True, 2),
        ({"mtu": 1400}, runner(active="inactive"), POLICY, False, 0),
        ({"debug": True}, runner(jobs=2), Policy(kill_jobs=True), False, 0),
    ],
)
def test_a_restart_takes_the_runner_to_rest(
    asked: Tree, runner_facts: RunnerFacts | None, policy: Policy, idle: bool, lost: int
) -> None:
    have = state({}, engine(), runner_facts=runner_facts)
    found = DOCKER.choose(host(asked), change_daemon(have, asked), have, policy, ())
    assert found
    assert (found.idle, found.jobs_lost) == (frozenset({ServiceName.GITLAB_RUNNER} if idle else ()), lost)


# ------------------------------------------------------------------------------------------------------------ stops


def stops(have: HostState, asked: Tree, here: Host | None = None) -> list[Stop]:
    here = here or host(asked)
    found = change_daemon(have, asked, here)
    chosen = DOCKER.choose(here, found, have, POLICY, ())
    return list(DOCKER.stops(here, found, (chosen,) if chosen else (), have, POLICY))


def codes(have: HostState, asked: Tree, here: Host | None = None) -> list[str]:
    return [stop.code for stop in stops(have, asked, here)]


@pytest.mark.parametrize(
    ("there", "asked", "facts", "want"),
    [
        (MIRRORS, {}, {}, ["last-mirror"]),
        ({}, {}, {"mirrors": (MIRROR,)}, ["last-mirror"]),
        (MIRRORS, MIRRORS, {}, []),
        ({}, {"data-root": "/srv/docker"}, {}, ["data-root"]),
        ({"storage-driver": "overlay2"}, {"storage-driver": "vfs"}, {}, ["data-root"]),
        ({"userns-remap": "default"}, {}, {}, ["data-root"]),
        ({}, {"debug": True}, {"argv": (*ARGV, "--debug")}, ["set-as-flag"]),
        ({}, {"log-opts": {"tag": "x"}}, {"argv": (*ARGV, "--log-opt", "a=b")}, ["set-as-flag"]),
        ({}, {"proxies": {"http-proxy": "http://x"}}, {"argv": (*ARGV, "--http-proxy=http://x")}, ["set-as-flag"]),
        ({}, {"runtimes": {"n": {}}}, {"argv": (*ARGV, "--add-runtime", "n=/n")}, []),
        ({"debug": True}, {"debug": True}, {"argv": (*ARGV, "--debug")}, ["set-as-flag"]),
        ({}, MIRRORS, {}, ["unproven-mirror"]),
        (MIRRORS, {**MIRRORS, "debug": True}, {"mirrors": ()}, []),
        ({}, MIRRORS, {"mirrors": (MIRROR,)}, []),
    ],
)
def test_stops(there: Tree, asked: Tree, facts: Mapping[str, object], want: list[str]) -> None:
    assert codes(on_host(there, **facts), asked) == want


ALONE = container("web", restart="no")


@pytest.mark.parametrize(
    ("one", "there", "asked", "stopped"),
    [
        (ALONE, {}, {"mtu": 1400}, True),
        (container("web", restart="on-failure"), {}, {"mtu": 1400}, True),
        (container("web", restart="unless-stopped"), {}, {"mtu": 1400}, False),
        (container("web", restart="no", running=False), {}, {"mtu": 1400}, False),
        (container("job", restart="no", labels={"com.gitlab.gitlab-runner.job.id": "7"}), {}, {"mtu": 1400}, False),
        (our_container(restart="no"), {}, {"mtu": 1400}, False),
        (ALONE, {}, {"debug": True}, False),
        (ALONE, {}, {"mtu": 1400, "live-restore": True}, False),
        (ALONE, {"live-restore": True}, {"mtu": 1400, "live-restore": True}, False),
        (ALONE, {"live-restore": True}, {"mtu": 1400}, True),
        (ALONE, {"live-restore": True}, {"bip": "172.18.0.1/16", "live-restore": True}, True),
    ],
)
def test_containers_that_a_restart_would_end(one: Container, there: Tree, asked: Tree, stopped: bool) -> None:
    found = stops(on_host(there, containers=(one,)), asked)
    assert [(stop.code, stop.details) for stop in found] == ([("stop-containers", ("web",))] if stopped else [])


@pytest.mark.parametrize(
    ("owner", "answers", "want"), [("h1", False, []), ("h2", True, []), ("h2", False, ["unproven-mirror"])]
)
def test_a_new_mirror_answers_or_is_the_hosts_own(owner: str, answers: bool, want: list[str]) -> None:
    cache = Cache("dockerhub", owner, "https://registry-1.docker.io", "docker.io", MIRROR, local=False)
    have = state({}, engine(), registry_facts=compose_facts(answers={MIRROR: answers}))
    assert codes(have, MIRRORS, host(MIRRORS, usable=(cache,))) == want


def test_a_host_without_a_docker_section_is_left_alone() -> None:
    have = state({}, engine(mirrors=(MIRROR,)))
    assert DOCKER.settle(host(), (), have) == ((), ())
    assert list(DOCKER.stops(host(), (), (), have, POLICY)) == []
    assert list(DOCKER.refusals(host(), state())) == []
    assert [stop.code for stop in DOCKER.refusals(host({}), state())] == ["no-docker"]
