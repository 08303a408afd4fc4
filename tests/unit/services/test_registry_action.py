"""Tables of actions and blockers for caches, by files, containers and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from runnerops.model.common import ServiceName, Tree, Verb
from runnerops.model.facts import Container, RegistryFacts
from runnerops.model.host_state import HostState, Intent, sha256
from runnerops.model.inventory import Host
from runnerops.model.plan import Action, Change
from runnerops.services import REGISTRY
from tests.unit.services.builders import (
    BRIDGE,
    POLICY,
    cache,
    changes,
    compose_facts,
    container,
    engine,
    host,
    our_container,
    render_file,
    secret,
    state,
)
from tests.unit.services.registry_builders import ONE, RESTART, TWO, deployed, label_of, with_registry


def plan(
    observed: HostState, this_host: Host, before: tuple[Action, ...] = (), value: str = "s3cret"
) -> tuple[Action | None, tuple[Change, ...]]:
    differences = changes(REGISTRY, this_host, render_file(this_host, value), observed)
    return REGISTRY.minimal_action(this_host, differences, observed, POLICY, before), differences


def verb_and_reason(action: Action | None) -> tuple[str, str, str]:
    return (action.verb.name, ", ".join(action.because), ", ".join(action.names)) if action else ("", "", "")


@pytest.mark.parametrize(
    ("now", "rendered", "desired"),
    [
        ([ONE], [ONE], ("", "", "")),
        ([ONE], [{**ONE, "ttl": "24h"}], ("UP", "dockerhub: proxy.ttl", "dockerhub")),
        ([ONE], [{**ONE, "image": "registry:3.1.1"}], ("UP", "dockerhub: image", "dockerhub")),
        (
            [ONE],
            [{**ONE, "environment": {"OTEL_TRACES_EXPORTER": "none", "A": "b"}}],
            ("UP", "dockerhub: environment.A", "dockerhub"),
        ),
        ([ONE, TWO], [ONE, {**TWO, "ttl": "24h"}], ("UP", "quay.io: proxy.ttl", "quay.io")),
        ([ONE, TWO], [ONE], ("UP", "quay.io is no longer wanted, volume runnerops-quay.io stays", "quay.io")),
    ],
)
def test_the_minimal_action_and_its_reason(
    now: list[Tree], rendered: list[Tree], desired: tuple[str, str, str]
) -> None:
    assert verb_and_reason(plan(deployed(*now), host({}, rendered))[0]) == desired


def test_a_secret_that_changes_is_recreated_by_force() -> None:
    with_login = {**ONE, "username": "acme", "password": secret()}
    action, _ = plan(deployed(with_login, value="old"), host({}, [with_login]), value="new")
    assert verb_and_reason(action) == ("RECREATE", "dockerhub: proxy.password", "dockerhub")


def test_a_secret_and_a_key_together_change_the_label() -> None:
    with_login = {**ONE, "username": "acme", "password": secret()}
    action, _ = plan(deployed(with_login, value="old"), host({}, [{**with_login, "ttl": "24h"}]), value="new")
    assert action
    assert action.verb is Verb.UP


def test_the_first_deploy_starts_the_caches() -> None:
    observed = state({}, engine(), registry_facts=compose_facts())
    action, _ = plan(observed, host({}, [ONE]))
    assert verb_and_reason(action) == ("UP", "dockerhub is new, docker-compose.yml is new", "")


@pytest.mark.parametrize(
    ("containers", "desired"),
    [
        ([], ("UP", "dockerhub is not running", "dockerhub")),
        ([{"running": False}], ("RECREATE", "dockerhub is not running", "dockerhub")),
        ([{"image": "registry:3.1.1"}], ("RECREATE", "dockerhub: image is not in effect", "dockerhub")),
        ([{"restart": "no"}], ("RECREATE", "dockerhub: restart is not in effect", "dockerhub")),
        ([{"ports": (f"{BRIDGE}:5001",)}], ("RECREATE", "dockerhub: ports is not in effect", "dockerhub")),
        ([{"mounts": {"/var/lib/registry": "other"}}], ("RECREATE", "dockerhub: volume is not in effect", "dockerhub")),
        ([{"mounts": {"/var/lib/registry": "runnerops-dockerhub"}}], ("", "", "")),
        ([{"label": "0" * 64}], ("UP", "dockerhub runs another config", "dockerhub")),
        ([{"service": "old"}, {}], ("UP", "old is no longer wanted", "old")),
    ],
)
def test_a_container_that_is_not_what_the_files_say(
    containers: list[dict[str, Any]], desired: tuple[str, str, str]
) -> None:
    this_host = host({}, [ONE])
    files = {file.spec.path: file.content or b"" for file in render_file(this_host)}
    running = [our_container(**{"label": label_of(this_host), **keys}) for keys in containers]
    observed = state(files, engine(containers=running), registry_facts=compose_facts())
    assert verb_and_reason(plan(observed, this_host)[0]) == desired


DEAD = {"answers": {f"http://{BRIDGE}:5000": False}}


@pytest.mark.parametrize(
    ("facts", "desired", "notes"),
    [
        ({"answers": {f"http://{BRIDGE}:5000": True}}, ("", "", ""), 0),
        (DEAD, ("RECREATE", "dockerhub does not answer", "dockerhub"), 0),
        ({**DEAD, "upstreams": {"dockerhub": True}}, ("RECREATE", "dockerhub does not answer", "dockerhub"), 0),
        ({**DEAD, "upstreams": {"dockerhub": False}}, ("", "", ""), 1),
    ],
)
def test_a_cache_that_should_answer_and_does_not(
    facts: dict[str, Any], desired: tuple[str, str, str], notes: int
) -> None:
    this_host = host({}, [ONE])
    observed = with_registry(deployed(ONE), compose_facts(**facts))
    action, _ = plan(observed, this_host)
    assert verb_and_reason(action) == desired
    remarks = list(REGISTRY.remarks(this_host, (), [action] if action else [], observed))
    assert len(remarks) == notes
    assert all("cache dockerhub does not answer, nor does https://registry-1.docker.io" in text for text in remarks)


def test_a_cache_whose_section_went_is_reported_and_left() -> None:
    observed = deployed(ONE, TWO)
    ran = replace(observed, applied={path: sha256(file.content) for path, file in observed.files.items()})
    (remark,) = REGISTRY.remarks(host({}), (), (), ran)
    assert "caches dockerhub, quay.io of earlier runs still run" in remark
    assert "`runnerops remove h1 registry` takes them down" in remark
    assert list(REGISTRY.remarks(host({}), (), (), observed)) == [], "nothing of ours was applied there"
    assert list(REGISTRY.remarks(host({}, [ONE, TWO]), (), (), ran)) == []


@pytest.mark.parametrize(
    ("now", "rendered", "shown"),
    [
        ([ONE], [{**ONE, "ttl": "24h"}], "recreate"),
        ([ONE], [{**ONE, "volume": "other"}], "recreate"),
        ([ONE], [ONE, TWO], "start"),
        ([ONE, TWO], [ONE], "remove"),
        ([ONE], [], "remove"),
        ([ONE, TWO], [{**ONE, "ttl": "24h"}], "up"),
    ],
)
def test_the_word_for_the_action_in_a_plan(now: list[Tree], rendered: list[Tree], shown: str) -> None:
    host_state = deployed(*now)
    observed = replace(host_state, applied={path: sha256(file.content) for path, file in host_state.files.items()})
    action, _ = plan(observed, host({}, rendered))
    assert action
    assert action.shown == shown


def test_with_docker_down_compose_looks_for_itself() -> None:
    this_host = host({}, [ONE])
    files = {file.spec.path: file.content or b"" for file in render_file(this_host)}
    observed = state(files, engine(active="inactive"), registry_facts=compose_facts())
    assert verb_and_reason(plan(observed, this_host, (RESTART,))[0]) == ("UP", "docker is stopped", "")


def test_a_docker_restart_is_a_registry_restart_too() -> None:
    assert verb_and_reason(plan(deployed(ONE), host({}, [ONE]), (RESTART,))[0]) == ("VERIFY", "docker restarts", "")
    reload = Action(ServiceName.DOCKER, Verb.RELOAD)
    assert plan(deployed(ONE), host({}, [ONE]), (reload,))[0] is None


def test_the_plan_says_whose_mirror_it_is() -> None:
    clients = {"dockerhub": ("a", "b"), "quay.io": ("c",)}
    restarted, _ = plan(deployed(ONE, TWO), replace(host({}, [ONE, TWO]), clients=clients), (RESTART,))
    recreated, _ = plan(deployed(ONE, TWO), replace(host({}, [{**ONE, "ttl": "1h"}, TWO]), clients=clients))
    assert restarted
    assert restarted.used_by == ("a", "b", "c")
    assert recreated
    assert recreated.used_by == ("a", "b")


@pytest.mark.parametrize(
    ("intents", "desired"),
    [
        (Intent(REGISTRY.NAME, Verb.RECREATE, 7, "1" * 12), ("RECREATE", "unfinished since run 7", "dockerhub")),
        (Intent(REGISTRY.NAME, Verb.UP, 7, "f" * 12 + "," + "1" * 12), ("UP", "unfinished since run 7", "dockerhub")),
        (Intent(REGISTRY.NAME, Verb.RECREATE, 7, "f" * 12), ("", "", "")),
        (Intent(REGISTRY.NAME, Verb.UP, 7, "none"), ("", "", "")),
    ],
)
def test_an_intent_is_finished_once_another_container_runs(intents: Intent, desired: tuple[str, str, str]) -> None:
    assert verb_and_reason(plan(deployed(ONE, intents=(intents,)), host({}, [ONE]))[0]) == desired


def test_with_on_change_restart_any_change_recreates_the_caches() -> None:
    this_host = host({}, [{**ONE, "ttl": "24h"}], always_restart=frozenset({REGISTRY.NAME}))
    assert verb_and_reason(plan(deployed(ONE), this_host)[0])[0] == "RECREATE"


# ------------------------------------------------------------------------------------------------------------ stops


def blockers(observed: HostState, this_host: Host, *others: Action) -> list[tuple[str, str]]:
    action, differences = plan(observed, this_host, others)
    actions = (*others, action) if action else others
    return [
        (blocker.code, blocker.message)
        for blocker in REGISTRY.blockers(this_host, differences, actions, observed, POLICY)
    ]


@pytest.mark.parametrize(
    ("rendered", "facts", "codes"),
    [
        ({"ttl": "24h"}, {"upstreams": {"dockerhub": False}}, ["upstream-down"]),
        ({"ttl": "24h"}, {"upstreams": {"dockerhub": True}}, []),
        ({"ttl": "24h"}, {}, []),
        ({}, {"upstreams": {"dockerhub": False}}, []),
        ({"volume": "other"}, {}, ["new-volume"]),
        ({"volume": "other"}, {"upstreams": {"dockerhub": False}}, ["new-volume", "upstream-down"]),
        ({"image": "registry:2.8"}, {}, ["registry-major"]),
        ({"image": "registry:3.1.1"}, {}, []),
        ({"listen": "192.0.2.99:5000"}, {}, ["listen-not-here"]),
        ({"listen": "192.0.2.10:5000"}, {}, []),
        ({"listen": "0.0.0.0:5000"}, {}, []),
    ],
)
def test_blockers_of_changes_to_a_running_cache(
    rendered: Mapping[str, Any], facts: Mapping[str, Any], codes: list[str]
) -> None:
    observed = with_registry(deployed(ONE), compose_facts(**facts))
    assert [code for code, _ in blockers(observed, host({}, [{**ONE, **rendered}]))] == codes


def first(*containers: Container, **facts: Any) -> HostState:
    return state({}, engine(containers=containers), registry_facts=compose_facts(**facts))


OTHERS = container(
    "proj_registry_1",
    labels={"com.docker.compose.project": "proj", "com.docker.compose.project.config_files": "/srv/x/c.yml"},
)


@pytest.mark.parametrize(
    ("observed", "holder"),
    [
        (first(OTHERS), "container proj_registry_1 (of /srv/x/c.yml)"),
        (first(container("web", ports=("0.0.0.0:5000",))), "container web"),
        (first(container("web", ports=(":5000",))), "container web"),
        (first(container("web", ports=("127.0.0.1:5000",))), ""),
        (first(container("web", running=False)), ""),
        (first(listeners={"0.0.0.0:5000": "nginx"}), "process nginx"),
        (first(listeners={"[::]:5000": ""}), "a process"),
        (first(listeners={"127.0.0.1:5000": "nginx"}), ""),
    ],
)
def test_who_holds_the_port_is_named(observed: HostState, holder: str) -> None:
    pairs = blockers(observed, host({}, [ONE]))
    message = f"{BRIDGE}:5000, where cache dockerhub is to listen, is used by {holder}: stop it, or give the cache another port"
    assert pairs == ([("port-taken", message)] if holder else [])


def test_a_cache_that_could_not_come_up_is_stopped_before() -> None:
    message = "https://registry-1.docker.io does not answer from this host, so cache dockerhub would not start"
    assert blockers(first(upstreams={"dockerhub": False}), host({}, [ONE])) == [("upstream-down", message)]


def test_another_volume_is_reported_with_the_one_that_stays() -> None:
    this_host = host({}, [{**ONE, "volume": "other"}])
    (code, message), *_ = blockers(deployed(ONE), this_host)
    assert code == "new-volume"
    assert "cache dockerhub would use volume other, which is empty if it is new" in message
    assert "its present volume runnerops-dockerhub stays on the disk" in message
    assert verb_and_reason(plan(deployed(ONE), this_host)[0]) == ("RECREATE", "dockerhub: volume", "dockerhub")


def test_a_bridge_elsewhere_is_reported_with_the_line_to_write() -> None:
    this_host = host({}, [cache() | {"listen": "172.18.0.1:5000"}])
    assert blockers(first(), this_host) == [
        (
            "listen-not-here",
            "172.18.0.1, where cache dockerhub is to listen, is not an address of this host, "
            "whose docker bridge has 172.17.0.1; write `listen: 172.17.0.1:5000`",
        )
    ]
    moved = host({"bip": "172.18.0.1/16"}, [cache() | {"listen": "172.18.0.1:5000"}])
    restart = Action(ServiceName.DOCKER, Verb.RESTART, ("bip",))
    assert blockers(first(), moved, restart) == []
    assert blockers(first(), this_host, restart) == [], "without bip the bridge moves too"
    other = Action(ServiceName.DOCKER, Verb.RESTART, ("mtu",))
    assert [code for code, _ in blockers(first(), this_host, other)] == ["listen-not-here"]


@pytest.mark.parametrize(
    ("observed", "docker", "codes"),
    [
        (state(), None, ["no-docker"]),
        (state({}, engine(), registry_facts=RegistryFacts()), None, ["no-compose"]),
        (state({}, engine(), registry_facts=compose_facts()), None, []),
        (state({}, engine(active="inactive"), registry_facts=compose_facts()), None, ["docker-stopped"]),
        (state({}, engine(active="inactive"), registry_facts=compose_facts()), {}, []),
        (
            state({}, engine("29.1.0"), registry_facts=RegistryFacts(("docker-compose",), "1.29.2")),
            None,
            [],
        ),
        (
            state({}, engine("29.1.0"), registry_facts=RegistryFacts(("docker-compose",), "1.25.0")),
            None,
            ["no-compose"],
        ),
        (
            state({}, engine("29.1.0"), registry_facts=RegistryFacts(("docker-compose",), "1.25.0")),
            {"min-api-version": "1.24"},
            [],
        ),
    ],
)
def test_hosts_that_cannot_run_caches_are_refused(observed: HostState, docker: Tree | None, codes: list[str]) -> None:
    assert [blocker.code for blocker in REGISTRY.unsupported(host(docker, [ONE]), observed)] == codes


def test_a_host_without_caches_is_left_alone() -> None:
    assert list(REGISTRY.unsupported(host(), state())) == []
    assert list(REGISTRY.blockers(host(), (), (RESTART,), deployed(ONE), POLICY)) == []
