"""What runnerops relies on in gitlab-runner together with its packaged unit and Docker: the rest of the contract."""

from __future__ import annotations

import json

import pytest
import tomli_w

from tests.lab.gitlab import GitLab
from tests.lab.host import LabHost
from tests.lab.project import runner_of, runner_section
from tests.lab.shell import until

pytestmark = pytest.mark.hosts(turns=True)
EACH = pytest.mark.hosts
"""Docker decides, not the runner and its unit."""

CONFIG = "/etc/gitlab-runner/config.toml"
QUIT = "systemctl kill --signal=QUIT --kill-who=main gitlab-runner"


@pytest.fixture(name="tokens")
def fixture_tokens(host: LabHost, gitlab: GitLab) -> dict[str, str]:
    """The tokens of a shell and a docker runner, which run on the host."""
    runners = [runner_of(host, gitlab, "shell"), runner_of(host, gitlab, "docker")]
    host.write(CONFIG, tomli_w.dumps(runner_section(check_interval=1, runners=runners)).encode(), 0o600)
    host.run("systemctl restart gitlab-runner")
    return {str(runner["executor"]): str(runner["token"]) for runner in runners}


def write_daemon_json(host: LabHost, **keys: object) -> None:
    host.write("/etc/docker/daemon.json", json.dumps(keys).encode())


# -- the unit --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("executor", ["shell", "docker"])
def test_a_restart_aborts_the_job(host: LabHost, gitlab: GitLab, tokens: dict[str, str], executor: str) -> None:
    job = gitlab.hold(token=tokens[executor])
    host.run("systemctl restart gitlab-runner")
    job.wait("runner_system_failure")


@pytest.mark.parametrize("executor", ["shell", "docker"])
def test_start_while_it_drains_does_nothing_and_the_120_seconds_follow(
    host: LabHost, gitlab: GitLab, tokens: dict[str, str], executor: str
) -> None:
    job = gitlab.hold(token=tokens[executor])
    before = host.pid("gitlab-runner")
    host.run(QUIT)
    assert host.active("gitlab-runner") == "active"
    host.run("systemctl start gitlab-runner")
    assert host.pid("gitlab-runner") == before
    job.finish()
    until("main process gone", lambda: host.pid("gitlab-runner") == 0, seconds=30)
    assert job.state == "success"
    assert host.active("gitlab-runner") == "activating"


def test_the_unit_cannot_reload(host: LabHost) -> None:
    assert host.run("systemctl reload gitlab-runner", check=False).returncode != 0


def test_killsignal_sigquit_lets_a_stop_drain(host: LabHost, gitlab: GitLab, tokens: dict[str, str]) -> None:
    dropin = b"[Service]\nKillSignal=SIGQUIT\nTimeoutStopSec=7200\n"
    host.write("/etc/systemd/system/gitlab-runner.service.d/kill.conf", dropin)
    host.run("systemctl daemon-reload")
    job = gitlab.hold(token=tokens["docker"])
    host.run("systemctl stop --no-block gitlab-runner")
    until("stopping", lambda: host.active("gitlab-runner") == "deactivating", seconds=5)
    job.finish()
    job.wait()
    until("stopped", lambda: host.active("gitlab-runner") == "inactive", seconds=30)


def test_a_fatal_concurrent_leaves_the_unit_waiting_and_the_job_running_for_ever(
    host: LabHost, gitlab: GitLab, tokens: dict[str, str]
) -> None:
    job = gitlab.hold(token=tokens["shell"])
    host.write(CONFIG, b"concurrent = 0\n", 0o600)
    until("gone", lambda: host.active("gitlab-runner") == "activating", seconds=60)
    assert host.pid("gitlab-runner") == 0
    assert host.run("pgrep -u gitlab-runner", check=False).returncode == 1
    assert job.state == "running"


# -- docker ----------------------------------------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize("live_restore", [True, False], ids=["live-restore", "without"])
def test_a_docker_restart_fails_the_job_of_the_docker_executor_and_no_other(
    host: LabHost, gitlab: GitLab, tokens: dict[str, str], live_restore: bool
) -> None:
    write_daemon_json(host, **{"live-restore": live_restore})
    host.run("systemctl reload docker")
    want = str(live_restore).lower()
    until("loaded", lambda: host.docker_info("{{.LiveRestoreEnabled}}") == want, seconds=10)
    shell, docker = gitlab.hold(token=tokens["shell"]), gitlab.hold(token=tokens["docker"])
    host.run("systemctl restart docker", seconds=90)
    until("the job has ended", lambda: docker.state != "running", seconds=60)
    assert docker.state == "script_failure"
    assert docker.exit_code
    assert shell.state == "running"
    shell.finish()
    shell.wait()


@EACH
def test_a_docker_reload_leaves_the_job_alone(host: LabHost, gitlab: GitLab, tokens: dict[str, str]) -> None:
    job = gitlab.hold(token=tokens["docker"])
    write_daemon_json(host, labels=["a=b"])
    host.run("systemctl reload docker")
    until("loaded", lambda: "a=b" in host.docker_info("{{json .Labels}}"), seconds=10)
    job.finish()
    job.wait()


def test_a_runner_that_has_drained_comes_to_no_harm_from_a_docker_restart(
    host: LabHost, gitlab: GitLab, tokens: dict[str, str]
) -> None:
    job = gitlab.hold(token=tokens["docker"])
    host.run(QUIT)
    job.finish()
    until("main process gone", lambda: host.pid("gitlab-runner") == 0, seconds=30)
    host.run("systemctl restart docker && systemctl stop gitlab-runner && systemctl start gitlab-runner", seconds=90)
    assert job.state == "success"
    gitlab.start(token=tokens["docker"]).wait()


@pytest.mark.parametrize("per_build", [True, False], ids=["a network of its own", "default bridge"])
def test_a_job_finds_the_runners_service_by_its_alias(host: LabHost, gitlab: GitLab, per_build: bool) -> None:
    runner = runner_of(host, gitlab, "docker", feature_flags={"FF_NETWORK_PER_BUILD": per_build})
    command = ["sh", "-c", "while :; do echo from $WHO | nc -l -p 1234; done"]
    service = {"name": host.busybox_image, "alias": "beside", "command": command, "environment": ["WHO=it"]}
    runner["docker"]["services"] = [service]
    host.write(CONFIG, tomli_w.dumps(runner_section(check_interval=1, runners=[runner])).encode(), 0o600)
    host.run("systemctl restart gitlab-runner")
    script = "for n in 1 2 3 4 5 6 7 8 9; do nc -w 2 beside 1234 </dev/null && exit; sleep 1; done; exit 1"
    job = gitlab.start(script, token=str(runner["token"])).wait(seconds=90)
    assert "from it" in job.trace
    until("all is gone", lambda: not host.run("docker ps -aq; docker network ls -q -f type=custom").stdout, seconds=20)
