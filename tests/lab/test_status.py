"""status and catalog on real hosts: what they tell is what is there, and they change nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project, host_entry, whole_host

pytestmark = pytest.mark.hosts("bookworm", "trixie", turns=True)


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab, host: LabHost) -> Project:
    """A host with all three services, not deployed."""
    project = Project(tmp_path, lab)
    project.write({"hosts": {host.name: whole_host(host, lab.hub)}})
    return project


def json_of_host(project: Project, *words: str, code: int = 0) -> dict[str, Any]:
    (host,) = json.loads(project.run(*words, "-o", "json", code=code))["hosts"]
    document: dict[str, Any] = host
    return document


def test_status_of_a_host_from_before_its_first_deploy_until_it_is_half_down(project: Project, host: LabHost) -> None:
    """From before its first deploy until half of it is down."""
    before_and_after_a_deploy(project, host)
    tree = project.tree
    a_section_that_went(project, host)
    project.write(tree)
    what_a_cache_holds(project, host)
    what_does_not_run_and_what_is_owed(project, host)


def before_and_after_a_deploy(project: Project, host: LabHost) -> None:
    before = json_of_host(project, "status", code=1)  # it has no cache yet
    assert "pending" not in before
    assert before["last_run"] is None
    assert [service["service"] for service in before["services"] if service["healthy"]] == ["docker", "gitlab_runner"]
    assert not host.exists("/var/lib/runnerops")
    project.deploy()
    after = json_of_host(project, "status")
    assert all(service["healthy"] and service["managed"] for service in after["services"])
    assert after["last_run"]["run"] == 1
    assert after["last_run"]["end"] == "applied"
    versions = host.versions()
    assert after["services"][0]["version"].startswith(versions["docker"])
    output = project.run("status", "--exit-code")
    assert "mirror http://172.17.0.1:5000" in output
    assert "iB free" in output
    project.set(host.name, "gitlab_runner", "concurrent", value=3)
    assert json_of_host(project, "status", "--exit-code", code=3)["pending"]
    host.run("systemctl disable gitlab-runner")
    output = " ".join(project.run("status", code=1).split())
    assert "gitlab-runner.service is disabled: it does not start at boot" in output
    host.run("systemctl enable gitlab-runner")


def a_section_that_went(project: Project, host: LabHost) -> None:
    project.write({"hosts": {host.name: host_entry(host, docker={"live-restore": True, "registry-mirrors": []})}})
    output = project.run("status")
    assert "no longer managed: /etc/gitlab-runner/config.toml" in output
    assert "no longer managed: /opt/registry/docker-compose.yml" in output
    assert "daemon.json" not in output


def what_a_cache_holds(project: Project, host: LabHost) -> None:
    assert json_of_host(project, "catalog")["caches"][0]["repositories"] == []
    host.run("docker pull -q alpine:3; docker pull -q busybox:1")
    (cache,) = json_of_host(project, "catalog", "--tags")["caches"]
    tags_by_name = {repository["name"]: repository["tags"] for repository in cache["repositories"]}
    assert tags_by_name == {"library/alpine": ["3"], "library/busybox": ["1"]}
    assert all(cache["tags"] is None for cache in json_of_host(project, "catalog")["caches"][0]["repositories"])
    assert "library/alpine  3" in project.run("catalog", "--tags")
    host.run("docker stop $(docker ps -q --filter label=com.docker.compose.service=dockerhub)")
    assert json_of_host(project, "catalog", code=1)["caches"][0]["problem"]
    assert f"runnerops verify {host.name}" in project.run("catalog", code=1)


def what_does_not_run_and_what_is_owed(project: Project, host: LabHost) -> None:
    host.run("systemctl stop gitlab-runner")
    host.run("mkdir -p /var/lib/runnerops/intents; echo 'restart 7 x' >/var/lib/runnerops/intents/docker")
    document = json_of_host(project, "status", code=1)
    assert [service["healthy"] for service in document["services"]] == [True, False, False]
    assert document["unfinished"] == [{"service": "docker", "verb": "restart", "run": 7}]
    output = project.run("status", code=1)
    assert "0 of 1 up" in output
    assert "unfinished: restart docker since run 7" in output


def test_a_host_that_is_not_reached(project: Project, host: LabHost) -> None:
    project.set(host.name, "ssh", value={"user": "root", "port": 9})
    assert json_of_host(project, "status", code=1)["result"] == "unreachable"
    assert json_of_host(project, "catalog", code=1)["result"] == "unreachable"
