"""The first promise: no CI job is lost to a change of configuration. Jobs run on every host while it is deployed to."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from tests.lab.changes import DAEMON_VALUES, TAKEN_OUT, KeyChange, deal
from tests.lab.gitlab import GitLab
from tests.lab.host import LabHost
from tests.lab.jobs import Traffic
from tests.lab.lab import Lab
from tests.lab.project import Project, runner_of, runner_section, whole_host
from tests.lab.shell import until

CHANGES = 50
MINUTES = 12
UNITS = ("docker", "gitlab-runner")


def tokens(host: LabHost, gitlab: GitLab) -> list[str]:
    return [str(runner_of(host, gitlab, executor)["token"]) for executor in ("shell", "docker")]


def entry(host: LabHost, lab: Lab, **docker: object) -> dict[str, Any]:
    """A host with a cache and a runner of each executor."""
    runners = [runner_of(host, lab.gitlab, executor) for executor in ("shell", "docker")]
    section = runner_section(concurrent=4, check_interval=1, runners=runners)
    daemon = {"live-restore": True, **{name: DAEMON_VALUES[name] for name in TAKEN_OUT}, **docker}
    return whole_host(host, lab.hub, docker=daemon, gitlab_runner=section)


def lives(host: LabHost) -> dict[str, str]:
    """What changes with every start of a unit."""
    return {unit: host.run(f"systemctl show -P InvocationID {unit}").stdout.strip() for unit in UNITS}


def process(host: LabHost) -> str:
    return host.run("systemctl show -P MainPID gitlab-runner").stdout.strip()


def started(host: LabHost, before: dict[str, str]) -> set[str]:
    """The units that were started since."""
    return {unit for unit, life in lives(host).items() if life != before[unit]}


class Site:
    """A deployed host with its project and its traffic."""

    def __init__(self, folder: Path, lab: Lab, host: LabHost) -> None:
        folder.mkdir(exist_ok=True)
        host.reset()
        self.host = host
        self.tokens = tokens(host, lab.gitlab)
        self.project = Project(folder, lab)
        self.project.write({"hosts": {host.name: entry(host, lab)}})
        self.project.deploy()

    def change(self, edit: KeyChange, traffic: Traffic) -> None:
        """Deploy one change while a job of each runner runs; only what the change restarts was restarted."""
        for token in self.tokens:
            traffic.wait_running(token)
        before = lives(self.host)
        self.project.set(self.host.name, *edit.place, value=edit.value)
        output = self.project.deploy()
        assert "applied" in output, f"{edit}\n{output}"
        runner = {"docker": {"gitlab-runner"}, "gitlab-runner": {"gitlab-runner"}}.get(edit.restarts, set())
        want = ({edit.restarts} if edit.restarts else set()) | runner
        assert started(self.host, before) == want, f"{edit}\n{output}"


def test_no_job_is_lost_to_fifty_changes_on_all_hosts_at_once(tmp_path: Path, lab: Lab, gitlab: GitLab) -> None:
    lab.hub.start()
    with ThreadPoolExecutor() as pool:
        sites = list(pool.map(lambda host: Site(tmp_path / host.name, lab, host), lab.hosts))
        hands = deal(CHANGES, len(sites))
        start = time.monotonic()

        def play(site: Site, edits: list[KeyChange], traffic: Traffic) -> int:
            for edit in edits:
                site.change(edit, traffic)
            return len(edits)

        with Traffic(gitlab, [token for site in sites for token in site.tokens]) as traffic:
            made = list(pool.map(play, sites, hands, repeat(traffic)))
    assert sum(made) == CHANGES
    assert time.monotonic() - start < MINUTES * 60
    assert len(traffic.all) > CHANGES
    assert not traffic.lost()


SOFT = [edit for edit in chain(*deal(CHANGES, 1)) if not edit.restarts and edit.kind != "cache"][:5]
"""Changes of dockerd and the runner that no restart comes of, unless that is asked for."""


@pytest.mark.hosts("trixie")
@pytest.mark.parametrize("always_restart", [False, True], ids=["gentle", "on_change restart"])
def test_what_a_reload_does_leaves_jobs_alone_and_what_on_change_restart_does_waits_for_them(
    site: Site, gitlab: GitLab, always_restart: bool
) -> None:
    if always_restart:
        for service in ("docker", "gitlab_runner"):
            site.project.set(site.host.name, service, "on_change", value="restart")
    for edit in SOFT:
        before = lives(site.host)
        jobs = [gitlab.hold(token=token) for token in site.tokens]
        site.project.set(site.host.name, *edit.place, value=edit.value)
        with ThreadPoolExecutor() as pool:
            deploy = pool.submit(site.project.deploy)
            if always_restart:
                wait_for_drain(site.host, before)
                assert not deploy.done()
                assert [job.state for job in jobs] == ["running", "running"]
            else:
                deploy.result()
            for job in jobs:
                job.finish()
            assert "applied" in deploy.result()
        for job in jobs:
            job.wait()
        docker = {"docker"} if edit.place[0] == "docker" else set()
        assert started(site.host, before) == ({"gitlab-runner"} | docker if always_restart else set()), str(edit)


@pytest.mark.hosts("trixie")
def test_while_more_jobs_run_than_a_lowered_concurrent_a_reload_is_blocked(site: Site, gitlab: GitLab) -> None:
    project, name, before = site.project, site.host.name, lives(site.host)
    first, second = (gitlab.hold(token=token) for token in site.tokens)
    project.set(name, "gitlab_runner", "concurrent", value=1)
    assert "applied" in project.deploy()
    project.set(name, "gitlab_runner", "check_interval", value=2)
    assert "blocked: reload-waits" in project.deploy(code=1)
    first.finish()
    first.wait()
    assert "applied" in project.deploy()
    second.finish()
    second.wait()
    assert started(site.host, before) == set()


@pytest.mark.hosts("trixie")
def test_a_runner_that_somebody_told_to_end_is_not_reloaded(site: Site, gitlab: GitLab) -> None:
    project, host = site.project, site.host
    job = gitlab.hold(token=site.tokens[0])
    before, process_before = lives(host), process(host)
    host.run("systemctl kill -s QUIT --kill-who=main gitlab-runner")
    wait_for_drain(host, before)
    project.set(host.name, "gitlab_runner", "check_interval", value=2)
    output = project.deploy(code=1)
    assert "was told to end after its last job (SIGQUIT)" in output
    assert "check_interval = 1\n" in host.run("cat /etc/gitlab-runner/config.toml").stdout
    assert job.state == "running"
    job.finish()
    job.wait()
    until("the process ends", lambda: process(host) != process_before, seconds=60)
    assert "applied" in project.deploy()


@pytest.mark.hosts("trixie")
@pytest.mark.parametrize("managed", [True, False])
def test_a_runner_that_systemd_is_about_to_start_is_not_started_before_docker_is_back(
    site: Site, lab: Lab, managed: bool
) -> None:
    project, host = site.project, site.host
    if not managed:
        sections = entry(host, lab)
        del sections["gitlab_runner"]
        project.write({"hosts": {host.name: sections}})
    host.run("systemctl kill -s QUIT --kill-who=main gitlab-runner")
    until("it waits", lambda: host.active("gitlab-runner") == "activating", seconds=10)
    project.set(host.name, "docker", "mtu", value=1450)
    output = project.deploy()
    assert "→ restart docker" in output
    assert "applied" in output
    since = [host.run(f"systemctl show -P ActiveEnterTimestampMonotonic {unit}").stdout for unit in UNITS]
    assert int(since[0]) < int(since[1])


def wait_for_drain(host: LabHost, before: dict[str, str]) -> None:
    """Until the runner's process of then has been told to end."""
    log = f"journalctl --no-pager --all --output=cat _SYSTEMD_INVOCATION_ID={before['gitlab-runner']}"
    until("it drains", lambda: "received stop signal" in host.run(log).stdout, seconds=60)


def test_live_restore_newly_on_is_loaded_before_the_restart_so_the_cache_lives_on(site: Site, gitlab: GitLab) -> None:
    project, host = site.project, site.host
    project.set(host.name, "docker", "live-restore", value=False)
    project.deploy()
    cache = "docker ps --no-trunc --format '{{.ID}}' | xargs docker inspect -f '{{.Id}} {{.State.StartedAt}}'"
    running, before = host.run(cache).stdout, lives(host)
    with Traffic(gitlab, site.tokens) as traffic:
        for token in site.tokens:
            traffic.wait_running(token)
        project.set(host.name, "docker", "live-restore", value=True)
        project.set(host.name, "docker", "init", value=True)
        project.deploy()
    assert host.run(cache).stdout == running
    assert started(host, before) == {"docker", "gitlab-runner"}
    assert not traffic.lost()


@pytest.fixture(name="site")
def fixture_site(tmp_path: Path, lab: Lab, host: LabHost, gitlab: GitLab) -> Site:  # noqa: ARG001 — forgets its jobs
    return Site(tmp_path / "site", lab, host)
