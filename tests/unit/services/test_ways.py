"""After a change of keys that decide which packets of containers pass, containers must still reach the cache."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnerops.model.common import Tree, Verb
from runnerops.model.facts import DockerFacts
from runnerops.model.inventory import Cache, Policy
from runnerops.model.plan import Action
from runnerops.model.steps import Step
from runnerops.services import DOCKER, REGISTRY
from runnerops.services.base import ActionRequest
from runnerops.services.docker.schema import KEYS
from runnerops.services.shared import ways
from tests.unit.services.builders import (
    BRIDGE,
    HUB,
    cache,
    changes,
    compose_facts,
    daemon,
    engine,
    host,
    our_container,
    state,
)

FAR = "http://192.0.2.20:5000"
OWN = f"http://{BRIDGE}:5000"
POLICY = Policy()


def questions_of(steps: tuple[Step, ...]) -> list[tuple[str, str]]:
    """Which script is run, and for which cache."""
    names = {"--note": "before", "--compare": "after", "--report": "told"}
    return [(names[step.args[3]], step.args[4]) for step in steps if ways.SCRIPT in step.args]


def docker(old: Tree, new: Tree, facts: DockerFacts | None = None) -> tuple[Action, list[list[tuple[str, str]]]]:
    """Docker's action, and what is asked before, on the way there, and on the way back."""
    mirrors: Tree = {"registry-mirrors": [FAR]}
    usable = (Cache("dockerhub", "c1", HUB, "docker.io", FAR, local=False),)
    this_host = host({**mirrors, **new}, usable=usable)
    observed = state(
        {daemon({}).spec.path: DOCKER.dump({**mirrors, **old})},
        facts or engine("29.7.2", mirrors=(FAR,)),
    )
    differences = changes(DOCKER, this_host, [daemon({**mirrors, **new})], observed)
    action = DOCKER.minimal_action(this_host, differences, observed, POLICY, ())
    assert action
    steps = DOCKER.action_steps(ActionRequest(this_host, action, differences, observed, POLICY, 1, False))
    return action, [questions_of(steps.validate), questions_of(steps.forward), questions_of(steps.rollback)]


@pytest.mark.parametrize("key", sorted(ways.KEYS))
def test_each_key_of_the_kind_asks_for_the_far_caches_that_are_used(key: str) -> None:
    values: Tree = {
        "firewall-backend": "nftables",
        "bridge-accept-fwmark": "0x1/0x1",
        "bip": "10.9.0.1/24",
        "bridge": "none",
        "default-address-pools": [{"base": "10.9.0.0/16", "size": 24}],
        "fixed-cidr": "172.17.1.0/24",
    }
    value = values.get(key, False)
    action, found = docker({}, {key: value})
    assert action.verb is Verb.RESTART
    assert action.ways == {key}
    assert found == [[("before", "c1.dockerhub")], [("after", "c1.dockerhub")], []]
    assert key in KEYS


def test_other_keys_and_a_daemon_that_is_down_ask_for_nothing() -> None:
    assert docker({}, {"userns-remap": "default"})[1] == [[], [], []]
    assert docker({}, {"firewall-backend": "nftables"}, engine(active="inactive"))[1] == [[], [], []]


@pytest.mark.parametrize(("answered", "asks"), [(True, True), (False, False)])
def test_own_caches_are_asked_in_their_own_part(answered: bool, asks: bool) -> None:
    this_host = host({}, [cache(url=OWN)])
    facts = compose_facts(answers={OWN: True} if answered else {})
    observed = state({}, engine("29.7.2", containers=[our_container()]), registry_facts=facts)
    restart = Action(DOCKER.NAME, Verb.RESTART, ways=frozenset({"firewall-backend"}))
    for before, expected in ((restart, asks), (replace(restart, ways=frozenset()), False)):
        action = REGISTRY.minimal_action(this_host, (), observed, POLICY, (before,))
        assert action
        steps = REGISTRY.action_steps(ActionRequest(this_host, action, (), observed, POLICY, 1, False))
        assert questions_of(steps.validate) == ([("before", "dockerhub")] if expected else [])
        assert questions_of(steps.forward) == ([("after", "dockerhub")] if expected else [])
        upstream = [
            any(flag in step.args for step in (*steps.validate, *steps.forward)) for flag in ("--note", "--compare")
        ]
        assert upstream == [expected, expected]


def test_what_to_look_at_names_the_keys_and_the_cache() -> None:
    step = ways.still_reached("dockerhub", OWN, "bridge", {"firewall-backend", "iptables"}, {"curl"})
    (text,) = [word for word in step.args if word.startswith("containers reached")]
    assert text.startswith(f"containers reached {OWN} before, and do not with firewall-backend, iptables")
    assert "net.ipv4.ip_forward" in text
