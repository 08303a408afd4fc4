"""The lab itself: what every other lab test rests on, once on each host."""

from __future__ import annotations

import json
import time

import pytest
import tomli_w

from tests.lab.gitlab import GitLab
from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import runner_of, runner_section
from tests.lab.roots import GIVEN
from tests.lab.shell import run, until

TURNS = pytest.mark.hosts(turns=True)

CACHE = """
services:
  cache:
    image: {image}
    restart: always
    command: ["serve", "/config.yml"]
    ports: ["172.17.0.1:5000:5000"]
    volumes: ["./config.yml:/config.yml:ro", "data:/var/lib/registry"]
volumes:
  data: {{name: lab-cache}}
"""
CONFIG = """
version: 0.1
storage: {{filesystem: {{rootdirectory: /var/lib/registry}}, delete: {{enabled: true}}}}
http: {{addr: ":5000"}}
proxy: {{remoteurl: {url}}}
"""


def bring_cache_up(host: LabHost, url: str) -> None:
    host.write("/opt/registry/docker-compose.yml", CACHE.format(image=host.registry_image).encode())
    host.write("/opt/registry/config.yml", CONFIG.format(url=url).encode())
    host.run(f"cd /opt/registry && {' '.join(host.compose)} -p lab up -d")
    until("the cache answers", lambda: host.get("http://172.17.0.1:5000/v2/")[0] == 200, seconds=30)


def test_systemd_is_up_and_all_services_run(host: LabHost) -> None:
    assert host.run("systemctl is-system-running").stdout.strip() == "running"
    assert host.run("cat /proc/1/comm").stdout.strip() == "systemd"
    for unit in ("ssh", "docker", "containerd", "gitlab-runner"):
        assert host.active(unit) == "active"
        assert host.pid(unit) > 1


def test_versions_are_read_from_the_host(host: LabHost) -> None:
    versions = host.versions()
    if GIVEN and host.name == GIVEN.name:
        assert versions["docker"] in run([f"{GIVEN.binaries}/dockerd", "--version"])
    elif host.name == "docker28":  # of a suite that moves on
        assert int(versions["docker"].partition(".")[0]) >= 28
        assert versions["compose"].startswith(("2.", "3.", "4.", "5."))
    else:
        docker, compose = ("20.10", "1.29") if host.name == "bookworm" else ("26.1", "2.26")
        assert versions["docker"].startswith(docker)
        assert versions["compose"].startswith(compose)
    assert host.registry_image == f"registry:{versions['registry']}"


@TURNS
def test_the_users_of_a_lab_host_have_their_rights(host: LabHost) -> None:
    assert host.run("id -un").stdout == "root\n"
    assert host.run("sudo -n id -un", user="deploy").stdout == "root\n"
    assert host.run("sudo -n true", user="nosudo", check=False).returncode != 0


@TURNS
def test_files_go_there_and_back(host: LabHost) -> None:
    content = bytes(range(256)) * 1000
    host.write("/opt/registry/a b", content, 0o600)
    assert host.exists("/opt/registry/a b")
    assert host.read("/opt/registry/a b") == content
    assert host.run("stat -c %a '/opt/registry/a b'").stdout == "600\n"
    assert not host.exists("/opt/registry/c")


def test_a_container_runs(host: LabHost) -> None:
    ran = host.run(f"docker run --rm {host.busybox_image} sh -c 'cat /etc/image; exit 3'", check=False)
    assert ran.returncode == 3
    assert host.busybox_image in ran.stdout


def test_a_pull_through_cache_takes_what_docker_pulls(host: LabHost, lab: Lab) -> None:
    bring_cache_up(host, lab.hub.url)
    before = host.pid("docker")
    host.write("/etc/docker/daemon.json", json.dumps({"registry-mirrors": ["http://172.17.0.1:5000"]}).encode())
    host.run("systemctl reload docker")
    mirrors = "{{json .RegistryConfig.Mirrors}}"
    until("mirror loaded", lambda: host.docker_info(mirrors) == '["http://172.17.0.1:5000/"]', seconds=10)
    assert host.pid("docker") == before

    host.run("docker pull alpine:3")
    assert host.run("docker run --rm alpine:3 cat /etc/image").stdout == "library/alpine:3"
    assert json.loads(host.get("http://172.17.0.1:5000/v2/_catalog")[1]) == {"repositories": ["library/alpine"]}
    assert "/v2/library/alpine/manifests/3" in " ".join(request.path for request in lab.hub.requests())
    assert {request.client for request in lab.hub.requests()} == {host.address}


@TURNS
def test_a_stopped_hub_refuses_and_a_started_one_has_its_images(host: LabHost, lab: Lab) -> None:
    catalog = f"{lab.hub.url}/v2/_catalog"
    lab.hub.stop()
    assert host.get(catalog)[0] == 0
    lab.hub.start()
    status, body = host.get(catalog)
    assert status == 200
    assert json.loads(body)["repositories"] == ["library/alpine", "library/busybox"]


@TURNS
def test_what_is_not_cached_fails_at_once_since_no_host_reaches_the_internet(host: LabHost) -> None:
    start = time.monotonic()
    assert host.run("docker pull alpine:3", check=False).returncode != 0
    assert time.monotonic() - start < 10


def test_reset_leaves_nothing_behind(host: LabHost, lab: Lab) -> None:
    bring_cache_up(host, lab.hub.url)
    host.write("/etc/docker/daemon.json", b'{"live-restore": true, "labels": ["a=b"]}')
    host.write("/etc/systemd/system/gitlab-runner.service.d/kill.conf", b"[Service]\nKillSignal=SIGQUIT\n")
    host.write("/etc/gitlab-runner/config.toml", b"concurrent = 3\n", 0o600)
    host.run(
        "systemctl daemon-reload; systemctl reload docker; docker network create other; systemctl stop gitlab-runner"
    )
    host.run("systemd-run --unit=runnerops-1 sleep 300; systemctl disable docker gitlab-runner")

    host.reset()

    assert host.run("docker ps -aq; docker volume ls -q; docker network ls -q --filter type=custom").stdout == ""
    shown = host.run("docker images --format '{{.Repository}}:{{.Tag}}'").stdout.split()
    assert sorted(shown) == sorted([host.registry_image, host.busybox_image])
    for path in ("/etc/docker/daemon.json", "/etc/gitlab-runner/config.toml", "/opt/registry", "/var/lib/runnerops"):
        assert not host.exists(path)
    assert host.docker_info("{{.LiveRestoreEnabled}} {{json .Labels}}") in ("false []", "false null")
    assert host.run("systemctl show -p KillSignal --value gitlab-runner").stdout.strip() == "15"
    assert host.active("runnerops-1") == "inactive"
    assert host.active("gitlab-runner") == "active"
    assert host.run("systemctl is-enabled docker gitlab-runner").stdout.split() == ["enabled", "enabled"]


def test_reset_of_an_untouched_host_restarts_nothing(host: LabHost) -> None:
    before = host.pid("docker")
    host.reset()
    assert host.pid("docker") == before


def test_reset_cures_a_daemon_that_does_not_start(host: LabHost) -> None:
    host.write("/etc/docker/daemon.json", b"{")
    host.run("systemctl restart docker", check=False, seconds=90)
    assert host.active("docker") != "active"
    host.reset()
    assert host.active("docker") == "active"


@TURNS
def test_a_lab_host_can_be_rebooted_killed_and_booted(host: LabHost) -> None:
    boots = [host.read("/proc/sys/kernel/random/boot_id")]
    host.write("/var/tmp/kept", b"1")
    host.reboot()
    boots.append(host.read("/proc/sys/kernel/random/boot_id"))
    host.kill()
    assert not host.container.running()
    host.boot()
    boots.append(host.read("/proc/sys/kernel/random/boot_id"))
    assert len(set(boots)) == 3
    assert host.exists("/var/tmp/kept")
    assert host.active("docker") == "active"


def test_hosts_reach_each_other(lab: Lab) -> None:
    for host in lab.hosts:
        for other in lab.hosts:
            assert host.run(f"timeout 5 bash -c 'exec 3<>/dev/tcp/{other.address}/22'", check=False).returncode == 0


def test_no_python_where_docker_brings_none(lab: Lab) -> None:
    for host in (lab.trixie, lab.docker28):
        assert host.run("command -v python3 python", check=False).stdout == ""


@TURNS
def test_the_runners_command_line_is_the_units(host: LabHost) -> None:
    argv = host.read(f"/proc/{host.pid('gitlab-runner')}/cmdline").split(b"\0")
    assert argv[:4] == [b"/usr/bin/gitlab-runner", b"run", b"--config", b"/etc/gitlab-runner/config.toml"]
    assert argv[-2:] == [b"gitlab-runner", b""]


@TURNS
def test_the_runner_loads_its_config_within_its_poll(host: LabHost) -> None:
    cursor = host.cursor()
    host.write("/etc/gitlab-runner/config.toml", b"concurrent = 2\n", 0o600)
    until("loaded", lambda: "Configuration loaded" in host.journal("gitlab-runner", cursor), seconds=5)


@TURNS
def test_sigquit_leaves_the_unit_waiting_for_its_120_seconds_and_stop_start_cuts_them_short(host: LabHost) -> None:
    host.run("systemctl kill --signal=QUIT --kill-who=main gitlab-runner")
    until("auto-restart", lambda: host.active("gitlab-runner") == "activating", seconds=10)
    assert host.pid("gitlab-runner") == 0
    assert host.run("gitlab-runner status", check=False).returncode == 0
    host.run("systemctl stop gitlab-runner && systemctl start gitlab-runner")
    assert host.active("gitlab-runner") == "active"


# -- jobs ------------------------------------------------------------------------------------------------------------


@pytest.fixture(name="token", params=["shell", "docker"])
def fixture_token(request: pytest.FixtureRequest, host: LabHost, gitlab: GitLab) -> str:
    """The token of a runner with each executor in turn, which runs on the host."""
    runner = runner_of(host, gitlab, request.param)
    config = tomli_w.dumps(runner_section(check_interval=1, runners=[runner]))
    host.write("/etc/gitlab-runner/config.toml", config.encode(), 0o600)
    host.run("systemctl restart gitlab-runner")
    return str(runner["token"])


@TURNS
def test_a_job_runs_below_the_main_process_or_in_a_container_with_its_labels(
    host: LabHost, gitlab: GitLab, token: str
) -> None:
    job = gitlab.hold(token=token)
    if "shell" in token:
        children = host.run(f"ps --ppid {host.pid('gitlab-runner')} -o args=").stdout
        assert children.startswith("su -s /bin/bash gitlab-runner")
        assert host.run("pgrep -u gitlab-runner").stdout
    else:
        label = "com.gitlab.gitlab-runner"
        chosen = f"--filter label={label}.type=build --filter label={label}.managed=true"
        shown = f'{{{{.Label "{label}.job.id"}}}} {{{{.Label "{label}.runner.id"}}}}'
        assert host.run(f"docker ps {chosen} --format '{shown}'").stdout == f"{job.id} {token[5:14]}\n"
    assert 'state="running"' in host.get("http://127.0.0.1:9252/metrics")[1]
    job.finish()
    job.wait()
    until("no container", lambda: not host.run("docker ps --quiet").stdout, seconds=10)


@TURNS
def test_a_job_ends_as_its_script_does(gitlab: GitLab, token: str) -> None:
    assert gitlab.start("exit 3", token=token).wait("script_failure").exit_code == 3
    gitlab.start("true", token=token).wait("success")


@TURNS
def test_a_power_cut_loses_the_job(host: LabHost, gitlab: GitLab, token: str) -> None:
    job = gitlab.hold(token=token)
    host.kill()
    host.boot()
    assert job.state == "running"
    assert host.run("pgrep -u gitlab-runner", check=False).returncode == 1
