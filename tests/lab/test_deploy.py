"""From an inventory to a Docker daemon that pulls through the cache, on real hosts, asked of the hosts themselves."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import TOKEN, Project, cache_section, host_entry, runner_section, whole_host
from tests.lab.shell import until

CACHE = "http://172.17.0.1:5000"
TURNS = pytest.mark.hosts(turns=True)
FILES = (
    "/etc/docker/daemon.json",
    "/etc/gitlab-runner/config.toml",
    "/opt/registry/docker-compose.yml",
    "/opt/registry/registry-config.yml",
)


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab, host: LabHost) -> Project:
    """A project with one host that has all three services; nothing is deployed."""
    project = Project(tmp_path, lab)
    project.write({"hosts": {host.name: whole_host(host, lab.hub)}})
    return project


@dataclass(frozen=True)
class Life:
    """What tells whether something acted: pids, the cache's container, files with mtimes."""

    docker: int
    runner: int
    container: str
    files: str


def life(host: LabHost) -> Life:
    ids = host.run("docker ps -q --no-trunc --filter label=com.docker.compose.project=runnerops").stdout
    files = host.run(f"stat -c '%n %Y %i %a %U:%G' {' '.join(FILES)}").stdout
    return Life(host.pid("docker"), host.pid("gitlab-runner"), ids.strip(), files)


def catalog(host: LabHost) -> list[str]:
    status, body = host.get(f"{CACHE}/v2/_catalog")
    assert status == 200, body
    repositories: list[str] = json.loads(body)["repositories"]
    return repositories


def pull(host: LabHost, image: str = "alpine:3") -> None:
    host.run(f"docker image rm -f {image} >/dev/null 2>&1; docker pull -q {image}", seconds=120)


def metric(host: LabHost, name: str) -> float:
    _, page = host.get("http://127.0.0.1:9252/metrics")
    match = re.search(rf"^{name}(?:{{.*}})? (\S+)$", page, re.MULTILINE)
    assert match, page
    return float(match[1])


def test_first_deploy_ends_with_pulls_through_the_cache(project: Project, host: LabHost, lab: Lab) -> None:
    output = project.deploy()
    assert "applied" in output
    pull(host)
    assert "library/alpine" in catalog(host)
    lab.hub.stop()
    pull(host)
    lab.hub.start()  # a proxy asks its upstream when it starts, and does not come up without
    host.reboot()
    until("the cache is back after a reboot", lambda: host.get(f"{CACHE}/v2/")[0] == 200, seconds=60)
    assert "library/alpine" in catalog(host)
    pull(host)


@TURNS
def test_later_deploys_act_on_what_differs_alone(project: Project, host: LabHost) -> None:
    project.deploy()
    before = life(host)
    runs = host.run("ls /var/lib/runnerops/runs").stdout
    output = project.deploy()
    assert "unchanged" in output
    assert life(host) == before
    assert host.run("ls /var/lib/runnerops/runs").stdout == runs
    (shown,) = project.diff()["hosts"]
    assert (shown["result"], shown["actions"], shown["blockers"]) == ("unchanged", [], [])
    the_files_are_as_private_as_they_must_be(host)
    a_stopped_service_is_started_and_said_so(project, host)
    concurrent_is_loaded_by_the_running_runner(project, host)


def the_files_are_as_private_as_they_must_be(host: LabHost) -> None:
    modes = dict(
        line.split() for line in host.run(f"stat -c '%n %a' {' '.join(FILES)} /var/lib/runnerops").stdout.splitlines()
    )
    assert modes["/etc/gitlab-runner/config.toml"] == "600"
    assert modes["/etc/docker/daemon.json"] == "644"
    assert modes["/var/lib/runnerops"] == "700"
    readable = host.run(f"grep -rl {TOKEN} /etc /opt /var/lib/runnerops /tmp | xargs -r stat -c '%n %a %U'").stdout
    assert readable.splitlines()
    for line in readable.splitlines():
        path, mode, owner = line.split()
        assert (mode, owner) == ("600", "root"), path


def a_stopped_service_is_started_and_said_so(project: Project, host: LabHost) -> None:
    host.run("systemctl stop gitlab-runner")
    assert "stopped" in project.run("diff")
    project.deploy()
    assert host.active("gitlab-runner") == "active"


def concurrent_is_loaded_by_the_running_runner(project: Project, host: LabHost) -> None:
    before = life(host)
    project.set(host.name, "gitlab_runner", "concurrent", value=7)
    (shown,) = project.diff()["hosts"]
    assert [(action["service"], action["verb"]) for action in shown["actions"]] == [("gitlab_runner", "reload")]
    project.deploy()
    after = life(host)
    assert (after.docker, after.runner, after.container) == (before.docker, before.runner, before.container)
    assert metric(host, "gitlab_runner_concurrent") == 7


def test_each_change_takes_the_least_action_that_does_it(project: Project, host: LabHost, lab: Lab) -> None:
    """One after another, on a host that has all."""
    project.deploy()
    a_mirror_unloaded_behind_our_back_is_loaded_again(project, host)
    ttl_recreates_the_cache_alone_and_it_keeps_its_content(project, host, lab)
    a_new_mirror_list_is_reloaded(project, host)
    log_opts_restart_docker_and_the_cache_lives_on(project, host)


def a_mirror_unloaded_behind_our_back_is_loaded_again(project: Project, host: LabHost) -> None:
    text = host.read("/etc/docker/daemon.json")
    pid = host.pid("docker")
    host.write("/etc/docker/daemon.json", b'{"live-restore": true, "registry-mirrors": []}')
    host.run("systemctl reload docker")
    until(
        "mirrors are gone", lambda: host.docker_info("{{json .RegistryConfig.Mirrors}}") in {"null", "[]"}, seconds=10
    )
    host.run("cat >/etc/docker/daemon.json", text.decode())
    (shown,) = project.diff()["hosts"]
    assert [action["verb"] for action in shown["actions"]] == ["reload"]
    project.deploy()
    assert host.docker_info("{{json .RegistryConfig.Mirrors}}") == f'["{CACHE}/"]'
    assert host.pid("docker") == pid


def ttl_recreates_the_cache_alone_and_it_keeps_its_content(project: Project, host: LabHost, lab: Lab) -> None:
    pull(host)
    before = life(host)
    project.write({"hosts": {host.name: whole_host(host, lab.hub, registry=cache_section(host, lab.hub, ttl="48h"))}})
    project.deploy()
    after = life(host)
    assert after.container != before.container
    assert (after.docker, after.runner) == (before.docker, before.runner)
    mount = host.run(f"docker inspect {after.container} --format '{{{{json .Mounts}}}}'").stdout
    inside = next(m["Destination"] for m in json.loads(mount) if m["Type"] == "bind")
    pid = host.run(f"docker inspect {after.container} --format '{{{{.State.Pid}}}}'").stdout.strip()
    assert b"ttl: 48h" in host.read(f"/proc/{pid}/root{inside}")
    assert "library/alpine" in catalog(host)


def a_new_mirror_list_is_reloaded(project: Project, host: LabHost) -> None:
    before = life(host)
    project.set(host.name, "docker", value={"live-restore": True, "registry-mirrors": []})
    output = project.run("diff")
    assert "last-mirror" in output
    project.deploy(code=1)
    assert life(host) == before
    project.deploy("--allow", f"last-mirror@{host.name}")
    assert host.docker_info("{{json .RegistryConfig.Mirrors}}") in {"null", "[]"}
    assert host.pid("docker") == before.docker


def log_opts_restart_docker_and_the_cache_lives_on(project: Project, host: LabHost) -> None:
    before = life(host)
    project.set(host.name, "docker", "log-opts", value={"max-size": "7m"})
    (shown,) = project.diff()["hosts"]
    assert {action["service"]: action["verb"] for action in shown["actions"]}["docker"] == "restart"
    project.deploy()
    after = life(host)
    assert after.docker != before.docker
    assert after.container == before.container
    assert "max-size" in host.read("/etc/docker/daemon.json").decode()
    until("gitlab-runner runs", lambda: host.active("gitlab-runner") == "active", seconds=10)
    assert host.get(f"{CACHE}/v2/")[0] == 200


@pytest.mark.hosts("trixie")
def test_what_only_unloads_a_key_goes_with_the_next_restart(project: Project, host: LabHost) -> None:
    """And a feature flag that only a start reads asks for one."""
    daemon, docker = "/etc/docker/daemon.json", {"live-restore": True}
    project.set(host.name, "docker", value={**docker, "debug": True})
    project.deploy()
    started = host.pid("docker")
    assert host.docker_info("{{.Debug}}") == "true"
    project.set(host.name, "docker", value=docker)
    assert "debug" in project.deploy()
    assert json.loads(host.read(daemon))["debug"] is False
    assert (host.docker_info("{{.Debug}}"), host.pid("docker")) == ("false", started)
    assert project.diff("--exit-code")["hosts"][0]["result"] == "unchanged"
    project.set(host.name, "docker", value={**docker, "features": {"cdi": True}})
    assert "restart docker (features)" in project.deploy()
    assert host.pid("docker") != started
    assert "debug" not in json.loads(host.read(daemon))
    assert host.docker_info("{{.Debug}} {{json .CDISpecDirs}}") == 'false ["/etc/cdi","/var/run/cdi"]'


def test_docker_that_is_down_is_brought_up_with_its_cache(project: Project, host: LabHost) -> None:
    host.run("systemctl stop docker.socket docker")
    project.deploy()
    assert host.docker_info("{{json .RegistryConfig.Mirrors}}") == f'["{CACHE}/"]'
    pull(host)
    assert "library/alpine" in catalog(host)


@TURNS
@pytest.mark.hosts("bookworm", "trixie")
def test_root_may_have_another_daemon_as_his_own(project: Project, host: LabHost) -> None:
    """By a context of Docker's client, and by a variable that only logins have: what is deployed is the host's daemon."""
    elsewhere = "tcp://127.0.0.1:9"
    host.run(f"docker context create elsewhere --docker host={elsewhere} && docker context use elsewhere")
    host.run(f"cp /etc/environment /run/environment; echo DOCKER_HOST={elsewhere} >>/etc/environment")
    try:
        output = project.deploy() + project.deploy()
    finally:
        host.run("mv /run/environment /etc/environment; rm -rf /root/.docker")
    assert "applied" in output
    assert "unchanged" in output
    assert catalog(host) == []
    assert host.run("docker info -f '{{.LiveRestoreEnabled}}'").stdout.strip() == "true"


def test_diff_and_check_write_nothing(project: Project, host: LabHost) -> None:
    busy = "-not -path '/var/lib/docker/*' -not -path '/var/lib/containerd/*' -not -name .runner_system_id"
    listing = f"find /etc /opt /var/lib /root /home /srv /usr -xdev -newer /tmp/mark {busy} -type f"
    host.run("touch /tmp/mark")
    project.run("check")
    assert "new" in project.run("diff")
    project.run("diff", "--exit-code", code=3)
    assert host.run(listing).stdout == ""
    assert not host.exists("/var/lib/runnerops")


def test_an_image_that_cannot_be_pulled_changes_nothing(project: Project, host: LabHost, lab: Lab) -> None:
    before = host.run("docker ps -aq; docker network ls -q; docker volume ls -q").stdout
    pids = host.pid("docker"), host.pid("gitlab-runner")
    project.write(
        {"hosts": {host.name: whole_host(host, lab.hub, registry=cache_section(host, lab.hub, image="registry:9.9.9"))}}
    )
    output = project.deploy(code=1)
    assert "registry:9.9.9" in output
    assert "as it was" in output
    assert not any(host.exists(path) for path in FILES if "docker/daemon" in path or "registry" in path)
    assert host.run("docker ps -aq; docker network ls -q; docker volume ls -q").stdout == before
    assert (host.pid("docker"), host.pid("gitlab-runner")) == pids


@TURNS
def test_a_user_with_sudo(project: Project, host: LabHost) -> None:
    project.set(host.name, "ssh", value={"user": "deploy"})
    project.deploy()
    pull(host)
    assert "library/alpine" in catalog(host)
    assert "unchanged" in project.deploy()


@TURNS
def test_a_user_without_sudo_is_told_so(project: Project, host: LabHost) -> None:
    project.set(host.name, "ssh", value={"user": "nosudo"})
    output = project.deploy(code=1)
    assert "sudo" in output
    assert not host.exists("/var/lib/runnerops")


def test_two_caches_on_one_host(project: Project, host: LabHost, lab: Lab) -> None:
    caches: list[dict[str, object]] = [
        {"upstream": lab.hub.url, "serves": "docker.io", "image": host.registry_image},
        {
            "name": "quay",
            "upstream": lab.hub.url,
            "serves": "quay.io",
            "listen": "172.17.0.1:5001",
            "image": host.registry_image,
        },
    ]
    project.write({"hosts": {host.name: host_entry(host, docker={}, registry={"caches": caches})}})
    project.deploy()
    assert host.get("http://172.17.0.1:5001/v2/")[0] == 200
    assert host.docker_info("{{json .RegistryConfig.Mirrors}}") == f'["{CACHE}/"]'
    first = life_of_caches(host)
    caches[1]["config"] = {"log": {"level": "debug"}}
    project.write({"hosts": {host.name: host_entry(host, docker={}, registry={"caches": caches})}})
    project.deploy()
    second = life_of_caches(host)
    assert second["dockerhub"] == first["dockerhub"]
    assert second["quay"] != first["quay"]
    project.write({"hosts": {host.name: host_entry(host, docker={}, registry={"caches": caches[:1]})}})
    project.deploy()
    assert life_of_caches(host) == {"dockerhub": first["dockerhub"]}
    assert not host.exists("/opt/registry/registry-config.quay.yml")
    assert "runnerops-quay" in host.run("docker volume ls -q").stdout


def life_of_caches(host: LabHost) -> dict[str, str]:
    form = '{{.Label "com.docker.compose.service"}} {{.ID}}'
    output = host.run(
        f"docker ps --no-trunc --filter label=com.docker.compose.project=runnerops --format '{form}'"
    ).stdout
    return dict(line.split() for line in output.splitlines())


@TURNS
def test_only_the_runner_on_a_host_without_docker_section(project: Project, host: LabHost) -> None:
    project.write({"hosts": {host.name: host_entry(host, gitlab_runner=runner_section())}})
    project.deploy()
    assert metric(host, "gitlab_runner_concurrent") == 2
    assert not host.exists("/etc/docker/daemon.json")
