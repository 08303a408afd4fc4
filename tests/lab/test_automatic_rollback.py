"""What a service refuses only once it runs: the run goes back by itself, and says what the service said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project, cache_section, host_entry

DAEMON = "/etc/docker/daemon.json"


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab) -> Project:
    return Project(tmp_path, lab)


def test_a_daemon_json_that_dockerd_takes_for_good_and_refuses(project: Project, host: LabHost) -> None:
    """Twice within a minute: the unit's limit of starts does not stand in the way back."""
    project.write({"hosts": {host.name: host_entry(host, docker={"live-restore": True})}})
    project.deploy()
    host.run(f"docker run -d --name kept {host.busybox_image} sleep 600")
    before, containers = host.read(DAEMON), host.run("docker ps -q").stdout
    project.set(
        host.name,
        "docker",
        value={"live-restore": True, "log-driver": "journal:latest", "log-opts": {"max-size": "9m"}},
    )
    for _ in range(2):
        output = project.deploy(code=4)
        assert "back as it was" in output
        assert "journal" in output
        assert "docker is " in output
        assert host.read(DAEMON) == before
        assert host.active("docker") == "active"
        assert host.run("docker ps -q").stdout == containers
    history = project.run("history", host.name)
    assert history.count("rolled-back") == 2
    assert "failed step: restart docker" in history
    assert project.diff()["hosts"][0]["last_run"]["end"] == "rolled-back"
    project.set(host.name, "docker", value={"live-restore": True})
    assert "unchanged" in project.deploy()


def test_a_config_that_the_registry_panics_of(project: Project, host: LabHost, lab: Lab) -> None:
    ignore = {"C009": "an image of our own has it"}  # what it has not, else no deploy would begin
    project.write({"hosts": {host.name: host_entry(host, registry=cache_section(host, lab.hub), ignore=ignore)}})
    project.deploy()
    config = host.read("/opt/registry/registry-config.yml")
    host.run(f"docker run -d --name kept {host.busybox_image} sleep 600")
    started_at = host.run("docker inspect --format '{{.State.StartedAt}}' kept").stdout
    broken = {"middleware": {"storage": [{"name": "none-such"}]}}
    project.set(host.name, "registry", "caches", 0, "config", value=broken)
    output = project.deploy("--verify-timeout", "6s", code=4)
    assert "back as it was" in output
    assert "cache dockerhub: " in output
    assert "none-such" in output
    assert host.read("/opt/registry/registry-config.yml") == config
    assert host.get("http://172.17.0.1:5000/v2/")[0] == 200
    assert host.run("docker inspect --format '{{.State.StartedAt}}' kept").stdout == started_at
    assert host.run("ls /var/lib/runnerops/intents").stdout == ""


@pytest.mark.hosts("trixie")
def test_after_a_failed_rollback_it_is_said_what_to_look_at(project: Project, host: LabHost) -> None:
    project.write({"hosts": {host.name: host_entry(host, docker={"live-restore": True})}})
    project.deploy()
    host.write(
        "/etc/systemd/system/docker.service.d/late.conf",
        b"[Service]\nExecStartPre=/bin/sh -c 'echo out of order; false'\n",
    )
    host.run("systemctl daemon-reload")
    try:
        project.set(host.name, "docker", "log-opts", value={"max-size": "7m"})
        output = project.deploy(code=5)
        assert "manual intervention needed" in output
        assert "docker is " in output
        assert "out of order" in output
        assert "needs-attention" in project.run("history", host.name)
        assert project.run("history", host.name, "--follow", code=5)
    finally:
        host.run(
            "rm -r /etc/systemd/system/docker.service.d/late.conf; systemctl daemon-reload; "
            "systemctl reset-failed docker; systemctl start docker"
        )
    assert "applied" in project.deploy()
