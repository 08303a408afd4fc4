"""Jobs run while a deploy needs the runner, or Docker, at rest: they are waited for, and whoever dies meanwhile."""

from __future__ import annotations

import contextlib
import copy
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.forked import Forked
from tests.lab.gitlab import UNTIL_TOLD, GitLab, Job
from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project, host_entry, runner_of, runner_section
from tests.lab.shell import until

pytestmark = pytest.mark.hosts("bookworm", "trixie", turns=True)  # nothing here depends on Docker's version

RETURN = "runnerops-return-gitlab-runner"
BACK_WITHIN = 5.0
"""Seconds from the end of the last job until the runner is back."""

PAGE = "127.0.0.1:9252"
MOVED = "127.0.0.1:9253"
"""A listen_address that the runner has not: it needs a restart."""


class Site:
    """A host whose runner serves a shell and a docker executor, as runnerops wrote its config.toml."""

    def __init__(self, project: Project, host: LabHost, gitlab: GitLab, page: str | None) -> None:
        self.project = project
        self.host = host
        self.gitlab = gitlab
        runners = [runner_of(host, gitlab, "shell"), runner_of(host, gitlab, "docker")]
        self.tokens = {str(runner["executor"]): str(runner["token"]) for runner in runners}
        section = runner_section(concurrent=4, check_interval=1, runners=runners)
        section = {**section, "listen_address": page} if page else drop(section, "listen_address")
        entry = host_entry(host, docker={"live-restore": True}, gitlab_runner=section)
        project.write({"hosts": {host.name: entry}})
        project.deploy()
        self.pid = host.pid("gitlab-runner")
        self.since = self.said = ""

    def hold(self, executor: str = "shell") -> Job:
        """A job that runs until it is told to end."""
        return self.gitlab.hold(token=self.tokens[executor])

    def ask_restart(self, value: str = MOVED) -> None:
        """A change for which the runner restarts."""
        self.project.set(self.host.name, "gitlab_runner", "listen_address", value=value)

    def ask_docker_restart(self) -> None:
        """A change for which Docker restarts."""
        self.project.set(self.host.name, "docker", value={"live-restore": True, "log-opts": {"max-size": "7m"}})

    @contextlib.contextmanager
    def deploying(self, *words: str) -> Iterator[Forked]:
        """`deploy --yes`, which has said how many jobs it waits for; what it said so far is in `said`."""
        self.since, self.said = self.host.cursor(), ""
        with self.project.start("deploy", "--yes", *words) as deploy:
            self.read_until(deploy, r"draining: \d+ job")
            yield deploy

    def read_until(self, deploy: Forked, pattern: str) -> None:
        """What the deploy says goes to `said`, up to a line that has the pattern; fails where it ends without one."""
        for line in deploy.stdout:
            self.said += line
            if re.search(pattern, line):
                return
        raise AssertionError(self.said)

    def end(self, deploy: Forked, code: int = 0) -> str:
        """All that it said, once it has ended."""
        self.said += deploy.stdout.read()
        assert deploy.wait(timeout=60) == code, self.said
        return self.said

    def drains(self) -> int:
        """How often the runner was told to end, since the deploy began."""
        return self.host.journal("gitlab-runner", self.since).count("Starting graceful shutdown")

    def wait_back(self, *jobs: Job, within: float = BACK_WITHIN) -> None:
        """The jobs are told to end; each is a success, and another process of the runner is there soon after the last."""
        draining = self.host.pid("gitlab-runner")
        for job in jobs:
            job.finish()
        for job in jobs:
            job.wait("success")
        until("the runner is back", lambda: self.host.pid("gitlab-runner") not in (0, draining), seconds=within)
        assert self.host.active("gitlab-runner") == "active"
        self.gitlab.start(token=self.tokens["shell"]).wait("success")

    def quiet(self) -> bool:
        """Whether no run and no return is left."""
        return "runnerops-" not in self.host.run("systemctl list-units 'runnerops-*' --no-legend").stdout

    def listens(self) -> str:
        """The listen_address in the file."""
        match = re.search(r'listen_address = "(.*)"', self.host.read("/etc/gitlab-runner/config.toml").decode())
        return match[1] if match else ""


@pytest.fixture(name="site")
def fixture_site(request: pytest.FixtureRequest, tmp_path: Path, lab: Lab, host: LabHost, gitlab: GitLab) -> Site:
    """With a metrics page; indirectly parametrized, with that page or none."""
    return Site(Project(tmp_path, lab), host, gitlab, getattr(request, "param", PAGE))


def drop(section: dict[str, object], key: str) -> dict[str, object]:
    return {name: value for name, value in section.items() if name != key}


@pytest.mark.parametrize("site", [PAGE, None], indirect=True, ids=["page", "no page"])
@pytest.mark.parametrize("executor", ["shell", "docker"])
def test_a_graceful_restart_waits_for_the_job_and_shows_how_many(site: Site, executor: str) -> None:
    jobs = [site.hold(executor), site.hold(executor)]
    site.ask_restart()
    assert "waits for 2 jobs · 0 jobs interrupted" in " ".join(site.project.run("diff").split())
    names = re.compile(rf"job (?:{jobs[0].id}|{jobs[1].id}) held 1/2 of team/app on lab, \d+ s")
    until(
        "both have begun what they are named by", lambda: len(names.findall(site.project.run("diff"))) == 2, seconds=60
    )
    with site.deploying() as deploy:
        assert site.listens() != MOVED
        if len(names.findall(site.said.rpartition("draining:")[2])) < 2:  # one was between two programs of its script
            site.read_until(deploy, rf"draining: 2 jobs: {names.pattern}; {names.pattern}")
        site.wait_back(*jobs)
        output = site.end(deploy)
    assert "applied" in output
    assert site.listens() == MOVED
    assert "unchanged" in site.project.deploy()


@pytest.mark.parametrize("executor", ["shell", "docker"])
def test_docker_and_the_runner_restart_after_one_drain(site: Site, executor: str) -> None:
    """With live-restore: it does not save a job. The runner restarts once."""
    job = site.hold(executor)
    site.ask_restart()
    site.ask_docker_restart()
    docker = site.host.pid("docker")
    with site.deploying():
        assert site.host.pid("docker") == docker
        site.wait_back(job, within=60)
        until("all is done", site.quiet, seconds=60)
    assert site.host.pid("docker") != docker
    assert site.drains() == 1
    assert "unchanged" in site.project.deploy()


def test_a_runner_that_is_not_managed_here_is_drained_for_docker_all_the_same(site: Site) -> None:
    job = site.hold("docker")
    site.project.set(site.host.name, "gitlab_runner", value=None)
    site.ask_docker_restart()
    with site.deploying() as deploy:
        site.wait_back(job, within=60)
        site.end(deploy)


@pytest.mark.hosts("trixie")
@pytest.mark.parametrize("busy", [True, False], ids=["busy", "idle"])
def test_a_unit_that_starts_itself_again_at_once_comes_to_rest_all_the_same(site: Site, busy: bool) -> None:
    """After systemd's own RestartSec; the packaged unit's is 120 s. A process that nobody told would go on for ever."""
    eager = b"[Service]\nRestart=always\nRestartSec=100ms\n"
    site.host.write("/etc/systemd/system/gitlab-runner.service.d/eager.conf", eager)
    site.host.run("systemctl daemon-reload")
    job = site.hold() if busy else None
    site.ask_restart()
    if job:
        with site.deploying() as deploy:
            job.finish()
            job.wait("success")
            site.end(deploy)
    else:
        site.project.deploy()
    assert site.listens() == MOVED
    site.gitlab.start(token=site.tokens["shell"]).wait("success")
    assert "unchanged" in site.project.deploy()


@pytest.mark.hosts("trixie")
def test_a_runner_that_somebody_is_stopping_is_waited_for_too(site: Site) -> None:
    """With the signal that GitLab recommends for the unit, `systemctl stop` takes until the last job has ended."""
    gentle = b"[Service]\nKillSignal=SIGQUIT\nTimeoutStopSec=7200\n"
    site.host.write("/etc/systemd/system/gitlab-runner.service.d/kill.conf", gentle)
    site.host.run("systemctl daemon-reload")
    job = site.hold("docker")
    site.host.run("systemctl stop --no-block gitlab-runner")
    until("stopping", lambda: site.host.active("gitlab-runner") == "deactivating", seconds=5)
    site.ask_docker_restart()
    docker = site.host.pid("docker")
    with site.deploying() as deploy:
        assert site.host.pid("docker") == docker
        site.wait_back(job, within=60)
        site.end(deploy)
    assert site.host.pid("docker") != docker


# -- who dies meanwhile ------------------------------------------------------------------------------------------------


def test_a_killed_client_changes_nothing(site: Site) -> None:
    job = site.hold("docker")
    site.ask_restart()
    with site.deploying() as deploy:
        deploy.send_signal(signal.SIGKILL)
        deploy.wait(timeout=60)
    site.wait_back(job)
    until("the run is over", site.quiet, seconds=30)
    assert site.listens() == MOVED
    assert "unchanged" in site.project.deploy()


@pytest.mark.parametrize("executor", ["shell", "docker"])
def test_a_run_that_is_killed_while_it_drains_still_starts_the_runner_again(site: Site, executor: str) -> None:
    """The walker, its whole unit, and a stop of the unit; each finds what the deploy after the last one left."""
    strikes = (
        'kill -KILL "$(cat /var/lib/runnerops/runs/{run}/holder)"',
        "systemctl kill --signal=KILL runnerops-{run}",
        "systemctl stop --no-block runnerops-{run}",
    )
    for number, strike in enumerate(strikes):
        before, wanted = (PAGE, MOVED) if number % 2 == 0 else (MOVED, PAGE)
        job = site.hold(executor)
        site.ask_restart(wanted)
        with site.deploying() as deploy:
            site.host.run(strike.format(run=2 + 2 * number))
            site.end(deploy, 4)
        assert job.state == "running", strike
        site.wait_back(job)
        until("the return is over", site.quiet, seconds=30)
        assert site.listens() == before, strike
        assert site.host.run("ls -A /var/lib/runnerops/intents").stdout == "", strike
        site.project.deploy()
        assert site.listens() == wanted, strike


# -- the time limit, and leaving ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("executor", ["shell", "docker"])
def test_at_the_time_limit_nothing_was_swapped_and_the_runner_comes_by_itself(site: Site, executor: str) -> None:
    job = site.hold(executor)
    site.ask_restart()
    site.ask_docker_restart()
    files = [site.host.read(path) for path in ("/etc/docker/daemon.json", "/etc/gitlab-runner/config.toml")]
    docker = site.host.pid("docker")
    output = site.project.deploy("--drain-timeout", "3s", code=1)
    assert "not drained within 3s: 1 job; nothing was swapped" in output
    assert re.search(rf"jobs?[ /]{job.id}\b", output), output
    assert "failed" in site.project.run("history", site.host.name)
    assert site.host.active(RETURN) == "active"
    assert [site.host.read(path) for path in ("/etc/docker/daemon.json", "/etc/gitlab-runner/config.toml")] == files
    site.wait_back(job)
    assert site.host.pid("docker") == docker
    site.project.deploy()
    assert site.listens() == MOVED


def test_with_no_wait_the_client_leaves_at_once_and_can_follow_later(site: Site) -> None:
    job = site.hold("docker")
    site.ask_restart()
    output = site.project.deploy("--no-wait", code=3)
    assert "in-progress" in output
    assert "it waits for 1 job" in output
    assert "in-progress" in site.project.deploy("--no-wait", code=3)
    with site.deploying() as deploy:
        site.wait_back(job)
        output = site.end(deploy)
    assert "following it" in output
    assert "draining: 1 job" in output
    assert "applied" in output
    assert site.listens() == MOVED
    assert "unchanged" in site.project.deploy("--no-wait")


@pytest.mark.hosts("trixie", given=False)
def test_who_does_not_wait_leaves_a_runner_that_tells_nothing(site: Site) -> None:
    site.ask_restart()
    pid = site.host.pid("gitlab-runner")
    site.host.run(f"kill -STOP {pid}")
    try:
        output = " ".join(site.project.deploy("--no-wait", code=3).split())
        assert f"no job is seen, and it does not end (it is stopped: kill -CONT {pid})" in output
    finally:
        site.host.run(f"kill -CONT {pid}")
    site.project.run("history", site.host.name, "--follow")
    assert site.listens() == MOVED


@pytest.mark.parametrize("executor", ["shell", "docker"])
def test_killing_jobs_says_how_many_first_and_waits_for_none(site: Site, executor: str) -> None:
    job = site.hold(executor)
    site.ask_restart()
    shown = site.project.run("diff", "--kill-jobs")
    assert "overridden: jobs-running: 1 job runs there and would fail" in shown
    assert "1 job interrupted" in shown
    site.project.deploy("--kill-jobs")
    assert site.listens() == MOVED
    assert site.host.pid("gitlab-runner") not in (0, site.pid)
    job.wait("runner_system_failure")


# -- a later plan --------------------------------------------------------------------------------------------------------


def test_a_later_plan_leaves_a_waiting_return_or_takes_it_over(site: Site) -> None:
    job = site.hold("docker")
    site.ask_restart()
    site.project.deploy("--drain-timeout", "2s", code=1)
    site.ask_restart(PAGE)
    site.project.set(site.host.name, "docker", value={"live-restore": True, "debug": True})
    assert "starts by itself after its last job" in " ".join(site.project.run("diff").split())
    site.project.deploy()
    assert site.host.active(RETURN) == "active"
    assert site.host.pid("gitlab-runner") == site.pid
    site.ask_docker_restart()
    docker = site.host.pid("docker")
    with site.deploying() as deploy:
        until("the return is taken over", lambda: site.host.active(RETURN) != "active", seconds=30)
        assert site.host.pid("docker") == docker
        site.wait_back(job, within=60)
        site.end(deploy)
    until("nothing is left", site.quiet, seconds=30)
    assert site.host.pid("docker") != docker


# -- whose runner it is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("executor", ["shell", "docker"])
def test_a_job_does_not_restart_the_runner_that_runs_it(site: Site, executor: str) -> None:
    """With the environment that the runner really gives its job; the deploy itself runs here, as in the job."""
    command = "sleep 600 >/dev/null 2>&1 &\ntrap 'kill $!' EXIT"  # in the place of the deploy
    script = f"env | grep ^CI_\n{command}\necho held\n{UNTIL_TOLD}"
    job = site.gitlab.start(script, token=site.tokens[executor])
    until("the job runs", lambda: "held" in job.lines, seconds=30)
    inside = dict(line.split("=", 1) for line in job.lines if re.match(r"CI_\w+=", line))
    assert inside["CI_JOB_ID"] == str(job.id)
    site.ask_restart()
    refused(site, inside, f"job {job.id} runs there")
    site.ask_restart(PAGE)
    site.ask_docker_restart()
    refused(site, {"CI_JOB_ID": str(job.id)}, "docker would restart under the job", f"job {job.id} runs there")
    job.finish()
    job.wait()
    refused(site, inside, f"job {job.id} is of the runner {site.host.name} {executor}")
    site.project.set(site.host.name, "docker", value={"live-restore": True})
    site.project.set(site.host.name, "gitlab_runner", "concurrent", value=5)
    type_inside(site, inside, "deploy", "--yes")
    assert site.host.pid("gitlab-runner") == site.pid
    site.ask_restart()
    elsewhere = {**inside, "CI_JOB_ID": "4711", "CI_RUNNER_ID": "4711", "CI_RUNNER_SHORT_TOKEN": "another00"}
    type_inside(site, elsewhere, "deploy", "--yes")


def type_inside(site: Site, job: dict[str, str], *words: str, code: int = 0) -> str:
    """A command typed in a job with these variables."""
    inside = copy.copy(site.project)
    inside.environ = {**site.project.environ, **job}
    return inside.run(*words, code=code)


def refused(site: Site, inside: dict[str, str], *says: str) -> None:
    """diff tells it and ends well; no flag lifts it."""
    shown = type_inside(site, inside, "diff")
    output = type_inside(site, inside, "deploy", "--yes", "--kill-jobs", code=1)
    for text in ("self-deploy", "instance runners", *says):
        assert text in " ".join(shown.split()), shown
        assert text in " ".join(output.split()), output
    assert site.host.pid("gitlab-runner") == site.pid


def test_a_runner_that_no_unit_runs_cannot_be_drained(site: Site) -> None:
    site.host.write("/srv/other/config.toml", b"concurrent = 1\n")
    site.host.run("chown -R deploy /srv/other")
    site.host.run("systemd-run --unit=lab-other --uid=deploy gitlab-runner run --config /srv/other/config.toml")
    try:
        site.ask_docker_restart()
        docker = site.host.pid("docker")
        until("it runs", lambda: "undrainable-runner" in site.project.run("diff"), seconds=20)
        assert f"--allow undrainable-runner@{site.host.name}" in site.project.deploy(code=1)
        assert site.host.pid("docker") == docker
    finally:
        site.host.run("systemctl stop lab-other")


@pytest.mark.hosts("trixie")
def test_a_shutdown_while_it_drains_ends_the_run_at_once_and_leaves_nothing_to_settle(site: Site) -> None:
    """It is not delayed by the run, whose record says what it was; after the boot the same deploy goes through."""
    site.hold()
    site.ask_restart()
    with site.deploying() as deploy:
        site.host.poweroff(seconds=60)
        site.host.boot()
        output = site.end(deploy, 1)
    assert "cut off by a shutdown of the host; nothing was swapped" in output
    assert "cut off by a shutdown" in site.project.run("history", site.host.name)
    assert "unfinished" not in site.project.run("status")
    assert site.listens() != MOVED
    assert site.host.active("gitlab-runner") == "active"
    assert "applied" in site.project.deploy()
    assert site.listens() == MOVED


@pytest.mark.hosts("trixie")
def test_a_runner_is_kept_stopped_and_units_are_enabled(site: Site) -> None:
    """Stopped after its last job, over a deploy that restarts Docker; started again; what somebody disabled is enabled."""
    enabled = "systemctl is-enabled docker gitlab-runner || :"
    job = site.hold()
    site.project.set(site.host.name, "gitlab_runner", "state", value="stopped")
    with site.deploying() as deploy:
        assert site.host.active("gitlab-runner") == "active"
        job.finish()
        job.wait("success")
        site.end(deploy)
    assert "stop gitlab-runner (state: stopped)" in site.said
    assert site.host.active("gitlab-runner") == "inactive"
    assert site.host.run(enabled).stdout.split() == ["enabled", "disabled"]
    assert "kept stopped" in site.project.run("status")
    site.ask_docker_restart()
    assert "gitlab-runner" not in [line.split()[2] for line in site.project.deploy().splitlines() if "→" in line]
    assert site.host.active("gitlab-runner") == "inactive"
    site.project.set(site.host.name, "gitlab_runner", "state", value="started")
    assert "start gitlab-runner" in site.project.deploy()
    site.gitlab.start(token=site.tokens["shell"]).wait("success")
    assert site.host.run(enabled).stdout.split() == ["enabled", "enabled"]
    site.host.run("systemctl disable docker gitlab-runner")
    output = site.project.deploy()
    assert "enable docker (its unit is disabled)" in output
    assert "enable gitlab-runner (its unit is disabled)" in output
    assert site.host.run(enabled).stdout.split() == ["enabled", "enabled"]


# -- with GitLab's help --------------------------------------------------------------------------------------------------


@pytest.mark.hosts("trixie", given=False)
def test_a_runner_is_paused_in_gitlab_for_as_long_as_its_host_drains_and_who_is_cut_off_leaves_a_record(
    site: Site,
) -> None:
    project, host, gitlab, token = site.project, site.host, site.gitlab, site.tokens["shell"]
    gitlab.api_tokens.add("glpat-lab-drains")
    runner = gitlab.runner(token)
    runner.settings = {"tag_list": ["lab"], "run_untagged": True}
    project.set(host.name, "gitlab", value={"url": gitlab.url, "token": "glpat-lab-drains"})
    project.set(host.name, "gitlab_runner", "runners", 0, "gitlab", value={"tags": ["lab"]})
    record = f"/var/lib/runnerops/paused/{runner.id}"

    def paused() -> bool:  # and on the host's record while it is
        is_paused = gitlab.runner(token).paused
        assert host.run(f"[ ! -e {record} ] || echo yes").stdout == ("yes\n" if is_paused else "")
        return is_paused

    job = site.hold()
    site.ask_restart()
    shown = " ".join(project.run("diff").split())
    assert f"pause runner {host.name} shell in GitLab until the run has ended well, or is rolled back" in shown
    assert "by GitLab's count 1 job runs on it" in shown
    with site.deploying() as deploy:
        assert paused()
        assert "is paused in GitLab by run 2, which is still going on" in project.run("status")
        other = gitlab.start(token=token)
        output = " ".join(project.run("abort", host.name, "--yes").split())
        assert f"← unpause runner {host.name} shell in GitLab" in output
        assert f"unpaused in GitLab: {host.name} shell" in output
        output = site.end(deploy, 4)
        assert f"paused in GitLab meanwhile: {host.name} shell" in output
        assert "· GitLab: 1 job" in output
    assert not paused()
    site.wait_back(job)
    other.wait()

    job = site.hold()
    with site.deploying() as deploy:
        deploy.send_signal(signal.SIGKILL)
        deploy.wait(timeout=60)
    job.finish()
    job.wait()
    until("the run is over", site.quiet, seconds=60)
    assert site.listens() == MOVED
    assert paused()
    for command in ("status", "history"):
        output = " ".join(project.run(command, host.name).split())
        assert f"is paused in GitLab by run 3, and was not unpaused: runnerops deploy {host.name}" in output
    assert "unpaused in GitLab" in project.deploy()
    assert not paused()
    gitlab.start(token=token).wait()

    site.ask_restart(PAGE)
    assert "paused in GitLab meanwhile" in project.deploy()
    assert not paused()
    assert "unchanged" in project.deploy()
    assert "glpat-lab-drains" not in host.run("cat /var/lib/runnerops/runs/*/* 2>/dev/null; ps -eo args").stdout
