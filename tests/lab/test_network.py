"""What daemon.json says of networks is in effect when a deploy says *applied*, and a host that it would cut off comes back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project, host_entry

pytestmark = pytest.mark.hosts("trixie", "docker28")


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab, host: LabHost) -> Project:
    project = Project(tmp_path, lab)
    docker = {"live-restore": True, "bip": "10.232.0.1/24", "mtu": 1400}
    project.write({"hosts": {host.name: host_entry(host, docker=docker)}})
    return project


LISTED = {
    "labels": ["team=ci", "rack=9"],
    "insecure-registries": ["harbor.example:5000", "10.9.8.0/24"],
    "runtimes": {"other": {"path": "/usr/sbin/runc"}},
    "log-opts": {"max-size": "7m", "max-file": "2"},
    "default-shm-size": "96M",
    "default-ipc-mode": "shareable",
    "no-new-privileges": True,
    "userland-proxy": False,
    "seccomp-profile": "unconfined",
}
"""Keys whose values docker tells in lists, with others' and its own."""


def network(host: LabHost) -> dict[str, str]:
    """docker0's address, and what the default network was made with."""
    (bridge,) = json.loads(host.run("docker network inspect bridge").stdout)
    address = host.run("ip -4 -brief address show docker0").stdout.split()[2]
    return {"address": address, "mtu": bridge["Options"]["com.docker.network.driver.mtu"]}


def test_removed_keys_have_no_effect_any_more(project: Project, host: LabHost) -> None:
    project.set(host.name, "docker", value={"live-restore": True, "bip": "10.232.0.1/24", "mtu": 1400, **LISTED})
    project.deploy()
    assert network(host) == {"address": "10.232.0.1/24", "mtu": "1400"}
    host.run(f"docker run -d --restart=always --name web {host.busybox_image} sleep 600")
    project.set(host.name, "docker", value={"live-restore": True})
    project.deploy()
    assert network(host) == {"address": "172.17.0.1/16", "mtu": "1500"}
    form = "{{.State.Running}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    assert host.run(f"docker inspect web -f '{form}'").stdout == "true 172.17.0.2\n"
    assert host.docker_info("{{.LiveRestoreEnabled}}") == "true"
    project.diff("--exit-code")  # 0: nothing to do


@pytest.mark.hosts("trixie")
def test_live_restore_that_the_unit_gives(project: Project, host: LabHost) -> None:
    """No file may name it then: what needs every container to end waits until none runs, and is then in effect."""
    place = "/etc/systemd/system/docker.service.d/live.conf"
    start = host.run("systemctl show -p ExecStart --value docker").stdout.partition("argv[]=")[2].partition(" ;")[0]
    host.write(place, f"[Service]\nExecStart=\nExecStart={start} --live-restore\n".encode())
    host.run("systemctl daemon-reload && systemctl restart docker")
    host.run(f"docker run -d --restart=always --name web {host.busybox_image} sleep 600")
    project.set(host.name, "docker", value={"log-opts": {"max-size": "7m"}})
    began = host.run("docker inspect web -f '{{.State.StartedAt}}'").stdout
    assert "keeps running (web)" in project.deploy("-v")
    assert host.run("docker inspect web -f '{{.State.StartedAt}}'").stdout == began
    project.set(host.name, "docker", value={"bip": "10.232.0.1/24", "mtu": 1400})
    before = network(host)
    output = project.deploy(code=1)
    assert "live-restore-flag" in output
    assert "web" in output
    assert network(host) == before
    host.run("docker rm -f web")
    project.deploy()
    assert network(host) == {"address": "10.232.0.1/24", "mtu": "1400"}
    project.set(host.name, "docker", value={"mtu": 1400})  # dockerd keeps the address that it finds
    assert "live-restore-flag" in project.deploy(code=1)
    project.set(host.name, "docker", value={"mtu": 1400, "bip": "172.17.0.1/16"})
    project.deploy()
    assert network(host) == {"address": "172.17.0.1/16", "mtu": "1400"}
    assert host.docker_info("{{.LiveRestoreEnabled}}") == "true"
    project.diff("--exit-code")


def test_a_host_that_is_cut_off_comes_back(project: Project, host: LabHost, lab: Lab) -> None:
    """docker0 with the client's own address: what the host sends to the client stays there."""
    project.set(host.name, "docker", value={"live-restore": True})
    project.deploy()
    before = network(host)
    client = lab.hub.url.partition("://")[2].partition(":")[0]
    project.set(host.name, "docker", value={"live-restore": True, "bip": f"{client}/24"})
    output = project.deploy(code=1)
    assert "network-overlap" in output
    assert network(host) == before
    project.deploy("--allow", f"network-overlap@{host.name}", code=4)
    assert network(host) == before
    assert json.loads(host.read("/etc/docker/daemon.json")) == {"live-restore": True}
    shown = project.run("history", host.name)
    assert "rolled-back" in shown
    project.set(host.name, "docker", value={"live-restore": True, "bip": "10.232.0.1/24"})
    project.deploy()
    assert network(host)["address"] == "10.232.0.1/24"
