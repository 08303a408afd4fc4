"""What a deploy does not do unasked: each stop on a real host names what is in the way, and nothing there is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import TOKEN, Project, cache_section, host_entry, runner_section, whole_host
from tests.lab.shell import until

pytestmark = pytest.mark.hosts(turns=True)


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab, host: LabHost) -> Project:
    project = Project(tmp_path, lab)
    project.write({"hosts": {host.name: whole_host(host, lab.hub)}})
    return project


def stops(project: Project, code: int = 0) -> set[str]:
    (shown,) = project.diff(code=code)["hosts"]
    return {stop["code"] for stop in shown["blockers"]}


def refused(project: Project, host: LabHost, code: str, *names: str) -> None:
    """diff and deploy both say the code and what is in the way; the host has no trace of a run."""
    has_state = host.exists("/var/lib/runnerops")
    output = project.deploy(code=1)
    assert code in output
    for name in names:
        assert name in output, output
    assert host.exists("/var/lib/runnerops") == has_state


def test_files_made_by_hand_are_listed_and_kept_until_allowed(project: Project, host: LabHost) -> None:
    host.write("/etc/docker/daemon.json", b'{"debug": true, "log-opts": {"max-file": "3"}}')
    before = host.read("/etc/docker/daemon.json")
    refused(project, host, "unmanaged-file", "debug", "log-opts", f"--allow unmanaged-file@{host.name}")
    assert host.read("/etc/docker/daemon.json") == before
    project.deploy("--allow", f"unmanaged-file@{host.name}")
    assert (
        "debug" not in json.loads(host.read("/etc/docker/daemon.json"))
        or not json.loads(host.read("/etc/docker/daemon.json"))["debug"]
    )
    originals = host.run("cat /var/lib/runnerops/originals/*daemon.json").stdout
    assert originals.encode() == before


def test_a_file_of_equal_meaning_is_left_as_it_is(project: Project, host: LabHost) -> None:
    project.write({"hosts": {host.name: host_entry(host, docker={"live-restore": True, "registry-mirrors": []})}})
    text = b'{ "registry-mirrors":[],\n\n  "live-restore" : true}\n'
    host.write("/etc/docker/daemon.json", text)
    host.run("systemctl reload docker")
    until("live-restore is loaded", lambda: host.docker_info("{{.LiveRestoreEnabled}}") == "true", seconds=10)
    stat = host.run("stat -c '%i %Y' /etc/docker/daemon.json").stdout
    assert stops(project) == set()
    project.deploy()
    assert host.read("/etc/docker/daemon.json") == text
    assert host.run("stat -c '%i %Y' /etc/docker/daemon.json").stdout == stat
    project.write(
        {"hosts": {host.name: host_entry(host, docker={"live-restore": True, "registry-mirrors": [], "debug": True})}}
    )
    project.deploy()


def test_a_runner_registered_by_hand_keeps_its_token(project: Project, host: LabHost) -> None:
    runner = f'name = "one"\nurl = "http://127.0.0.1:9/"\nid = 7\ntoken = "{TOKEN}"\nexecutor = "shell"\n'
    by_hand = f"concurrent = 1\n# mine\n[[runners]]\n{runner}"
    host.write("/etc/gitlab-runner/config.toml", by_hand.encode(), 0o600)
    section = runner_section()
    del section["runners"][0]["token"]
    project.write({"hosts": {host.name: host_entry(host, gitlab_runner=section)}})
    output = project.run("diff")
    assert TOKEN not in output
    project.deploy("--allow", "unmanaged-file")
    written = host.read("/etc/gitlab-runner/config.toml").decode()
    assert TOKEN in written
    assert "id = 7" in written
    assert "concurrent = 2" in written


def test_a_runner_that_would_vanish(project: Project, host: LabHost) -> None:
    project.deploy()
    written = host.read("/etc/gitlab-runner/config.toml").decode()
    other = f'\n[[runners]]\nname = "by-hand"\nurl = "http://127.0.0.1:9"\ntoken = "{TOKEN}x"\nexecutor = "shell"\n'
    host.write("/etc/gitlab-runner/config.toml", (written + other).encode(), 0o600)
    refused(project, host, "drop-runner", "by-hand")


def test_a_runner_without_any_token_is_blocked(project: Project, host: LabHost) -> None:
    section = runner_section()
    del section["runners"][0]["token"]
    project.write({"hosts": {host.name: host_entry(host, gitlab_runner=section)}})
    refused(project, host, "no-token", "one")


def test_another_container_on_the_port_of_a_cache_is_blocked(project: Project, host: LabHost) -> None:
    host.run(f"docker run -d --name theirs -p 172.17.0.1:5000:80 {host.busybox_image} sleep 600")
    refused(project, host, "port-taken", "theirs")
    assert host.run("docker inspect theirs --format '{{.State.Running}}'").stdout.strip() == "true"


def test_an_address_that_the_host_does_not_have(project: Project, host: LabHost, lab: Lab) -> None:
    section = cache_section(host, lab.hub, listen="192.0.2.77:5000")
    project.write({"hosts": {host.name: whole_host(host, lab.hub, registry=section)}})
    refused(project, host, "listen-not-here", "192.0.2.77")


def test_a_key_that_the_unit_sets_as_a_flag(project: Project, host: LabHost) -> None:
    project.write({"hosts": {host.name: host_entry(host, docker={"containerd": "/run/containerd/containerd.sock"})}})
    refused(project, host, "set-as-flag", "containerd")


@pytest.mark.hosts("trixie")
def test_rules_run_again_with_the_versions_of_the_host(project: Project, host: LabHost) -> None:
    """`check`, which knows no version, has no error of these."""
    removed = {
        "name": "one",
        "url": "http://127.0.0.1:9",
        "token": TOKEN,
        "executor": "docker-ssh",
        "ssh": {},
        "docker": {},
    }
    for section, rule, message in (
        ({"docker": {"allow-direct-routing": True}}, "D002", "before 28.2"),
        ({"gitlab_runner": runner_section(runners=[removed])}, "R003", "since 16.0"),
    ):
        project.write({"hosts": {host.name: host_entry(host, **section)}})
        project.run("check")
        assert [
            finding["severity"] for finding in project.diff(code=1)["hosts"][0]["findings"] if finding["rule"] == rule
        ] == ["error"]
        refused(project, host, rule, message)


@pytest.mark.hosts("trixie")
def test_a_place_where_docker_cannot_listen(project: Project, host: LabHost) -> None:
    """`dockerd --validate` finds neither, and dockerd does not start."""
    for place, code, who in (
        ("127.0.0.1:22", "port-taken", "sshd"),
        ("192.0.2.77:9323", "listen-not-here", "192.0.2.77"),
    ):
        project.write({"hosts": {host.name: host_entry(host, docker={"metrics-addr": place})}})
        refused(project, host, code, who)
    for place in ("127.0.0.1:9323", "0.0.0.0:9323"):  # its own port is in nobody's way
        project.set(host.name, "docker", value={"metrics-addr": place})
        project.deploy()
        assert host.get("http://127.0.0.1:9323/metrics")[0] == 200


def test_a_data_root_that_hides_images_is_blocked(project: Project, host: LabHost) -> None:
    project.write({"hosts": {host.name: host_entry(host, docker={"data-root": "/srv/docker"})}})
    refused(project, host, "data-root")


def test_a_restart_that_ends_containers_for_good_is_blocked(project: Project, host: LabHost) -> None:
    host.run(f"docker run -d --name precious {host.busybox_image} sleep 600")
    project.write({"hosts": {host.name: host_entry(host, docker={"log-opts": {"max-size": "7m"}})}})
    refused(project, host, "stop-containers", "precious")
    assert host.run("docker inspect precious --format '{{.State.Running}}'").stdout.strip() == "true"


def test_an_upstream_that_is_down_keeps_the_cache_running(project: Project, host: LabHost, lab: Lab) -> None:
    """Also where the cache lists the tags that it holds with success: it would not come up again all the same."""
    project.deploy()
    running = "docker ps -q --filter label=com.docker.compose.project=runnerops"
    container = host.run(running).stdout
    section = cache_section(host, lab.hub, config={"log": {"level": "debug"}})
    project.write({"hosts": {host.name: whole_host(host, lab.hub, registry=section)}})
    lab.hub.stop()
    refused(project, host, "upstream-down", "dockerhub")
    lab.hub.start()
    host.run("docker pull -q alpine:3 && docker rmi alpine:3")
    lab.hub.stop()
    refused(project, host, "upstream-down", "dockerhub")
    assert host.run(running).stdout == container
    project.set(host.name, "registry", value=cache_section(host, lab.hub))
    project.set(host.name, "gitlab_runner", "concurrent", value=5)
    project.deploy()


def test_a_job_that_no_runner_there_took_stops_a_docker_restart(project: Project, host: LabHost) -> None:
    project.deploy()
    label = "--label com.gitlab.gitlab-runner"
    labels = f"{label}.managed=true {label}.job.id=4711 {label}.runner.system_id=s_another00000"
    host.run(f"docker run -d --name job {labels} {host.busybox_image} sleep 600")
    project.set(host.name, "docker", value={"live-restore": True, "log-opts": {"max-size": "7m"}})
    pid = host.pid("docker")
    output = project.deploy(code=1)
    assert "jobs-running" in output
    assert "--kill-jobs" in output
    assert "1 job" in output
    assert host.pid("docker") == pid
    assert "1 job interrupted" in project.run("diff", "--kill-jobs")
    project.deploy("--kill-jobs")
    assert host.pid("docker") != pid
