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
    other_project = Project(folder, lab)
    other_project.write({"hosts": {host.name: host_entry(host, gitlab_runner=runner_section())}})
    return other_project


def concurrent(host: LabHost) -> str:
    return next(
        line for line in host.read("/etc/gitlab-runner/config.toml").decode().splitlines() if "concurrent" in line
    )


def test_clients_of_one_plan_end_alike_every_time(tmp_path: Path, lab: Lab, host: LabHost) -> None:
    own_project = project(tmp_path / "a", lab, host)
    own_project.deploy()
    followed = 0
    for number in range(ROUNDS):
        own_project.set(host.name, "gitlab_runner", "concurrent", value=10 + number)
        clients = [own_project.start(*DEPLOY), own_project.start(*DEPLOY)]
        outputs = [client.communicate(120) for client in clients]
        assert [client.wait(1) for client in clients] == [0, 0], "\n".join(outputs)
        assert concurrent(host) == f"concurrent = {10 + number}"
        followed += any("has the same plan" in text for text in outputs)
    assert followed, "they never met"
    assert host.run("ls /var/lib/runnerops/intents").stdout == ""


def test_clients_of_two_plans_take_turns_or_one_says_who_was_first(tmp_path: Path, lab: Lab, host: LabHost) -> None:
    own_project, other_project = project(tmp_path / "a", lab, host), project(tmp_path / "b", lab, host)
    own_project.deploy()
    met = 0
    for number in range(ROUNDS // 4):
        own_project.set(host.name, "gitlab_runner", "concurrent", value=10 + number)
        other_project.set(host.name, "gitlab_runner", "concurrent", value=50 + number)
        clients = [own_project.start(*DEPLOY), other_project.start(*DEPLOY)]
        outputs = [client.communicate(120) for client in clients]
        codes = [client.wait(1) for client in clients]
        assert sorted(codes) in ([0, 1], [0, 0]), "\n".join(outputs)
        if 1 in codes:
            met += 1
            loser = outputs[codes.index(1)]
            assert "locked" in loser
            assert " by " in loser
            assert ", since " in loser or ", at " in loser, loser  # going on, or over by the time it was asked
            assert concurrent(host) == f"concurrent = {(50 if codes.index(1) == 0 else 10) + number}"
    assert met, "they never met"


def test_a_deploy_that_waited_for_the_lock_plans_again(tmp_path: Path, lab: Lab, host: LabHost) -> None:
    own_project, other_project = project(tmp_path / "a", lab, host), project(tmp_path / "b", lab, host)
    own_project.deploy()
    own_project.set(host.name, "gitlab_runner", "concurrent", value=10)
    other_project.set(host.name, "gitlab_runner", "concurrent", value=50)
    clients = [project.start(*DEPLOY, "--lock-wait", "2m") for project in (own_project, other_project)]
    outputs = [client.communicate(180) for client in clients]
    assert [client.wait(1) for client in clients] == [0, 0], "\n".join(outputs)
    assert own_project.run("history", host.name).count(" applied ") == 3
