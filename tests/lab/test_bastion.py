"""A fleet behind a bastion that alone reaches it, with the SSH server as Debian 13 ships it: PerSourcePenalties and all."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project
from tests.lab.shell import until
from tests.lab.ssh import answers, make_key

PORT = 2222
LOG = "/run/shipped.log"
SHIPPED = f"""
sed 's/^Include/#&/' /etc/ssh/sshd_config >/run/shipped.conf
/usr/sbin/sshd -f /run/shipped.conf -p {PORT} -E {LOG} -o LogLevel=VERBOSE -o PidFile=/run/shipped.pid
"""
GONE = 30
"""Hosts that the bastion does not reach either; there are ten connections that it would let in at once."""


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab) -> Iterator[Project]:
    """Two hosts with a second address each, at which nobody but the bastion is let in."""
    bastion, behind = lab.trixie, (lab.bookworm, lab.docker28)
    for host in lab.hosts:
        host.reset()
    project = Project(tmp_path, lab)
    lines = [bastion.host_key(port=PORT)]
    hosts: dict[str, object] = {}
    for host in behind:
        host.run(f"ip address add {inner(host)}/32 dev eth0; iptables -I INPUT {rule(host, bastion)}")
        lines.append(host.host_key(inner(host)))
        hosts[host.name] = {"address": inner(host)}
    project.known_hosts.write_text("".join(f"{line}\n" for line in lines))
    ssh = {"user": "root", "gateway": f"root@{bastion.address}:{PORT}"}
    project.write({"defaults": {"ssh": ssh, "docker": {"live-restore": True}}, "hosts": hosts})
    bastion.run(SHIPPED)
    until("the bastion's sshd", lambda: answers(bastion.address, PORT), seconds=30)
    yield project
    bastion.run(f"kill $(cat /run/shipped.pid); rm -f /run/shipped.* {LOG}")
    for host in behind:
        host.run(f"iptables -D INPUT {rule(host, bastion)}; ip address del {inner(host)}/32 dev eth0")


def inner(host: LabHost) -> str:
    return str(ip_address(host.address) + 100)


def rule(host: LabHost, bastion: LabHost) -> str:
    return f"-d {inner(host)} -p tcp ! -s {bastion.address} -j REJECT --reject-with tcp-reset"


def test_a_fleet_behind_a_bastion_as_it_is_shipped(project: Project, lab: Lab, tmp_path: Path) -> None:
    bastion = lab.trixie

    def log() -> str:
        return bastion.read(LOG).decode()

    assert not answers(inner(lab.bookworm))
    assert "applied" in project.deploy()
    assert log().count("Accepted publickey") == 1, "of both hosts"

    unreachable = {
        f"gone-{number}": {"address": f"127.0.1.{number}", "ssh": {"port": 9}} for number in range(1, GONE + 1)
    }
    project.write({**project.tree, "hosts": {**project.tree["hosts"], **unreachable}})
    for _ in range(2):  # what ends without a login, what is not reached: nothing of it counts against us
        project.set("bookworm", "docker", value={"live-restore": "x"})
        assert "live-restore" in project.run("diff", code=1)
        project.set("bookworm", "docker", value={})
        output = project.run("diff", code=1)
        assert f"{GONE} hosts unreachable: gone-[1:{GONE}]" in output, output
        assert "the gateway cannot reach it" in output
    assert "activating" not in log()

    make_key(tmp_path / "other", "other")
    failed = log().count("Failed publickey")
    output = project.run("diff", code=1, SSH_PRIVATE_KEY=str(tmp_path / "other"))
    assert f"{GONE + 2} hosts unreachable" in output
    assert "authentication failed" in output
    assert log().count("Failed publickey") <= failed + 1, "one for all of them"
    assert "activating" not in log()

    lock_out(bastion, tmp_path / "other", project.known_hosts)
    assert "activating" in log()
    output = project.run("diff", "bookworm", "docker28", code=None)
    assert "refuses connections from this address for some time" in output
    assert "PerSourcePenalties" in output
    within_a_minute = (project.run("diff", "bookworm", "docker28", code=None) for _ in range(5))
    assert any("2 hosts: 0 to change, 2 in sync" in text for text in within_a_minute), "asking does not make it longer"


def lock_out(bastion: LabHost, key: Path, known_hosts: Path) -> None:
    """As somebody who tries a wrong key again and again."""
    options = ("BatchMode=yes", "IdentitiesOnly=yes", f"UserKnownHostsFile={known_hosts}")
    target = ("-p", str(PORT), f"root@{bastion.address}", "true")
    argv = ["ssh", "-F", "none", "-i", str(key), *(f"-o{option}" for option in options), *target]
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: subprocess.run(argv, capture_output=True, timeout=60, check=False), range(5)))
