"""A cache that jobs use is proven from a container's network: a firewall that denies incoming cuts off containers alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project, cache_section, host_entry, runner_section
from tests.lab.roots import GIVEN
from tests.lab.shell import until

# the oldest Docker, and the newest that leads containers to published ports through INPUT; from 29 on they are forwarded
pytestmark = pytest.mark.hosts("bookworm", "docker28")

CACHE = "http://172.17.0.1:5000"
CONFIG = "/etc/gitlab-runner/config.toml"
DENY = """
iptables -A INPUT -i lo -j ACCEPT
iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
iptables -A INPUT -p tcp --dport 22 -j ACCEPT
iptables -A INPUT -j DROP
"""
DENY_BRIDGE = "iptables -A INPUT -i docker0 -p tcp --dport 5000 -j DROP"  # the cache's own network is another
DENY_FORWARDED = "iptables -I DOCKER-USER -i docker0 -p tcp -m conntrack --ctorigdstport 5000 -j DROP"
ALLOW = re.compile(r"^\W*(iptables -I (INPUT|DOCKER-USER) .*)$", re.MULTILINE)


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab, host: LabHost) -> Iterator[Project]:
    """A host with a firewall and a runner whose jobs have Docker; nothing is deployed."""
    project = Project(tmp_path, lab)
    host.run(DENY_BRIDGE if host.versions()["docker"].startswith("28.") else DENY)
    if forwards(host):
        host.run(DENY_FORWARDED)
    project.write({"hosts": {host.name: entry(host, lab, docker_in_docker=True)}})
    yield project
    host.run("iptables -F INPUT; iptables -F DOCKER-USER")


def forwards(host: LabHost) -> bool:
    return int(host.versions()["docker"].partition(".")[0]) >= 29


def entry(host: LabHost, lab: Lab, **dind: object) -> dict[str, Any]:
    one = runner_section()["runners"][0]
    runner = {**one, "executor": "docker", "docker": {"image": "alpine:3", "privileged": True}, **dind}
    section = runner_section(runners=[runner])
    return host_entry(host, docker={"live-restore": True}, registry=cache_section(host, lab.hub), gitlab_runner=section)


def line_to_type(output: str, host: LabHost) -> str:
    match = ALLOW.search(output)
    assert match, output
    assert (match[2] == "DOCKER-USER") == forwards(host)
    assert ("ufw allow proto tcp" in output) == (match[2] == "INPUT")
    return match[1]


def test_a_cache_that_containers_cannot_reach_is_not_left_there(project: Project, host: LabHost) -> None:
    output = project.deploy(code=4)
    assert f"containers cannot reach {CACHE}" in output
    assert not host.exists("/etc/docker/daemon.json")
    assert not host.exists(CONFIG)
    host.run(line_to_type(output, host))
    project.deploy()
    assert "docker:dind" in host.read(CONFIG).decode()
    assert host.run("docker ps -aq --filter label=runnerops.verify").stdout == ""


@pytest.mark.hosts("docker28")
def test_jobs_of_a_network_of_their_own_ask_from_there(project: Project, host: LabHost, lab: Lab) -> None:
    """The firewall lets that one through, and the default bridge not."""
    host.run("docker network create ci")
    own_entry = entry(host, lab, docker_in_docker=True)
    own_entry["gitlab_runner"]["runners"][0]["docker"]["network_mode"] = "ci"
    project.write({"hosts": {host.name: own_entry}})
    project.deploy()
    assert "docker:dind" in host.read(CONFIG).decode()
    assert host.run("docker ps -aq --filter label=runnerops.verify").stdout == ""


@pytest.mark.hosts("docker28")
def test_rules_that_come_with_dockers_restart_and_cut_containers_off(tmp_path: Path, host: LabHost, lab: Lab) -> None:
    project, dropin = Project(tmp_path, lab), "/run/systemd/system/docker.service.d"
    sections = {"docker": {"live-restore": True}, "registry": cache_section(host, lab.hub)}
    project.write({"hosts": {host.name: host_entry(host, **sections)}})
    project.deploy()
    rule = "PREROUTING ! -i lo -p tcp --dport 5000 -j DROP"
    host.run(f"mkdir -p {dropin}; printf '[Service]\\nExecStartPost=iptables -t raw -A {rule}\\n' >{dropin}/x.conf")
    host.run("systemctl daemon-reload")
    try:
        project.set(host.name, "docker", "ip-forward-no-drop", value=True)
        output = project.deploy(code=4)
        assert f"containers reached {CACHE} before, and do not with ip-forward-no-drop" in output
        assert b"ip-forward-no-drop" not in host.read("/etc/docker/daemon.json")
    finally:
        host.run(f"rm -r {dropin}; systemctl daemon-reload; iptables -t raw -F PREROUTING")
    assert "applied" in project.deploy()


def test_jobs_are_not_newly_given_a_cache_that_they_cannot_reach(project: Project, host: LabHost, lab: Lab) -> None:
    project.write({"hosts": {host.name: entry(host, lab)}})
    assert f"containers cannot reach {CACHE}, but the daemon can" in project.deploy()
    before = host.read(CONFIG)
    project.write({"hosts": {host.name: entry(host, lab, docker_in_docker=True)}})
    output = project.deploy(code=1)
    assert f"containers cannot reach {CACHE}" in output
    assert "as it was" in output
    assert host.read(CONFIG) == before
    host.run(line_to_type(output, host))
    project.deploy()
    assert "docker:dind" in host.read(CONFIG).decode()


if GIVEN:  # no suite has a Docker with nftables

    @pytest.mark.hosts("given")
    def test_nftables_in_place_of_iptables(tmp_path: Path, host: LabHost, lab: Lab) -> None:
        project, allow = Project(tmp_path, lab), ("--allow", f"firewall-backend@{host.name}")
        sections = {"docker": {"live-restore": True}, "registry": cache_section(host, lab.hub)}
        project.write({"hosts": {host.name: host_entry(host, **sections)}})
        project.deploy()
        project.set(host.name, "docker", "firewall-backend", value="nftables")
        output = project.deploy(code=1)
        assert "iptables -P FORWARD ACCEPT" in output
        assert "install nftables" not in output
        host.run("iptables -P FORWARD DROP")
        output = project.deploy(*allow, code=4)
        assert f"containers reached {CACHE} before, and do not with firewall-backend" in output
        assert "back as it was" in output
        # what the cache asked meanwhile, without an answer, it waits for first
        until("verify passes", lambda: "10 of 10" in project.run("verify", host.name, code=None), seconds=120, every=5)
        host.run("iptables -P FORWARD ACCEPT; echo net.ipv4.ip_forward=1 >/etc/sysctl.d/50-lab.conf")
        try:
            assert "applied" in project.deploy(*allow)
            printed = host.run(
                "curl -sS --unix-socket /run/docker.sock http://localhost/info"
            ).stdout  # the client is older
            assert json.loads(printed)["FirewallBackend"]["Driver"] == "nftables"
            assert "table ip docker-bridges" in host.run("nft list tables").stdout
            project.run("verify", host.name)
            host.run("nft 'add table inet mine; add chain inet mine others { type filter hook forward priority 0; }'")
            host.run("nft add rule inet mine others iifname docker0 ct original proto-dst 5000 drop")
            line = "nft insert rule inet mine others ct original proto-dst 5000 accept"
            assert line in project.run("verify", host.name, code=1)
            host.run(line)
            project.run("verify", host.name)
            host.run("nft delete table inet mine")
            host.reboot()
            project.run("verify", host.name)
        finally:
            host.run("rm -f /etc/sysctl.d/50-lab.conf")
