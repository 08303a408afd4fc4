"""What would end a live runner, or cannot be fetched, changes nothing on the host."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.faults import answers
from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project, cache_section, runner_section, whole_host

pytestmark = pytest.mark.hosts("bookworm", "trixie", turns=True)

HARMFUL = {"concurrent": 0, "token": "glrt-of two words"}
"""One ends a live runner on its hot reload, the other leaves it without jobs."""


@pytest.fixture(name="project")
def fixture_project(lab: Lab, host: LabHost, tmp_path: Path) -> Project:
    project = Project(tmp_path, lab)
    project.write({"hosts": {host.name: whole_host(host, lab.hub)}})
    return project


@pytest.mark.parametrize("key", HARMFUL)
def test_a_config_that_harms_a_live_runner_never_reaches_it(project: Project, host: LabHost, key: str) -> None:
    project.deploy()
    runs = host.run("ls /var/lib/runnerops/runs").stdout
    pid, content = host.pid("gitlab-runner"), host.read(answers.CONFIG)
    section = runner_section()
    (section if key in section else section["runners"][0])[key] = HARMFUL[key]
    project.set(host.name, "gitlab_runner", value=section)
    output = project.deploy(code=1)
    assert key in output
    assert host.run("ls /var/lib/runnerops/runs").stdout == runs
    assert (host.pid("gitlab-runner"), host.read(answers.CONFIG)) == (pid, content)


def test_an_image_that_cannot_be_pulled_leaves_the_host_as_it_was(project: Project, host: LabHost, lab: Lab) -> None:
    host.run(f"docker run -d --name theirs {host.busybox_image} sleep 600")
    before = untouched(host)
    section = cache_section(host, lab.hub, image="registry:9.9.9")
    project.write({"hosts": {host.name: whole_host(host, lab.hub, registry=section)}})
    output = project.deploy("--allow", "stop-containers", code=1)
    assert "registry:9.9.9" in output
    assert untouched(host) == before


def untouched(host: LabHost) -> tuple[object, ...]:
    """Other containers with their starts, networks, volumes, images, files and processes."""
    commands = (
        "docker ps -aq --no-trunc",
        "docker inspect theirs --format '{{.State.StartedAt}} {{.State.Pid}}'",
        "docker network ls -q; docker volume ls -q; docker images -q | sort",  # of one age they come in any order
        "find /etc/docker /opt/registry /etc/gitlab-runner -type f ! -name .runner_system_id 2>/dev/null",
    )
    output = [host.run(command, check=False).stdout for command in commands]
    return *output, host.pid("docker"), host.pid("gitlab-runner")
