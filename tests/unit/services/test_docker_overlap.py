"""A deploy does not cut its host off: the networks that daemon.json gives to Docker are compared with those that the
host needs.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnerops.model.answers import Answer
from runnerops.model.common import Tree, Verb
from runnerops.model.facts import Client, DockerFacts, Facts
from runnerops.model.inventory import Policy
from runnerops.model.plan import Action, Blocker
from runnerops.services import DOCKER
from runnerops.services.docker import blockers
from runnerops.services.docker.format import NAME
from runnerops.services.docker.observe import ways
from tests.unit.services.builders import DAEMON, change_daemon, daemon, engine, host, json_bytes, state

CLIENT = Client("10.77.0.1", "10.77.0.16", "22", "eth0", "10.77.0.16")
ROUTES = (("eth0", "10.77.0.0/24"), ("eth1", "10.88.0.0/16"))


FACTS = replace(
    engine(), client=CLIENT, routes=ROUTES, resolvers=("10.99.0.53", "127.0.0.53"), plugins=("json-file", "local")
)


def overlap_blockers(
    old: Tree, new: Tree, docker: DockerFacts | None = None, address: str = "10.77.0.16"
) -> list[Blocker]:
    observed = state({DAEMON: json_bytes(old)}, docker or FACTS)
    this_host = replace(host(new), address=address)
    changes = change_daemon(observed, new, this_host)
    return list(blockers.blockers(this_host, changes, (Action(NAME, Verb.RESTART),), observed, Policy()))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ({}, {"bip": "10.77.0.1/24"}, "10.77.0.1, from where this deploy comes"),
        ({}, {"bip": "10.77.0.1/24"}, "10.77.0.16, where this host is reached"),
        ({}, {"bip": "10.88.5.1/24"}, "the route to 10.88.0.0/16 by eth1"),
        ({}, {"fixed-cidr": "10.99.0.0/24"}, "the name server 10.99.0.53"),
        ({}, {"default-address-pools": [{"base": "10.0.0.0/8", "size": 24}]}, "the route to 10.77.0.0/24 by eth0"),
        (
            {},
            {"bip": "192.0.2.1/24", "registry-mirrors": ["http://192.0.2.9:5000"]},
            "the mirror http://192.0.2.9:5000",
        ),
        ({}, {"bip": "192.0.2.1/24", "registry-mirrors": ["http://192.0.2.1:5000"]}, ""),
        ({}, {"bip": "192.0.2.1/24", "dns": ["192.0.2.53"]}, "the name server 192.0.2.53"),
        ({}, {"bip": "192.0.2.1/24", "dns": ["198.51.100.53"]}, ""),
        ({}, {"fixed-cidr-v6": "fd00::/64", "registry-mirrors": ["http://[fd00::5]:5000"]}, "[fd00::5]:5000"),
        ({}, {"fixed-cidr-v6": "fd01::/64", "registry-mirrors": ["http://[fd00::5]:5000"]}, ""),
        ({}, {"bip6": "fd00::1/64", "registry-mirrors": ["http://[fd00::1]:5000"]}, ""),
        ({}, {"bip": "10.232.0.1/24"}, ""),
        ({"bip": "10.88.5.1/24"}, {"bip": "10.88.5.1/24", "debug": True}, ""),
        ({"bip": "10.88.5.1/24"}, {}, ""),
        ({}, {"bip": "nonsense", "default-address-pools": [{"base": 7}]}, ""),
    ],
)
def test_networks_of_docker_that_overlap_with_those_of_the_host_are_blocked(old: Tree, new: Tree, what: str) -> None:
    stops = [blocker for blocker in overlap_blockers(old, new) if blocker.code == "network-overlap"]
    assert any(what in blocker.message for blocker in stops) if what else not stops


def test_without_the_hosts_routes_its_address_in_the_inventory_is_checked() -> None:
    assert [blocker.code for blocker in overlap_blockers({}, {"bip": "10.77.0.1/24"}, engine())] == ["network-overlap"]
    assert overlap_blockers({}, {"bip": "10.77.0.1/24"}, engine(), address="runner.example.com") == []


@pytest.mark.parametrize(
    ("key", "value", "codes"),
    [
        ("log-driver", "jsonfile", ["no-log-driver"]),
        ("log-driver", "local", []),
        ("log-driver", "none", []),
        ("log-driver", "loki:latest", []),  # a plugin: the daemon knows its other names
        ("firewall-backend", "nftables", ["firewall-backend"]),
        ("firewall-backend", "iptables", []),
    ],
)
def test_what_would_leave_containers_without_logs_or_network(key: str, value: str, codes: list[str]) -> None:
    assert [blocker.code for blocker in overlap_blockers({}, {key: value})] == codes
    assert overlap_blockers({key: value}, {key: value, "debug": True}) == []


@pytest.mark.parametrize(("there", "codes"), [(False, ["no-selinux"]), (True, []), (None, [])])
def test_selinux_is_asked_for_and_missed_before_docker_starts_without_it(there: bool | None, codes: list[str]) -> None:
    on: Tree = {"selinux-enabled": True}
    assert ("observe_docker_selinux",) in DOCKER.questions(host(on), (daemon(on),))
    assert ("observe_docker_selinux",) not in DOCKER.questions(host({}), (daemon({"selinux-enabled": False}),))
    docker = replace(engine(), selinux=there)
    assert [blocker.code for blocker in overlap_blockers({}, on, docker)] == codes
    assert overlap_blockers(on, {**on, "debug": True}, docker) == []
    answers = {} if there is None else {"docker_selinux": Answer(0 if there else 1, b"")}
    facts = DOCKER.facts(Facts(), {"docker_where": Answer(0, b"/usr/bin/docker"), **answers}).docker
    assert facts
    assert facts.selinux is there


def test_the_route_to_the_client_is_read() -> None:
    table = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\n"
    for device, destination, mask in (
        ("eth0", "00000000", "00000000"),
        ("eth0", "00004D0A", "00FFFFFF"),
        ("docker0", "000011AC", "0000FFFF"),
    ):
        table += f"{device}\t{destination}\t00000000\t0001\t0\t0\t0\t{mask}\t0\n"
    answers = {
        "docker_client": Answer(0, b"10.77.0.1 55022 10.77.0.16 22\n"),
        "docker_client_route": Answer(0, b"10.77.0.1 dev eth0 src 10.77.0.16 uid 0 \\    cache\n"),
        "docker_routes": Answer(0, table.encode()),
        "docker_resolvers": Answer(0, b"search lab\nnameserver 10.99.0.53\n"),
    }
    assert ways.client(answers) == CLIENT
    assert list(ways.routes(answers)) == [("eth0", "10.77.0.0/24")]
    assert list(ways.resolvers(answers)) == ["10.99.0.53"]
    assert ways.client({}) == Client()
