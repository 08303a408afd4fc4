"""A first deploy that is cut off is finished by the next one; nothing owed is forgotten.

Each fault once, by the command line as a user types it: the matrix in `faults/` strikes at every kind of step.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.lab.forked import Forked
from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project, whole_host
from tests.lab.proxy import Proxy
from tests.lab.shell import until

pytestmark = pytest.mark.hosts("bookworm", "trixie", turns=True)  # nothing here depends on Docker's version


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab, host: LabHost) -> Project:
    project = Project(tmp_path, lab)
    project.write({"hosts": {host.name: whole_host(host, lab.hub)}})
    return project


def start(project: Project) -> Forked:
    return project.start("deploy", "--yes", "-v")


def wait_step(deploy: Forked, word: str) -> None:
    """Read the deploy's own progress until a line of its run has the word."""
    begun = False
    for line in deploy.stdout:
        begun = begun or line.endswith(": docker\n")
        if begun and word in line:
            return
    raise AssertionError(f"no step with {word!r}")


def end(deploy: Forked, number: int) -> None:
    deploy.send_signal(number)
    deploy.communicate(120)


def converged(project: Project, host: LabHost) -> None:
    """A plain second deploy ends in sync, with every service running what its file says."""
    until(
        "no run is alive",
        lambda: "runnerops-" not in host.run("systemctl list-units 'runnerops-*' --no-legend").stdout,
        seconds=120,
    )
    project.deploy()
    assert "unchanged" in project.deploy()
    assert host.docker_info("{{json .RegistryConfig.Mirrors}}") == '["http://172.17.0.1:5000/"]'
    assert host.docker_info("{{.LiveRestoreEnabled}}") == "true"
    assert host.get("http://172.17.0.1:5000/v2/")[0] == 200
    assert host.active("gitlab-runner") == "active"
    assert host.run("ls /var/lib/runnerops/intents").stdout == ""
    debris = "find /etc/docker /etc/gitlab-runner /opt/registry -name '.*runnerops*'"
    assert host.run(debris).stdout == ""


def test_a_killed_client_changes_nothing_about_the_run(project: Project, host: LabHost) -> None:
    deploy = start(project)
    wait_step(deploy, ": registry")
    end(deploy, signal.SIGKILL)
    converged(project, host)


def test_a_client_that_lost_its_connection_follows_to_the_end(project: Project, host: LabHost) -> None:
    with Proxy(host.address, host.port) as proxy:
        project.known_hosts.write_text(host.host_key("127.0.0.1", proxy.port) + "\n")
        tree = project.tree
        tree["hosts"][host.name] |= {"address": "127.0.0.1", "ssh": {"user": "root", "port": proxy.port}}
        project.write(tree)
        deploy = start(project)
        wait_step(deploy, "swap /etc/docker/daemon.json")
        proxy.cut()
        proxy.restore()
        output = deploy.communicate(120)
        assert deploy.returncode == 0, output
        assert "applied" in output
        converged(project, host)


def test_a_killed_run_is_rolled_back_and_the_next_deploy_acts(project: Project, host: LabHost) -> None:
    deploy = start(project)
    wait_step(deploy, ": swap /opt/registry/docker-compose.yml")
    host.run("systemctl kill -s KILL --kill-who=all 'runnerops-*'", check=False)
    deploy.communicate(120)
    converged(project, host)


def test_a_host_that_loses_power_after_a_swap_is_finished_by_the_next_deploy(project: Project, host: LabHost) -> None:
    deploy = start(project)
    wait_step(deploy, "swap /opt/registry/docker-compose.yml")
    host.kill()
    end(deploy, signal.SIGTERM)
    host.boot()
    converged(project, host)
