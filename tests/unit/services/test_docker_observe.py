"""What hosts answer about their Docker daemon, and what is read from it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from runnerops.model.answers import Answer
from runnerops.model.facts import Container, DockerFacts, Facts
from runnerops.services import DOCKER
from runnerops.services.docker.diff import path_of
from runnerops.services.shared.firewall import way_to
from runnerops.services.shared.versions import version_of
from tests.unit.services.builders import ARGV, host, state

UNIT = "LoadState=loaded\nActiveState=active\nMainPID=712\nInvocationID=3f0c\n"
INFO = {
    "ServerVersion": "26.1.5+dfsg1",
    "RegistryConfig": {"Mirrors": ["http://192.0.2.10:5000/"]},
    "LiveRestoreEnabled": True,
    "Swarm": {"LocalNodeState": "inactive"},
    "SecurityOptions": ["name=apparmor"],
    "DockerRootDir": "/var/lib/docker",
}


def answers(**texts: str) -> dict[str, Answer]:
    given = {"docker_unit": UNIT, "docker_argv": "\n".join(ARGV), "docker_where": "/usr/bin/docker", **texts}
    return {name: Answer(0, text.encode()) for name, text in given.items()}


def read(**texts: str) -> DockerFacts:
    docker = DOCKER.facts(Facts(), answers(**texts)).docker
    assert docker
    return docker


def test_a_daemon_that_answers() -> None:
    docker = read(
        docker_info=json.dumps(INFO),
        docker_bridge="172.17.0.1 172.17.0.0/20\nfd00::1 fd00::/64\n",
        docker_images="registry:3.0.0 registry@sha256:aa\n",
    )
    assert (docker.version, docker.mirrors, docker.live_restore) == ("26.1.5+dfsg1", ("http://192.0.2.10:5000/",), True)
    assert (docker.flavour, docker.swarm, docker.bridge, docker.bridge_prefix) == ("engine", False, "172.17.0.1", 20)
    assert (docker.unit.active, docker.unit.pid, docker.unit.invocation, docker.unit.argv) == (
        "active",
        712,
        "3f0c",
        ARGV,
    )
    assert docker.images == {"registry:3.0.0", "registry@sha256:aa"}


NEWER: dict[str, dict[str, object]] = {
    "keys that nobody knows": {"Brand": {"New": [1, {"a": None}]}, "ServerFeatures": None},
    "another name": {"ServerVersion": "26.1.5+azure-1"},
    "more of each": {
        "RegistryConfig": {**INFO["RegistryConfig"], "Policies": {"docker.io": ["x"]}},  # type: ignore[dict-item]
        "Swarm": {"LocalNodeState": "inactive", "Cluster": None, "Managers": 0},
        "DriverStatus": [["Backing Filesystem", "extfs", "more"], [], "odd"],
        "SecurityOptions": ["name=apparmor", "name=landlock,abi=6"],
        "FirewallBackend": {"Driver": "eBPF", "Info": [["a", "b"]]},
        "Plugins": {"Log": ["json-file"], "Runtime": [{}]},
    },
    "less of each": {"Swarm": None, "SecurityOptions": None, "DriverStatus": None, "Plugins": None, "Warnings": None},
    "other types": {"Warnings": {"a": 1}, "SecurityOptions": {"apparmor": True}, "FirewallBackend": "x", "Plugins": []},
}


@pytest.mark.parametrize("change", NEWER.values(), ids=NEWER)
def test_an_answer_of_a_later_release_is_read_as_far_as_it_is_known(change: dict[str, object]) -> None:
    docker = read(docker_info=json.dumps({**INFO, **change}))
    assert (docker.flavour, docker.swarm, docker.live_restore) == ("engine", False, True)
    assert docker.mirrors == ("http://192.0.2.10:5000/",)
    assert docker.store
    assert docker.store.root == "/var/lib/docker"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("30.0.0-rc.1", (30, 0)),
        ("28.5.2+azure", (28, 5)),
        ("28.5-rc1", (28, 5)),
        ("v31.2", (31, 2)),
        ("20.10.24+dfsg1-1+deb12u1", (20, 10)),
        ("24.0.9-0ubuntu1~22.04.1", (24, 0)),
        ("2.40.3-desktop.1", (2, 40)),
        ("0.0.0-20260101000000-abcdef", None),  # a nightly build of no release
        ("library-import", None),
        ("master-dockerproject-2026-01-01", None),
        ("dev", None),
        ("30", None),
        ("", None),
    ],
)
def test_versions_as_builds_have_them(text: str, version: tuple[int, int] | None) -> None:
    assert version_of(text) == version


@pytest.mark.parametrize("driver", ["nftables", "nftables+firewalld"])
def test_a_firewall_through_firewalld_is_the_same(driver: str) -> None:
    docker = read(docker_info=json.dumps({**INFO, "FirewallBackend": {"Driver": driver}}))
    assert docker.firewall["driver"] == "nftables"
    assert way_to(replace(docker, version="29.7.2"), own=True) == "nft"


def test_images_as_the_socket_tells_them() -> None:
    text = '"RepoDigests":["registry@sha256:aa"]\n"RepoTags":["registry:3.0.0","localhost:5000/registry:3"]\n"RepoTags":[]\n'
    responses = (
        f"{json.dumps({'ID': 'x', **INFO}, separators=(',', ':'))}\n200 /info\n{text}200 /images\n200 /containers\n"
    )
    docker = read(docker_responses=responses)
    assert docker.version == "26.1.5+dfsg1"
    assert docker.images == {"registry@sha256:aa", "registry:3.0.0", "localhost:5000/registry:3"}


@pytest.mark.parametrize("odd", ["\u0085", "\u2029"])
def test_labels_with_characters_that_end_lines_elsewhere(odd: str) -> None:
    info = json.dumps({"ID": "x", **INFO, "Labels": [odd]}, ensure_ascii=False, separators=(",", ":"))
    labels = json.dumps({"com.gitlab.gitlab-runner.managed": "true", "ref": odd}, ensure_ascii=False)
    inspected = f'{{"Id":"{"a" * 64}"\n"Name":"/job"\n"Running":true\n"Labels":{labels}\n'
    container = f'{{"id":"b","name":"/other","image":"x","running":true,"labels":{labels}}}\n'
    docker = read(docker_responses=f"{info}\n{inspected}", docker_containers=container)
    assert docker.version == INFO["ServerVersion"]
    assert [(each.name, each.running, each.labels.get("ref")) for each in docker.containers] == [
        ("job", True, odd),
        ("other", True, odd),
    ]


def test_a_container_that_is_told_twice_is_one() -> None:
    """Its folder is looked for by each name of the data-root, and one may be a link to the other."""
    inspected = f'{{"Id":"{"a" * 64}"\n"Name":"/cache"\n"Running":true\n"Image":"registry:3"\n'
    docker = read(docker_responses=f"{json.dumps({'ID': 'x', **INFO}, separators=(',', ':'))}\n{inspected}{inspected}")
    assert [each.name for each in docker.containers] == ["cache"]


@pytest.mark.parametrize("none", ["null", "[]"])
def test_no_mirrors_are_null_or_an_empty_list_by_version(none: str) -> None:
    info = json.dumps({**INFO, "RegistryConfig": {"Mirrors": json.loads(none)}})
    assert read(docker_info=info).mirrors == ()


def test_a_daemon_that_is_down() -> None:
    down = UNIT.replace("active\n", "failed\n").replace("712", "0")
    info = json.dumps({"ServerVersion": "", "ServerErrors": ["Cannot connect"]})
    docker = read(
        docker_unit=down, docker_info=info, docker_interface="3: docker0 inet 172.18.0.1/16 brd x scope global"
    )
    assert (docker.unit.active, docker.version, docker.mirrors, docker.live_restore) == ("failed", "", None, None)
    assert docker.bridge == "172.18.0.1"


def test_no_docker_at_all() -> None:
    assert DOCKER.facts(Facts(), {"docker_unit": Answer(0, b"LoadState=not-found\n")}).docker is None


@pytest.mark.parametrize(
    ("flavour", "texts"),
    [
        ("podman", {"docker_where": "/usr/bin/podman"}),
        ("podman", {"docker_info": json.dumps({"host": {}, "store": {}})}),
        (  # the shim is a script of its own name, and its socket may stand where Docker's does
            "podman",
            {"docker_unit": "LoadState=not-found\n", "docker_info": json.dumps({"host": {"os": "linux"}, "store": {}})},
        ),
        ("snap", {"docker_where": "/snap/bin/docker"}),
        ("snap", {"docker_unit": "LoadState=not-found\n", "docker_where": "/usr/bin/snap"}),
        ("snap", {"docker_info": json.dumps({**INFO, "DockerRootDir": "/var/snap/docker/common/x"})}),
        ("rootless", {"docker_info": json.dumps({**INFO, "SecurityOptions": ["name=rootless"]})}),
        ("rootless", {"docker_unit": "LoadState=not-found\n", "docker_rootless": "/run/user/1000/docker.sock"}),
    ],
)
def test_another_program_in_place_of_docker_is_refused_by_name(flavour: str, texts: dict[str, str]) -> None:
    facts = read(**texts)
    assert facts.flavour == flavour
    assert [blocker.code for blocker in DOCKER.unsupported(host({}), state({}, facts))] == [flavour]


def test_containers_and_one_that_vanished_meanwhile() -> None:
    line = json.dumps(
        {
            "id": "aa",
            "name": "/web",
            "image": "nginx:1",
            "running": True,
            "restart": "no",
            "ports": {
                "80/tcp": [{"HostIp": "192.0.2.1", "HostPort": "80"}],
                "81/tcp": [{"HostIp": "", "HostPort": ""}],
                "5000/udp": [{"HostIp": "", "HostPort": "5000"}],
            },
            "labels": None,
        }
    )
    docker = DOCKER.facts(Facts(), {**answers(), "docker_containers": Answer(1, f"{line}\n".encode())}).docker
    assert docker
    assert docker.containers == (Container("aa", "web", "nginx:1", True, "no", ("192.0.2.1:80",), {}),)


def test_without_a_file_of_its_own_dockerd_reads_the_default() -> None:
    assert path_of(state({}, read())) == "/etc/docker/daemon.json"
