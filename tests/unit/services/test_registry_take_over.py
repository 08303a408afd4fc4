"""A container of somebody else that has the port or the volume of a cache is stopped, and a rollback starts it again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runnerops.model.common import ServiceName
from runnerops.model.facts import Container
from runnerops.model.host_state import HostState, Run
from runnerops.model.inventory import Displaced, Policy, Requester
from runnerops.model.run import Record
from runnerops.model.steps import Step
from runnerops.planning.originals import CONTAINERS, read_displaced, read_returned
from runnerops.planning.restore import restored_host
from runnerops.services import DOCKER, REGISTRY
from runnerops.services.base import ActionRequest
from tests.unit.services.builders import (
    BRIDGE,
    POLICY,
    cache,
    change_daemon,
    changes,
    compose_facts,
    engine,
    host,
    our_container,
    render_file,
    state,
)

FILE = "/home/me/docker-compose.yml"
OTHER = Container(
    "e" * 64,
    "reg",
    "registry:3.0.0",
    running=True,
    restart="always",
    ports=(":5000",),
    labels={"com.docker.compose.project": "me", "com.docker.compose.project.config_files": FILE},
    mounts={"/data": "runnerops-dockerhub"},
)
HERE = host(None, [cache()])


def beside(**keys: Any) -> HostState:
    answering = compose_facts(answers={"http://172.17.0.1:5000": True}, upstreams={"dockerhub": True})
    return state({}, engine(containers=[replace(OTHER, **keys)]), registry_facts=answering)


def steps(observed: HostState) -> tuple[list[str], list[str], list[str]]:
    differences = changes(REGISTRY, HERE, render_file(HERE), observed)
    action = REGISTRY.minimal_action(HERE, differences, observed, POLICY, ())
    assert action
    made = REGISTRY.action_steps(ActionRequest(HERE, action, differences, observed, POLICY, 1))
    guard, forward, rollback = (
        [" ".join((step.verb, *step.args)) for step in part] for part in (made.guard, made.forward, made.rollback)
    )
    return guard, forward, rollback


def codes(observed: HostState) -> list[str]:
    differences = changes(REGISTRY, HERE, render_file(HERE), observed)
    action = REGISTRY.minimal_action(HERE, differences, observed, POLICY, ())
    assert action
    return [blocker.code for blocker in REGISTRY.blockers(HERE, differences, [action], observed, POLICY)]


def test_it_is_stopped_last_and_started_again_when_the_port_is_free() -> None:
    guard, forward, rollback = steps(beside())
    assert guard == [f"guard true docker inspect --type container --format {{{{.State.Running}}}} {'e' * 64}"]
    stop = f"run 60 sh container-aside.sh stop {'e' * 64} always 1 reg"
    (up,) = (index for index, step in enumerate(forward) if " up -d " in step)
    assert forward[up - 1] == stop
    assert all("swap" not in step for step in forward[up:])
    down = next(index for index, step in enumerate(rollback) if step.endswith(" down"))
    back = rollback.index(f"run 60 sh container-aside.sh start {'e' * 64} always 1 reg")
    assert back > down
    assert rollback[back + 1].startswith("await 60 ok curl ")


def test_a_plan_shows_the_container_that_is_stopped() -> None:
    observed = beside()
    differences = changes(REGISTRY, HERE, render_file(HERE), observed)
    action = REGISTRY.minimal_action(HERE, differences, observed, POLICY, ())
    assert action
    assert "dockerhub takes the place of container reg" in action.because
    (remark,) = REGISTRY.remarks(HERE, render_file(HERE), [action], observed)
    for word in (f"of {FILE}", "volume runnerops-dockerhub", "stays on the host, stopped", "docker rm reg"):
        assert word in remark
    assert codes(observed) == []


@pytest.mark.parametrize(
    "keys",
    [
        {"mounts": {"/data": "another"}},
        {"mounts": None},
        {"auto_remove": True},
        {"labels": {"com.docker.swarm.service.id": "x"}},
    ],
)
def test_any_other_that_holds_the_port_is_in_the_way(keys: dict[str, Any]) -> None:
    observed = beside(**keys)
    assert codes(observed) == ["port-taken"]
    assert not any("container-aside" in step for step in steps(observed)[1])


@pytest.mark.parametrize("keys", [{"running": False}, {"ports": ("127.0.0.1:5000",)}])
def test_a_container_on_another_port_is_left_alone(keys: dict[str, Any]) -> None:
    observed = beside(**keys)
    assert codes(observed) == []
    assert not any("container-aside" in step for step in steps(observed)[1])


@pytest.mark.parametrize(("mounts", "stopped"), [("runnerops-dockerhub", True), ("another", False)])
def test_a_container_that_a_rollback_restarted_is_stopped_by_the_rollback_of_that(mounts: str, stopped: bool) -> None:
    """The cache has another port by then, so nothing else tells that both are for the same."""
    this_host = replace(host(None, [cache(listen=f"{BRIDGE}:5001")]), returned=frozenset({OTHER.id}))
    observed = beside(mounts={"/data": mounts})
    differences = changes(REGISTRY, this_host, render_file(this_host), observed)
    action = REGISTRY.minimal_action(this_host, differences, observed, POLICY, ())
    assert action
    made = REGISTRY.action_steps(ActionRequest(this_host, action, differences, observed, POLICY, 9))
    aside = [
        step.args[3] for part in (made.forward, made.rollback) for step in part if "container-aside.sh" in step.args
    ]
    assert aside == (["stop", "start"] if stopped else [])
    assert any("dockerhub takes the place of container reg" in text for text in action.because) is stopped


def test_what_runs_have_started_again_is_read_from_their_steps() -> None:
    steps = (Step("run", ("60", "sh", "container-aside.sh", "start", "aaa", "always", "1", "reg")),)
    runs = [Run(number, Requester("", ""), "", "applied", running=False) for number in (3, 4, 5)]
    back = replace(runs[2], result="rolled-back")
    other = (Step("run", ("60", "sh", "container-aside.sh", "stop", "bbb", "always", "3", "reg")),)
    records = [Record(back, forward=steps), Record(runs[1], forward=steps), Record(runs[0], forward=other)]
    assert [read_returned(records, since) for since in (3, 4, 5)] == [{"aaa"}, {"aaa"}, frozenset()]


def test_another_major_version_over_its_volume_is_a_blocker() -> None:
    assert codes(beside(image="registry:2")) == ["registry-major"]


THEN = Displaced(3, OTHER.id, "always", "reg")
WEB = replace(OTHER, id="f" * 64, name="web")


@pytest.mark.parametrize(
    ("there", "caches", "comes", "word"),
    [
        ([replace(OTHER, running=False)], [], True, "is started again"),
        ([replace(OTHER, running=False)], [cache(listen="192.0.2.10:5001")], True, "is started again"),
        ([replace(OTHER, running=False)], [cache()], False, "something else uses its port"),
        ([replace(OTHER, running=False), WEB], [], False, "something else uses its port"),
        ([], [], False, "it does not exist any more"),
        ([OTHER], [], False, ""),
    ],
)
def test_it_comes_back_with_its_time(there: list[Container], caches: list[Any], comes: bool, word: str) -> None:
    host_then = replace(host(None, caches), displaced=(THEN,))
    observed = state({}, engine(containers=there), registry_facts=compose_facts())
    action = REGISTRY.minimal_action(host_then, (), observed, POLICY, ())
    assert bool(action) is (comes or bool(caches))
    if not action:
        return
    notes = [remark for remark in REGISTRY.remarks(host_then, (), [action], observed) if "reg, whose place" in remark]
    assert all("run 3" in note and word in note for note in notes)
    assert bool(notes) is bool(word)
    made = REGISTRY.action_steps(ActionRequest(host_then, action, (), observed, POLICY, 7))
    aside = [
        step.args[2:] for part in (made.forward, made.rollback) for step in part if "container-aside.sh" in step.args
    ]
    kept = (OTHER.id, "always", "3", "reg")
    assert aside == ([("container-aside.sh", "start", *kept), ("container-aside.sh", "stop", *kept)] if comes else [])


def test_it_stays_stopped_where_other_services_are_removed() -> None:
    observed = state({}, engine(containers=[replace(OTHER, running=False)]), registry_facts=compose_facts())
    host_then = replace(host(None, []), displaced=(THEN,))
    for service, comes in ((ServiceName.DOCKER, False), (ServiceName.REGISTRY, True)):
        removing = replace(host_then, removed=frozenset({service}))
        assert bool(REGISTRY.minimal_action(removing, (), observed, POLICY, ())) is comes


def test_the_record_of_stopped_containers_is_read() -> None:
    text = b"1 aaa always mirror\n\n4 bbb none old one\n4 ccc no reg\n"
    kept = {CONTAINERS: text}
    assert [displaced.name for displaced in read_displaced(kept)] == ["mirror", "reg"]
    assert read_displaced(kept, 4) == (Displaced(4, "ccc", "no", "reg"),)
    assert read_displaced({}) == ()


@pytest.mark.parametrize(
    ("mirror", "allow", "removed", "blocked", "asked"),
    [
        ("http://127.0.0.1:5000", frozenset(), frozenset(), [], True),
        ("http://192.0.2.10:5000", frozenset(), frozenset(), [], True),
        ("http://localhost:5000", frozenset(), frozenset(ServiceName), [], True),
        ("http://192.0.2.11:5000", frozenset(), frozenset(), ["unproven-mirror"], False),
        ("http://127.0.0.1:5002", frozenset(), frozenset(), ["unproven-mirror"], False),
        ("http://127.0.0.1:5000", frozenset({"unproven-mirror"}), frozenset(), [], False),
        ("http://127.0.0.1:5000", frozenset(), frozenset({ServiceName.DOCKER}), ["unproven-mirror"], False),
    ],
)
def test_a_mirror_that_comes_back_with_it_is_verified_by_the_run(
    mirror: str, allow: frozenset[str], removed: frozenset[ServiceName], blocked: list[str], asked: bool
) -> None:
    """The cache has moved to another port meanwhile, so nothing answers there before the run."""
    host_then = replace(host({"registry-mirrors": [mirror]}, []), displaced=(THEN,), removed=removed)
    answering = compose_facts(answers={mirror: False})
    moved = our_container(ports=(f"{BRIDGE}:5001",))
    docker = engine(mirrors=(f"http://{BRIDGE}:5001",), containers=[replace(OTHER, running=False), moved])
    observed = state({}, docker, registry_facts=answering)
    policy = Policy(allow=allow)
    differences = change_daemon(observed, {"registry-mirrors": [mirror]}, host_then)
    action = DOCKER.minimal_action(host_then, differences, observed, policy, ())
    assert action
    assert [blocker.code for blocker in DOCKER.blockers(host_then, differences, [action], observed, policy)] == blocked
    made = DOCKER.action_steps(ActionRequest(host_then, action, differences, observed, policy, 7))
    assert any(mirror in " ".join(step.args) for step in made.validate) is bool(blocked)
    last = REGISTRY.minimal_action(host_then, (), observed, policy, ())
    assert last
    forward = REGISTRY.action_steps(ActionRequest(host_then, last, (), observed, policy, 7)).forward
    assert any(f"the mirror {mirror}" in step.title for step in forward) is asked


def test_a_cache_of_ours_that_goes_back_to_its_port_is_no_unproven_mirror() -> None:
    """The inventory has the new port, the files that come back the old one."""
    now = host({}, [cache(listen=f"{BRIDGE}:5001", url="http://cache.example:5001")])
    compose = render_file(host({}, [cache(url="http://cache.example:5000")]))
    host_then = restored_host(now, {file.spec.path: file.content for file in compose}, {}).host
    assert [host_cache.url for host_cache in host_then.caches] == ["http://cache.example:5000"]
