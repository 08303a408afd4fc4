"""`remove` leaves a host as it was before the first deploy, whatever cuts it off, and can be undone."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import TOKEN, Project, whole_host
from tests.lab.shell import until

DAEMON, CONFIG, COMPOSE = (
    "/etc/docker/daemon.json",
    "/etc/gitlab-runner/config.toml",
    "/opt/registry/docker-compose.yml",
)
OURS = "http://172.17.0.1:5000"
STATE = "/var/lib/runnerops"
REGISTRIES = "{{json .RegistryConfig.Mirrors}} {{range .RegistryConfig.IndexConfigs}}{{.Name}} {{.Secure}} {{end}}"
INFO = REGISTRIES + " {{.LiveRestoreEnabled}} {{.LoggingDriver}} {{json .Labels}} {{.Debug}} {{.Driver}}"
EVERYTHING = f"""
find /etc /opt /srv /usr/local /home /root -xdev ! -path '*.wants/gitlab-runner.service' ! -path '*/.cache*' \
    \\( -type f -o -type d -o -type l \\) ! -name '.runner_system_id' ! -name '.*_history' -printf '%y %m %u:%g %p %l\\n' | sort
find /etc /opt /srv -xdev -type f ! -name '.runner_system_id' -exec sha256sum {{}} + | sort
docker ps -a --format '{{{{.Names}}}} {{{{.Image}}}}'
docker volume ls -q; docker network ls --format '{{{{.Name}}}}'
docker images --format '{{{{.Repository}}}}:{{{{.Tag}}}}' | sort
systemctl is-enabled docker docker.socket; systemctl is-active docker docker.socket
docker info --format '{INFO}'
docker create --name lab-probe IMAGE true >/dev/null
docker inspect -f '{{{{json .HostConfig.LogConfig}}}}' lab-probe; docker rm lab-probe
"""
"""What a deploy can leave anywhere; of the runner, which is to stay stopped, what is said apart."""

BY_HAND = f"""# by hand
concurrent = 1

[[runners]]
  name = "one"
  url = "http://127.0.0.1:9"
  token = "{TOKEN}"
  executor = "shell"
"""


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab) -> Project:
    return Project(tmp_path, lab)


def everything(host: LabHost) -> str:
    return host.run(EVERYTHING.replace("IMAGE", host.busybox_image)).stdout


def remove(project: Project, host: LabHost, *words: str, code: int = 0) -> str:
    return project.run("remove", host.name, "--yes", *words, code=code)


def works(project: Project, host: LabHost) -> None:
    """All that the inventory asks for is there again."""
    assert project.diff("--exit-code")["hosts"][0]["result"] == "unchanged"
    assert host.docker_info("{{json .RegistryConfig.Mirrors}}") == f'["{OURS}/"]'
    assert host.get(f"{OURS}/v2/")[0] == 200
    assert host.active("gitlab-runner") == "active"
    assert "enabled" in host.run("systemctl is-enabled gitlab-runner").stdout


def rests(host: LabHost) -> None:
    assert host.active("gitlab-runner") == "inactive"
    assert host.run("systemctl is-enabled gitlab-runner", check=False).stdout.strip() == "disabled"


def test_a_host_is_as_before_the_first_deploy(project: Project, host: LabHost, lab: Lab) -> None:
    host.write(DAEMON, b'{ "log-opts": {"max-size": "5m"} }\n', 0o640)
    host.run("systemctl restart docker")
    before = everything(host)
    docker = {"live-restore": True, "insecure-registries": ["10.9.9.9:5000"], "log-opts": {"max-size": "7m"}}
    project.write({"hosts": {host.name: whole_host(host, lab.hub, docker=docker)}})
    project.deploy("--allow", "unmanaged-file")
    project.set(host.name, "docker", "log-opts", "max-size", value="9m")
    project.deploy()
    printed = project.run("remove", host.name, "--dry-run")
    assert "remove registry" in printed
    assert project.diff()["hosts"][0]["result"] == "unchanged"
    output = remove(project, host)
    assert set(printed.splitlines()) <= set(output.splitlines())
    assert "still registered in GitLab: one" in output
    assert "inventory.yml:" in output
    assert TOKEN not in output
    rests(host)
    volume = "runnerops-dockerhub\n"
    assert volume in host.run("docker volume ls -q").stdout
    assert everything(host).replace(volume, "") == before
    assert "remove by" in project.run("history", host.name)
    assert [blocker["code"] for blocker in project.diff()["hosts"][0]["blockers"]] == ["unmanaged-file"]  # theirs again
    assert "no longer managed" not in project.run("status", host.name, code=None)
    assert "unchanged" in remove(project, host)
    project.run("rollback", host.name, "--yes")
    works(project, host)
    assert TOKEN.encode() in host.read(CONFIG)
    assert "all records of runs and originals there are deleted" in remove(project, host, "--volumes", "--forget")
    rests(host)
    assert everything(host) == before
    assert not host.exists(STATE)
    assert host.run("systemctl list-units --all --plain --no-legend 'runnerops-*'").stdout == ""
    assert "unchanged" in remove(project, host)


@pytest.mark.hosts("trixie")
def test_one_service_goes_and_what_others_wrote_stays(project: Project, host: LabHost, lab: Lab) -> None:
    host.write(CONFIG, BY_HAND.encode(), 0o600)
    host.run("systemctl restart gitlab-runner")
    project.write({"hosts": {host.name: whole_host(host, lab.hub)}})
    project.run("deploy", host.name, "--yes", "--allow", "unmanaged-file")
    output = remove(project, host, "registry", code=1)
    assert "cache-in-use" in output
    assert f"still a mirror of {host.name}" in output
    host.write(DAEMON, host.read(DAEMON).replace(b"{", b'{\n  "debug": true,', 1))
    rotated = "glrt-lab-" + "r" * 17
    host.write(CONFIG, host.read(CONFIG).replace(TOKEN.encode(), rotated.encode()), 0o600)
    pid, runner = host.pid("docker"), host.pid("gitlab-runner")
    output = remove(project, host, "docker")
    assert "reload docker" in output
    assert (host.pid("docker"), host.pid("gitlab-runner")) == (pid, runner)
    assert host.read(DAEMON) == b'{\n  "debug": true\n}\n'
    assert host.docker_info("{{json .RegistryConfig.Mirrors}} {{.LiveRestoreEnabled}}") in {"[] false", "null false"}
    assert host.get(f"{OURS}/v2/")[0] == 200
    output = remove(project, host, "registry")
    assert host.get(f"{OURS}/v2/")[0] == 0
    assert not host.exists("/opt/registry")
    assert host.pid("gitlab-runner") == runner
    host.run("systemctl stop gitlab-runner")
    assert "unchanged" in remove(project, host, "docker")
    output = remove(project, host)
    assert rotated not in output
    rests(host)
    assert host.read(CONFIG).decode().count(rotated) == 1
    assert "listen_address" not in host.read(CONFIG).decode()
    assert "concurrent = 1" in host.read(CONFIG).decode()


def cut(project: Project, host: LabHost, word: str, how: Sequence[str]) -> None:
    """A removal whose run is killed at the step with this word; or whose host loses its power there."""
    process = project.start("remove", host.name, "--yes", "-v")
    begun, output = False, ""
    for line in process.stdout:
        output += line
        begun = begun or line.endswith(": docker\n")
        if begun and word in line:
            break
    else:
        raise AssertionError(f"no step with {word!r}: {output}")
    if how:
        host.run(" ".join(how), check=False)
        process.communicate(120)
    else:
        host.kill()
        process.send_signal(signal.SIGTERM)
        process.communicate(60)
        host.boot()
    until(
        "no run is alive",
        lambda: "runnerops-" not in host.run("systemctl list-units 'runnerops-*' --no-legend").stdout,
        seconds=120,
    )


@pytest.mark.hosts("trixie")
def test_an_interrupted_removal_is_rolled_back_or_finished_by_the_next(
    project: Project, host: LabHost, lab: Lab
) -> None:
    before = everything(host)
    project.write({"hosts": {host.name: whole_host(host, lab.hub)}})
    project.deploy()
    for word in ("swap /etc/docker/daemon.json", "remove /opt/registry/docker-compose.yml", ": gitlab-runner"):
        for _ in range(5):
            cut(project, host, word, ("systemctl kill -s KILL --kill-who=all 'runnerops-*'",))
            if project.diff()["hosts"][0]["last_run"]["end"] != "applied":
                break
            project.deploy()  # the run was over before it could be killed
        works(project, host)
    cut(project, host, "remove /opt/registry/docker-compose.yml", ())
    remove(project, host, "--volumes", "--forget")
    rests(host)
    assert everything(host) == before
    assert not host.exists(STATE)
