"""`docker_in_docker`: what it adds to a runner, which of the user's keys take precedence, and what is refused."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from runnerops.model.common import ServiceName
from tests.unit import inventory_texts as texts

CACHE = "    registry: {caches: [{}]}\n"
MIRROR = ("--registry-mirror", "http://172.17.0.1:5000")
POOL = ("--default-address-pool", "base=10.231.0.0/16,size=24")
PLAIN = ("--tls=false",)


def inventory(runner: str, host: str = CACHE, docker: str = "privileged: true") -> str:
    head = "    gitlab_runner:\n      runners:\n"
    table = f", docker: {{{docker}}}" if docker else ""
    return f"hosts:\n  h:\n{host}{head}        - {{name: one, executor: docker{table}, {runner}}}\n"


def filled(folder: Path, runner: str, host: str = CACHE, docker: str = "privileged: true") -> dict[str, Any]:
    section: Any = texts.hosts(folder, inventory(runner, host, docker))["h"].sections[ServiceName.GITLAB_RUNNER]
    one: dict[str, Any] = section["runners"][0]
    assert "docker_in_docker" not in one
    return one


def command(runner: dict[str, Any]) -> tuple[str, ...]:
    return tuple(runner["docker"]["services"][-1]["command"])


def test_docker_in_docker_true_sets_all_that_a_job_needs(tmp_path: Path) -> None:
    assert filled(tmp_path, "docker_in_docker: true") == {
        "name": "one",
        "executor": "docker",
        "environment": ["DOCKER_HOST=tcp://docker:2375", "DOCKER_TLS_CERTDIR="],
        "docker": {
            "privileged": True,
            "services": [{"name": "docker:dind", "alias": "docker", "command": [*MIRROR, *POOL, *PLAIN]}],
        },
    }


def test_with_tls_client_and_daemon_share_the_certificates(tmp_path: Path) -> None:
    runner = filled(tmp_path, "docker_in_docker: {tls: true}")
    assert command(runner) == (*MIRROR, *POOL)
    assert runner["docker"]["volumes"] == ["/certs/client"]
    assert runner["environment"] == [
        "DOCKER_HOST=tcp://docker:2376",
        "DOCKER_TLS_CERTDIR=/certs",
        "DOCKER_TLS_VERIFY=1",
        "DOCKER_CERT_PATH=/certs/client",
    ]


def test_with_tls_another_alias_is_in_the_certificate(tmp_path: Path) -> None:
    runner = filled(tmp_path, "docker_in_docker: {tls: true, alias: dockerd}")
    assert "DOCKER_HOST=tcp://dockerd:2376" in runner["environment"]
    assert "DOCKER_TLS_SAN=DNS:dockerd" in runner["environment"]


@pytest.mark.parametrize("off", ["docker_in_docker: false", "docker_in_docker: null"])
def test_docker_in_docker_false_sets_nothing(tmp_path: Path, off: str) -> None:
    assert filled(tmp_path, off) == {"name": "one", "executor": "docker", "docker": {"privileged": True}}


def test_an_image_of_ones_own_keeps_the_alias(tmp_path: Path) -> None:
    runner = filled(tmp_path, "docker_in_docker: {image: 'registry.example.com/docker:27-dind'}")
    service = runner["docker"]["services"][0]
    assert (service["name"], service["alias"]) == ("registry.example.com/docker:27-dind", "docker")


def test_a_host_adds_to_the_mapping_that_its_group_has(tmp_path: Path) -> None:
    hosts = texts.hosts(
        tmp_path,
        """
        groups:
          g:
            gitlab_runner:
              runners: [{name: one, executor: docker, docker: {privileged: true}, docker_in_docker: {image: "docker:27-dind"}}]
        hosts:
          h: {groups: [g], gitlab_runner: {runners: [{name: one, docker_in_docker: {alias: d}}]}}
        """,
    )
    section: Any = hosts["h"].sections[ServiceName.GITLAB_RUNNER]
    service = section["runners"][0]["docker"]["services"][0]
    assert (service["name"], service["alias"]) == ("docker:27-dind", "d")


# -- what the user set wins -------------------------------------------------------------------------------------------

FLAGS = [  # the user's command, and the whole of it
    ("[--mtu=1400]", (*MIRROR, *POOL, *PLAIN, "--mtu=1400")),
    ("[--registry-mirror, 'https://m.example.com']", (*POOL, *PLAIN, "--registry-mirror", "https://m.example.com")),
    ("['--registry-mirror=https://m.example.com']", (*POOL, *PLAIN, "--registry-mirror=https://m.example.com")),
    ("['--default-address-pool=base=10.9.0.0/16,size=24']",
     (*MIRROR, *PLAIN, "--default-address-pool=base=10.9.0.0/16,size=24")),
    ("[--tls=true]", (*MIRROR, *POOL, "--tls=true")),
    ("[]", (*MIRROR, *POOL, *PLAIN)),
]  # fmt: skip


@pytest.mark.parametrize(("given", "whole"), FLAGS)
def test_a_flag_of_the_users_wins_and_the_rest_of_ours_stays(
    tmp_path: Path, given: str, whole: tuple[str, ...]
) -> None:
    assert command(filled(tmp_path, f"docker_in_docker: {{command: {given}}}")) == whole


def test_a_variable_of_the_users_wins(tmp_path: Path) -> None:
    runner = filled(tmp_path, "environment: [A=b, 'DOCKER_HOST=tcp://docker:9'], docker_in_docker: true")
    assert runner["environment"] == ["A=b", "DOCKER_HOST=tcp://docker:9", "DOCKER_TLS_CERTDIR="]


def test_a_variable_can_say_that_it_is_with_tls_and_where_certificates_are(tmp_path: Path) -> None:
    runner = filled(tmp_path, "environment: [DOCKER_TLS_CERTDIR=/tls], docker_in_docker: true")
    assert runner["environment"][1:] == [
        "DOCKER_HOST=tcp://docker:2376",
        "DOCKER_TLS_VERIFY=1",
        "DOCKER_CERT_PATH=/tls/client",
    ]
    assert runner["docker"]["volumes"] == ["/tls/client"]


@pytest.mark.parametrize("volume", ["/certs/client", "/srv/certs:/certs/client:rw", "certs:/certs"])
def test_a_volume_of_the_users_wins(tmp_path: Path, volume: str) -> None:
    docker = f"privileged: true, volumes: [/cache, '{volume}']"
    assert filled(tmp_path, "docker_in_docker: {tls: true}", docker=docker)["docker"]["volumes"] == ["/cache", volume]


def test_other_services_stay(tmp_path: Path) -> None:
    docker = "privileged: true, services: [{name: 'postgres:16'}]"
    services = filled(tmp_path, "docker_in_docker: true", docker=docker)["docker"]["services"]
    assert [service["name"] for service in services] == ["postgres:16", "docker:dind"]


# -- where its pulls go -----------------------------------------------------------------------------------------------

MIRRORS = [  # the host's other sections, and the mirrors of its jobs
    (CACHE, ["http://172.17.0.1:5000"]),
    ("    docker: {}\n" + CACHE, ["http://172.17.0.1:5000"]),
    ("    docker: {registry-mirrors: ['https://m.example.com']}\n" + CACHE, ["https://m.example.com"]),
    ("    docker: {registry-mirrors: []}\n" + CACHE, []),
    ("    docker: {bip: 10.1.2.1/24}\n" + CACHE, ["http://10.1.2.1:5000"]),
    ("    registry: {caches: [{upstream: 'https://ghcr.io'}]}\n", []),
    ("    registry: {caches: [{use: false}]}\n", []),
    ("    docker: {registry-mirrors: ['http://[::1', nothing]}\n", ["http://[::1", "nothing"]),  # dockerd's to refuse
    ("    address: 2001:db8::1\n", []),
    ("    vars: {}\n", []),
]


@pytest.mark.parametrize(("host", "mirrors"), MIRRORS)
def test_jobs_pull_through_the_hosts_own_mirrors(tmp_path: Path, host: str, mirrors: list[str]) -> None:
    words = command(filled(tmp_path, "docker_in_docker: true", host))
    assert [url for flag, url in pairwise(words) if flag == "--registry-mirror"] == mirrors


def test_jobs_use_a_cache_of_another_host(tmp_path: Path) -> None:
    others = "  c: {registry: {caches: [{listen: '10.231.4.5:5000'}]}}\n"
    host = texts.hosts(tmp_path, inventory("docker_in_docker: true", "    vars: {}\n") + others)["h"]
    section: Any = host.sections[ServiceName.GITLAB_RUNNER]
    words = section["runners"][0]["docker"]["services"][0]["command"]
    assert words[:4] == [
        "--registry-mirror",
        "http://10.231.4.5:5000",
        "--default-address-pool",
        "base=10.232.0.0/16,size=24",
    ]


POOLS = [  # the host's other sections, and the pool that holds neither a cache nor a network of the host's
    (CACHE, "10.231.0.0/16"),
    ("    address: 10.231.7.7\n", "10.232.0.0/16"),
    ("    docker: {bip: 10.231.0.1/24}\n", "10.232.0.0/16"),
    ("    docker: {default-address-pools: [{base: 10.224.0.0/11, size: 24}]}\n", "10.254.0.0/16"),
    ("    registry: {caches: [{listen: '10.231.9.9:5000'}, {name: b, listen: '10.232.9.9:1'}]}\n", "10.233.0.0/16"),
]


@pytest.mark.parametrize(("host", "pool"), POOLS)
def test_the_pool_is_nobody_elses(tmp_path: Path, host: str, pool: str) -> None:
    assert f"base={pool},size=24" in command(filled(tmp_path, "docker_in_docker: true", host))


def test_a_pool_can_be_given(tmp_path: Path) -> None:
    assert "base=10.9.0.0/16,size=24" in command(filled(tmp_path, "docker_in_docker: {pool: 10.9.0.0/16}"))


# -- what is refused --------------------------------------------------------------------------------------------------

REFUSED = [  # the runner, its docker table, the other sections; what is said, behind the runner's place
    ("docker_in_docker: true", "image: x", CACHE, "docker.privileged: docker_in_docker needs a privileged runner"),
    ("docker_in_docker: true", "", CACHE, "docker.privileged: docker_in_docker needs a privileged runner"),
    ("docker_in_docker: true", "privileged: 'true'", CACHE, "docker.privileged: docker_in_docker needs a privileged"),
    ("docker_in_docker: true", "privileged: true, services_privileged: false", CACHE,
     "docker.privileged: docker_in_docker needs a privileged runner"),
    ("docker_in_docker: {tls: true}, environment: [DOCKER_TLS_CERTDIR=]", "privileged: true", CACHE,
     "environment: sets DOCKER_TLS_CERTDIR so that the daemon runs without TLS"),
    ("docker_in_docker: {tls: false}, environment: [DOCKER_TLS_CERTDIR=/c]", "privileged: true", CACHE,
     "environment: sets DOCKER_TLS_CERTDIR so that the daemon runs with TLS"),
    ("docker_in_docker: true", "privileged: true, services: [{name: 'docker:27-dind'}]", CACHE,
     "docker.services: the runner has a service called 'docker' already"),
    ("docker_in_docker: true", "privileged: true, services: [{name: 'x/y:1', alias: docker}]", CACHE,
     "docker.services: the runner has a service called 'docker' already"),
    ("docker_in_docker: {pool: 172.16.0.0/12}", "privileged: true", CACHE,
     "docker_in_docker.pool: holds http://172.17.0.1:5000"),
    ("docker_in_docker: true", "privileged: true", "    registry: {caches: [{listen: '127.0.0.1:5000'}]}\n",
     "docker_in_docker: a job's containers cannot reach the mirror http://127.0.0.1:5000"),
    ("docker_in_docker: true", "privileged: true", "    docker: {registry-mirrors: ['http://localhost:5000']}\n",
     "docker_in_docker: a job's containers cannot reach the mirror http://localhost:5000"),
    ("docker_in_docker: {command: [dockerd, --debug]}", "privileged: true", CACHE,
     "docker_in_docker.command: must start with a flag"),
    ("docker_in_docker: {pool: 10.0.0.0/24}", "privileged: true", CACHE,
     "docker_in_docker.pool: '10.0.0.0/24' is not an IPv4 network of /20 or larger"),
    ("docker_in_docker: {alias: 'a b'}", "privileged: true", CACHE, "docker_in_docker.alias: 'a b' is not a host name"),
    ("docker_in_docker: {img: x}", "privileged: true", CACHE, "docker_in_docker.img: unknown key"),
    ("docker_in_docker: yes", "privileged: true", CACHE, "docker_in_docker: must be true, false or a mapping"),
    ("docker_in_docker: 1", "privileged: true", CACHE, "docker_in_docker: must be true, false or a mapping"),
]  # fmt: skip


@pytest.mark.parametrize(("runner", "docker", "host", "expected"), REFUSED)
def test_what_could_not_work_is_refused_with_its_place(
    tmp_path: Path, runner: str, docker: str, host: str, expected: str
) -> None:
    message, hint = texts.refusal(tmp_path, inventory(runner, host, docker))
    assert f": hosts.h.gitlab_runner.runners[0].{expected}" in message
    assert message.startswith("inventory.yml:")
    assert "\n" not in message
    assert hint


def test_it_needs_the_docker_executor(tmp_path: Path) -> None:
    text = inventory("docker_in_docker: true").replace("executor: docker", "executor: shell")
    message, hint = texts.refusal(tmp_path, text)
    assert "runners[0].executor: docker_in_docker needs the docker executor, and this runner has 'shell'" in message
    assert "executor: docker" in hint


def test_a_host_whose_jobs_can_reach_no_cache_is_told_which_to_open(tmp_path: Path) -> None:
    others = "  c: {registry: {caches: [{}]}}\n"
    message, _ = texts.refusal(tmp_path, inventory("docker_in_docker: true", "    vars: {}\n") + others)
    assert "hosts.c.registry.caches[0]: h cannot reach cache 'dockerhub'" in message
