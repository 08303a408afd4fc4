"""Docker in jobs that set nothing themselves, deployed by `docker_in_docker`: its pulls go through the host's cache.

Jobs run in the real docker executor where a real runner is given, else in that of the stand-in. Hosts: a privileged
container of Docker 20.10 gets every capability that the kernel knows, which a machine in a container cannot give.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lab.dind import CLIENT, IMAGE, client_image, dind_image
from tests.lab.gitlab import GitLab, Job
from tests.lab.host import LabHost
from tests.lab.images import Image, small_image
from tests.lab.lab import Lab
from tests.lab.project import Project, cache_section, host_entry, runner_of, runner_section
from tests.lab.roots import BOOKWORM, RECIPES, ensure_root

pytestmark = pytest.mark.hosts("trixie", "docker28")

CACHE = "http://172.17.0.1:5000"
NETWORKS = {"bridge": {}, "per-build": {"feature_flags": {"FF_NETWORK_PER_BUILD": True}}}
WAYS = [(network, tls) for network in NETWORKS for tls in (False, True)]
SCRIPT = """
docker version --format 'inner {{.Server.Version}}'
docker pull -q $FIRST
docker network create one
docker network create two
docker network inspect one two --format '{{(index .IPAM.Config 0).Subnet}}'
docker pull -q $SECOND
docker run --rm --network two $SECOND cat /etc/image
"""


def name_of(network: str, tls: bool) -> str:
    return f"{network}-{'tls' if tls else 'plain'}"


def repository(case_name: str, number: int) -> str:
    return f"library/dind-{case_name}-{number}"


@pytest.fixture(name="images")
def fixture_images(lab: Lab) -> dict[str, Image]:
    """Two images for each way, which the hub has and no cache yet."""
    names = [repository(name_of(*case), number) for case in WAYS for number in (1, 2)]
    images = {name: small_image(ensure_root(BOOKWORM), f"{name}:1") for name in names}
    lab.hub.push(*images.values())
    return images


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab, host: LabHost, gitlab: GitLab) -> Project:
    """A project whose host has the images of daemon and client, and a runner for each way; nothing is deployed."""
    root = ensure_root(next(recipe for recipe in RECIPES if recipe.name == host.name))
    host.load(dind_image(root), client_image(root))
    project = Project(tmp_path, lab)
    runners = [runner(host, gitlab, network, tls) for network, tls in WAYS]
    project.write({"hosts": {host.name: entry(host, lab, *runners)}})
    return project


def runner(host: LabHost, gitlab: GitLab, network: str, tls: bool, **dind: Any) -> dict[str, Any]:
    """A runner whose jobs have Docker; its token tells it from the others."""
    one = runner_of(host, gitlab, "docker", **NETWORKS[network])
    name = name_of(network, tls)
    one |= {"name": name, "token": f"glrt-{name}-{host.name}".ljust(26, "x")}
    one["docker"] |= {"image": CLIENT.removeprefix("library/"), "privileged": True}
    dind |= {"tls": True} if tls else {}
    return {**one, "docker_in_docker": dind or True}


def entry(host: LabHost, lab: Lab, *runners: dict[str, Any]) -> dict[str, Any]:
    section = runner_section(concurrent=4, check_interval=1, runners=list(runners))
    return host_entry(host, docker={}, registry=cache_section(host, lab.hub), gitlab_runner=section)


def start(gitlab: GitLab, host: LabHost, case_name: str) -> Job:
    token = f"glrt-{case_name}-{host.name}".ljust(26, "x")
    names = [f"{repository(case_name, number).removeprefix('library/')}:1" for number in (1, 2)]
    return gitlab.start(f"set -e\n{SCRIPT}", token=token, FIRST=names[0], SECOND=names[1])


def test_docker_works_in_jobs_and_pulls_through_the_cache(
    project: Project, host: LabHost, lab: Lab, gitlab: GitLab, images: dict[str, Image]
) -> None:
    """Both networks, with and without TLS, at once; also after the job made networks of its own."""
    project.deploy()
    jobs = {name_of(*case): start(gitlab, host, name_of(*case)) for case in WAYS}
    for case_name, job in jobs.items():
        job.wait(seconds=240)
        assert f"{repository(case_name, 2)}:1" in job.trace, job.trace
        assert "10.231.1.0/24" in job.trace
        assert "172.1" not in job.trace
    cached = json.loads(host.get(f"{CACHE}/v2/_catalog")[1])["repositories"]
    assert sorted(cached) == sorted(images)
    assert {request.client for request in lab.hub.requests()} == {host.address}
    assert "unchanged" in project.deploy()


def test_a_pool_that_holds_the_cache_would_lose_it(
    project: Project, host: LabHost, lab: Lab, gitlab: GitLab, images: dict[str, Image]
) -> None:
    """What the pool is for: Docker's own ranges let the inner bridge take the cache's address."""
    pools = ["--default-address-pool", "base=172.17.0.0/16,size=24"]
    project.write({"hosts": {host.name: entry(host, lab, runner(host, gitlab, "per-build", False, command=pools))}})
    project.deploy()
    job = start(gitlab, host, name_of("per-build", False)).wait("script_failure", seconds=120)
    assert "inner " in job.trace
    assert json.loads(host.get(f"{CACHE}/v2/_catalog")[1])["repositories"] == []
    assert len(images) == 2 * len(WAYS)
    assert IMAGE.removeprefix("library/") in host.run("docker images --format '{{.Repository}}:{{.Tag}}'").stdout
