"""Rollback by hand: the files of before come back by the same plan, review and apply; tokens and volumes do not go back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import TOKEN, Project, cache_section, host_entry, runner_section, whole_host
from tests.lab.shell import until

pytestmark = pytest.mark.hosts(turns=True)

DAEMON, CONFIG, COMPOSE = (
    "/etc/docker/daemon.json",
    "/etc/gitlab-runner/config.toml",
    "/opt/registry/docker-compose.yml",
)
MIRRORS = "{{json .RegistryConfig.Mirrors}} {{.LiveRestoreEnabled}}"
OURS = "http://172.17.0.1:5000"


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab) -> Project:
    return Project(tmp_path, lab)


def back(project: Project, host: LabHost, *words: str, code: int = 0) -> str:
    return project.run("rollback", host.name, "--yes", *words, code=code)


@pytest.mark.hosts
def test_a_first_deploy_is_rolled_back_and_its_volume_stays(project: Project, host: LabHost, lab: Lab) -> None:
    project.write({"hosts": {host.name: whole_host(host, lab.hub)}})
    containers = host.run("docker ps -aq").stdout
    project.deploy()
    assert "drop-runner" in back(project, host, code=1)
    allowed = ("--allow", "drop-runner")
    assert "applied" in back(project, host, *allowed)
    assert not host.exists(DAEMON)
    assert not host.exists(COMPOSE)
    assert host.read(CONFIG) == b""
    assert host.docker_info(MIRRORS) in {"[] false", "null false"}
    assert host.run("docker ps -aq").stdout == containers
    assert "runnerops-dockerhub" in host.run("docker volume ls -q").stdout
    assert host.active("gitlab-runner") == "active"
    assert "rollback by" in project.run("history", host.name)
    back(project, host)
    assert TOKEN in host.read(CONFIG).decode()
    assert OURS in host.docker_info(MIRRORS)
    assert host.get(f"{OURS}/v2/")[0] == 200
    back(project, host, "--to", "0", *allowed)
    assert not host.exists(DAEMON)
    assert "unchanged" in back(project, host, "--to", "0")


def test_a_rollback_restores_the_files_from_before_the_first_deploy(project: Project, host: LabHost) -> None:
    host.write(DAEMON, b'{\n  "log-opts": {"max-size": "5m"}\n}\n')
    host.run("systemctl restart docker")
    project.write({"hosts": {host.name: host_entry(host, docker={"log-opts": {"max-size": "7m"}})}})
    project.deploy("--allow", "unmanaged-file")
    project.set(host.name, "docker", "log-opts", "max-size", value="9m")
    project.deploy()
    back(project, host)
    assert b"7m" in host.read(DAEMON)
    back(project, host, "--to", "0")
    assert b"5m" in host.read(DAEMON)


def test_docker_goes_back_with_the_least_action(project: Project, host: LabHost, lab: Lab) -> None:
    project.write({"hosts": {host.name: host_entry(host, docker={"live-restore": True})}})
    project.deploy()
    before, pid = host.read(DAEMON), host.pid("docker")
    project.set(host.name, "docker", "registry-mirrors", value=[lab.hub.url])
    project.deploy()
    assert lab.hub.url in host.docker_info(MIRRORS)
    output = back(project, host)
    assert "reload docker" in output
    assert host.docker_info(MIRRORS) in {"[] true", "null true"}
    assert host.pid("docker") == pid
    assert b"live-restore" in host.read(DAEMON)
    assert b"live-restore" in before


@pytest.mark.hosts("bookworm", "docker28")  # Compose 1 and the newest
def test_a_cache_goes_back_to_its_config_and_one_that_was_added_goes(project: Project, host: LabHost, lab: Lab) -> None:
    project.write({"hosts": {host.name: host_entry(host, registry=cache_section(host, lab.hub))}})
    project.deploy()
    before = host.read("/opt/registry/registry-config.yml")
    project.set(host.name, "registry", "caches", 0, "ttl", value="48h")
    project.deploy()
    project.set(host.name, "registry", "caches", value=[
        {"upstream": lab.hub.url, "serves": "docker.io", "image": host.registry_image, "ttl": "48h"},
        {"name": "second", "serves": "quay.io", "upstream": lab.hub.url, "image": host.registry_image,
         "listen": "172.17.0.1:5001"},
    ])  # fmt: skip
    project.deploy()
    assert host.get("http://172.17.0.1:5001/v2/")[0] == 200
    back(project, host)
    assert host.get("http://172.17.0.1:5001/v2/")[0] == 0
    assert "runnerops-second" in host.run("docker volume ls -q").stdout
    assert not host.exists("/opt/registry/registry-config.second.yml")
    back(project, host, "--to", "1")
    assert host.read("/opt/registry/registry-config.yml") == before
    assert host.get(f"{OURS}/v2/")[0] == 200
    name = host.run("docker ps --filter label=com.docker.compose.project=runnerops -q").stdout.strip()
    assert "48h" not in host.run(f"docker exec {name} cat /etc/runnerops/registry-config.yml").stdout


def test_a_token_that_the_runner_replaced_stays(project: Project, host: LabHost) -> None:
    project.write({"hosts": {host.name: host_entry(host, gitlab_runner=runner_section())}})
    project.deploy()
    project.set(host.name, "gitlab_runner", "concurrent", value=7)
    project.deploy()
    rotated = "glrt-lab-" + "r" * 17
    config = host.read(CONFIG).decode().replace(TOKEN, rotated)
    dated = re.sub(r"(token = .*\n)", r"\1token_obtained_at = 2026-01-02T03:04:05Z\nid = 77\n", config)
    host.write(CONFIG, dated.encode(), 0o600)
    output = back(project, host)
    assert rotated not in output
    assert TOKEN not in output
    after = host.read(CONFIG).decode()
    assert "concurrent = 2" in after
    assert rotated in after
    assert TOKEN not in after
    assert "id = 77" in after
    assert "2026-01-02" in after


@pytest.mark.hosts("trixie")
def test_what_the_rollback_is_not_about_is_left_as_edited(project: Project, host: LabHost) -> None:
    docker = {"live-restore": True}
    project.write({"hosts": {host.name: host_entry(host, docker=docker, gitlab_runner=runner_section())}})
    project.deploy()
    project.set(host.name, "gitlab_runner", "concurrent", value=7)
    project.deploy()
    edited = b'{\n  "live-restore": true,\n  "debug": false\n}\n'
    host.write(DAEMON, edited)
    back(project, host)
    assert b"concurrent = 2" in host.read(CONFIG)
    assert host.read(DAEMON) == edited


@pytest.mark.hosts("trixie")
def test_a_run_that_cannot_be_rolled_back_to_is_refused(project: Project, host: LabHost) -> None:
    project.write({"hosts": {host.name: host_entry(host, docker={"live-restore": True})}})
    assert "nothing to undo" in back(project, host, code=1)
    project.deploy()
    assert "run 9 is not kept" in back(project, host, "--to", "9", code=1)
    project.run("rollback", host.name, "--to", "-1", "--yes", code=2)
    assert "no terminal" in project.run("rollback", host.name, code=2)
    assert "unchanged" in back(project, host, "--to", "1")


@pytest.mark.hosts("trixie")
def test_a_pruned_run_is_no_target_any_more_and_the_time_before_the_first_is(project: Project, host: LabHost) -> None:
    host.write(DAEMON, b'{"live-restore": true}\n')
    host.run("systemctl reload docker")
    entry = host_entry(host, docker={"live-restore": True}, gitlab_runner=runner_section(), runs={"keep": 1})
    project.write({"hosts": {host.name: entry}})
    for number in range(3, 6):
        project.set(host.name, "gitlab_runner", "concurrent", value=number)
        project.set(host.name, "docker", "debug", value=number > 3)
        project.deploy()
    # the last, and the last that brought daemon.json; a run prunes after it has told its end
    until(
        "the others are pruned", lambda: host.run("ls /var/lib/runnerops/runs").stdout.split() == ["2", "3"], seconds=10
    )
    assert "run 1 is not kept" in back(project, host, "--to", "1", code=1)
    back(project, host)
    assert b"concurrent = 4" in host.read(CONFIG)
    rotated = "glrt-lab-" + "r" * 17
    host.write(CONFIG, host.read(CONFIG).replace(TOKEN.encode(), rotated.encode()), 0o600)
    back(project, host, "--to", "0", "--allow", "drop-runner")
    assert (host.docker_info("{{.Debug}}"), host.read(CONFIG)) == ("false", b"")
    back(project, host)
    assert host.docker_info("{{.Debug}}") == "true"
    assert rotated in host.read(CONFIG).decode()
    project.set(host.name, "gitlab_runner", "concurrent", value=4)
    assert "unchanged" in project.deploy()
    assert rotated in host.read(CONFIG).decode()
