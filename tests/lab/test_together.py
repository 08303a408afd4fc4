"""Two clients at once: one run a host, nobody overwrites anybody, nobody unlocks anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project, host_entry, runner_section

pytestmark = pytest.mark.hosts("docker28")
ROUNDS = 20
DEPLOY = ("deploy", "--yes")


def project(folder: Path, lab: Lab, host: LabHost) -> Project:
    folder.mkdir()
    found = Project(folder, lab)
    found.write({"hosts": {host.name: host_entry(host, gitlab_runner=runner_section())}})
    return found


def concurrent(host: LabHost) -> str:
    return next(
        line for line in host.read("/etc/gitlab-runner/config.toml").decode().splitlines() if "concurrent" in line
    )


def test_clients_of_one_plan_end_alike_every_time(tmp_path: Path, lab: Lab, host: LabHost) -> None:
    here = project(tmp_path / "a", lab, host)
    here.deploy()
    followed = 0
    for number in range(ROUNDS):
        here.set(host.name, "gitlab_runner", "concurrent", value=10 + number)
        both = [here.start(*DEPLOY), here.start(*DEPLOY)]
        said = [client.communicate(120) for client in both]
        assert [client.wait(1) for client in both] == [0, 0], "\n".join(said)
        assert concurrent(host) == f"concurrent = {10 + number}"
        followed += any("has the same plan" in text for text in said)
    assert followed, "they never met"
    assert host.run("ls /var/lib/runnerops/intents").stdout == ""


def test_clients_of_two_plans_take_turns_or_one_says_who_was_first(tmp_path: Path, lab: Lab, host: LabHost) -> None:
    here, there = project(tmp_path / "a", lab, host), project(tmp_path / "b", lab, host)
    here.deploy()
    met = 0
    for number in range(ROUNDS // 4):
        here.set(host.name, "gitlab_runner", "concurrent", value=10 + number)
        there.set(host.name, "gitlab_runner", "concurrent", value=50 + number)
        both = [here.start(*DEPLOY), there.start(*DEPLOY)]
        said = [client.communicate(120) for client in both]
        codes = [client.wait(1) for client in both]
        assert sorted(codes) in ([0, 1], [0, 0]), "\n".join(said)
        if 1 in codes:
            met += 1
            loser = said[codes.index(1)]
            assert "locked" in loser
            assert " by " in loser
            assert ", since " in loser or ", at " in loser, loser  # going on, or over by the time it was asked
            assert concurrent(host) == f"concurrent = {(50 if codes.index(1) == 0 else 10) + number}"
    assert met, "they never met"


def test_a_deploy_that_waited_for_the_lock_plans_again(tmp_path: Path, lab: Lab, host: LabHost) -> None:
    here, there = project(tmp_path / "a", lab, host), project(tmp_path / "b", lab, host)
    here.deploy()
    here.set(host.name, "gitlab_runner", "concurrent", value=10)
    there.set(host.name, "gitlab_runner", "concurrent", value=50)
    both = [project.start(*DEPLOY, "--lock-wait", "2m") for project in (here, there)]
    said = [client.communicate(180) for client in both]
    assert [client.wait(1) for client in both] == [0, 0], "\n".join(said)
    assert here.run("history", host.name).count(" applied ") == 3
