"""Tables of actions for the daemon, by the old file, the new file, what is loaded and what is unfinished."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from runnerops.model.common import ServiceName, Tree, Verb
from runnerops.model.facts import Container, RunnerFacts
from runnerops.model.host_state import HostState, Intent
from runnerops.model.inventory import Cache, Host, Policy
from runnerops.model.plan import Blocker, Change
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


def action(
    observed: HostState, rendered: Tree, this_host: Host | None = None, policy: Policy = POLICY
) -> tuple[str, str]:
    this_host = this_host or host(rendered)
    least = DOCKER.minimal_action(this_host, change_daemon(observed, rendered, this_host), observed, policy, ())
    return (least.verb.name, ", ".join(least.because)) if least else ("", "")


@pytest.mark.parametrize(
    ("host_tree", "rendered", "facts", "verb", "because"),
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
        ({}, {"authorization-plugins": ["p"]}, {}, "RESTART", "authorization-plugins"),
        (
            {"authorization-plugins": ["p"]},
            {"authorization-plugins": ["p", "q"]},
            {},
            "RESTART",
            "authorization-plugins",
        ),
        (
            {"authorization-plugins": ["p", "q"]},
            {"authorization-plugins": ["q"]},
            {},
            "RELOAD",
            "authorization-plugins",
        ),
        ({"authorization-plugins": ["p"]}, {}, {}, "RELOAD", "authorization-plugins"),
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
def test_the_minimal_action_and_its_reason(
    host_tree: Tree | None, rendered: Tree, facts: Mapping[str, object], verb: str, because: str
) -> None:
    assert action(on_host(host_tree, **facts), rendered) == (verb, because)


def test_layout_alone_is_no_action() -> None:
    observed = state({DAEMON: b'{"registry-mirrors": ["http://192.0.2.10:5000"]}'}, engine(mirrors=(MIRROR,)))
    assert action(observed, MIRRORS) == ("", "")


def test_a_file_that_cannot_be_read_says_nothing_of_what_is_loaded() -> None:
    observed = state({DAEMON: b"{"}, engine())
    this_host = host(MIRRORS)
    (file,), _ = DOCKER.reconcile(this_host, [daemon(MIRRORS)], observed)
    change = Change(observed.file(DAEMON), file, DOCKER.key_changes(file.spec, {}, MIRRORS))
    least = DOCKER.minimal_action(this_host, (change,), observed, POLICY, ())
    assert least
    assert least.verb is Verb.RESTART


@pytest.mark.parametrize(
    ("intents", "rendered", "verb", "because"),
    [
        (Intent(DOCKER.NAME, Verb.RESTART, 41, "inv-1"), {}, "RESTART", "unfinished since run 41"),
        (Intent(DOCKER.NAME, Verb.RESTART, 41, "inv-0"), {}, "", ""),
        (Intent(DOCKER.NAME, Verb.RELOAD, 41, "inv-1"), {}, "RELOAD", "unfinished since run 41"),
        (Intent(DOCKER.NAME, Verb.RELOAD, 41, "inv-1"), {"mtu": 1400}, "RESTART", "mtu, unfinished since run 41"),
        (
            Intent(DOCKER.NAME, Verb.RESTART, 41, "inv-1"),
            MIRRORS,
            "RESTART",
            "registry-mirrors, unfinished since run 41",
        ),
    ],
)
def test_an_intent_is_unfinished_until_the_daemon_has_been_restarted(
    intents: Intent, rendered: Tree, verb: str, because: str
) -> None:
    assert action(state({DAEMON: b"{}"}, engine(), intents=(intents,)), rendered) == (verb, because)


def test_with_on_change_restart_any_change_restarts_docker() -> None:
    this_host = host(MIRRORS, always_restart=frozenset({ServiceName.DOCKER}))
    assert action(on_host({}), MIRRORS, this_host) == ("RESTART", "registry-mirrors")
    assert action(on_host(MIRRORS), MIRRORS, this_host) == ("", "")


@pytest.mark.parametrize(
    ("rendered", "runner_facts", "policy", "requires_stopped", "lost"),
    [
        ({"mtu": 1400}, None, POLICY, False, 0),
        ({"mtu": 1400}, runner(jobs=2), POLICY, True, 0),
        ({"mtu": 1400}, runner(jobs=2), Policy(kill_jobs=True), True, 2),
        ({"mtu": 1400}, runner(active="inactive"), POLICY, False, 0),
        ({"mtu": 1400}, runner(active="activating"), POLICY, True, 0),  # it could start meanwhile, and take a job
        ({"mtu": 1400}, runner(active="deactivating", jobs=2), POLICY, True, 0),  # `systemctl stop` with SIGQUIT
        ({"debug": True}, runner(jobs=2), Policy(kill_jobs=True), False, 0),
    ],
)
def test_a_restart_of_docker_stops_the_runner(
    rendered: Tree, runner_facts: RunnerFacts | None, policy: Policy, requires_stopped: bool, lost: int
) -> None:
    observed = state({}, engine(), runner_facts=runner_facts)
    least = DOCKER.minimal_action(host(rendered), change_daemon(observed, rendered), observed, policy, ())
    assert least
    assert (least.requires_stopped, least.jobs_lost) == (
        frozenset({ServiceName.GITLAB_RUNNER} if requires_stopped else ()),
        lost,
    )


# ------------------------------------------------------------------------------------------------------------ stops


def blockers(observed: HostState, rendered: Tree, this_host: Host | None = None) -> list[Blocker]:
    this_host = this_host or host(rendered)
    changes = change_daemon(observed, rendered, this_host)
    chosen = DOCKER.minimal_action(this_host, changes, observed, POLICY, ())
    return list(DOCKER.blockers(this_host, changes, (chosen,) if chosen else (), observed, POLICY))


def codes(observed: HostState, rendered: Tree, this_host: Host | None = None) -> list[str]:
    return [blocker.code for blocker in blockers(observed, rendered, this_host)]


@pytest.mark.parametrize(
    ("host_tree", "rendered", "facts", "desired"),
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
def test_the_blockers_of_a_change(
    host_tree: Tree, rendered: Tree, facts: Mapping[str, object], desired: list[str]
) -> None:
    assert codes(on_host(host_tree, **facts), rendered) == desired


SS = {"0.0.0.0:22": "sshd", "127.0.0.1:9323": "dockerd", "[::]:9100": "node_exporter", "192.0.2.10:9252": ""}


@pytest.mark.parametrize(
    ("host_tree", "rendered", "text"),
    [
        ({}, {"metrics-addr": "127.0.0.1:9324"}, ""),
        ({}, {"metrics-addr": "0.0.0.0:22"}, "port-taken: process sshd"),
        ({}, {"metrics-addr": "127.0.0.1:9100"}, "port-taken: process node_exporter"),
        ({}, {"metrics-addr": "192.0.2.10:9252"}, "port-taken: a process"),
        ({}, {"metrics-addr": "127.0.0.1:8080"}, "port-taken: container web"),
        ({"metrics-addr": "127.0.0.1:9323"}, {"metrics-addr": "0.0.0.0:9323"}, ""),
        ({"metrics-addr": "127.0.0.1:22"}, {"metrics-addr": "127.0.0.1:22", "debug": True}, ""),
        ({}, {"metrics-addr": "192.0.2.77:9324"}, "listen-not-here: 192.0.2.77:9324"),
        ({}, {"metrics-addr": "172.17.0.1:9324"}, ""),
        ({}, {"metrics-addr": "172.18.0.1:9324", "bip": "172.18.0.1/16"}, ""),
        ({}, {"metrics-addr": "localhost:9324"}, ""),
        ({}, {"hosts": ["fd://", "tcp://0.0.0.0:22"]}, "port-taken: process sshd"),
    ],
)
def test_dockerd_can_listen_only_on_a_free_address_of_the_host(host_tree: Tree, rendered: Tree, text: str) -> None:
    published = container("web", ports=(":8080",))
    observed = state(
        {DAEMON: json_bytes(host_tree)}, replace(engine(containers=(published,), argv=ARGV[:1]), listeners=SS)
    )
    code, _, word = text.partition(": ")
    stops = [blocker for blocker in blockers(observed, rendered) if blocker.code in {"port-taken", "listen-not-here"}]
    assert [blocker.code for blocker in stops] == ([code] if code else [])
    assert all(word in blocker.message for blocker in stops)


@pytest.mark.parametrize(
    ("tree", "asked"),
    [({"debug": True}, False), ({"metrics-addr": "127.0.0.1:9323"}, True), ({"hosts": ["fd://"]}, False)],
)
def test_listening_sockets_are_read_only_if_dockerd_is_to_listen(tree: Tree, asked: bool) -> None:
    questions = DOCKER.questions(host(tree), (daemon(tree),))
    assert (("observe_docker_listeners",) in questions) is asked


ALONE = container("web", restart="no")


@pytest.mark.parametrize(
    ("one", "host_tree", "rendered", "stopped"),
    [
        (ALONE, {}, {"mtu": 1400}, True),
        (container("web", restart="on-failure"), {}, {"mtu": 1400}, True),
        (container("web", restart="unless-stopped"), {}, {"mtu": 1400}, False),
        (container("web", restart="no", running=False), {}, {"mtu": 1400}, False),
        (container("job", restart="no", labels={"com.gitlab.gitlab-runner.job.id": "7"}), {}, {"mtu": 1400}, False),
        (our_container(restart="no"), {}, {"mtu": 1400}, False),
        (ALONE, {}, {"debug": True}, False),
        (ALONE, {}, {"init": True, "live-restore": True}, False),
        (ALONE, {"live-restore": True}, {"init": True, "live-restore": True}, False),
        (ALONE, {"live-restore": True}, {"mtu": 1400, "live-restore": True}, True),
        (ALONE, {"live-restore": True, "icc": False}, {"live-restore": True}, True),
        (ALONE, {"live-restore": True}, {"mtu": 1400}, True),
        (ALONE, {"live-restore": True}, {"bip": "172.18.0.1/16", "live-restore": True}, True),
    ],
)
def test_containers_that_a_restart_would_end(one: Container, host_tree: Tree, rendered: Tree, stopped: bool) -> None:
    found = blockers(on_host(host_tree, containers=(one,)), rendered)
    assert [(blocker.code, blocker.details) for blocker in found] == (
        [("stop-containers", ("web",))] if stopped else []
    )


@pytest.mark.parametrize(
    ("owner", "answers", "desired"), [("h1", False, []), ("h2", True, []), ("h2", False, ["unproven-mirror"])]
)
def test_a_new_mirror_answers_or_is_the_hosts_own(owner: str, answers: bool, desired: list[str]) -> None:
    cache = Cache("dockerhub", owner, "https://registry-1.docker.io", "docker.io", MIRROR, local=False)
    observed = state({}, engine(), registry_facts=compose_facts(answers={MIRROR: answers}))
    this_host = host(MIRRORS, usable=(cache,))
    assert codes(observed, MIRRORS, this_host) == desired
    found = blockers(observed, MIRRORS, this_host)
    assert all("`runnerops verify h1` shows" in blocker.message for blocker in found)


def test_a_host_without_a_docker_section_is_left_alone() -> None:
    observed = state({}, engine(mirrors=(MIRROR,)))
    assert DOCKER.reconcile(host(), (), observed) == ((), ())
    assert list(DOCKER.blockers(host(), (), (), observed, POLICY)) == []
    assert list(DOCKER.unsupported(host(), state())) == []
    assert [blocker.code for blocker in DOCKER.unsupported(host({}), state())] == ["no-docker"]
