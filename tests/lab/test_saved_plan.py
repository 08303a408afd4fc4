"""A plan that is saved is applied as it was looked at: a job that began meanwhile is none, an edit on the host is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project, host_entry, runner_of, runner_section

pytestmark = pytest.mark.hosts("trixie")  # nothing here depends on Docker's version

DAEMON = "/etc/docker/daemon.json"


def test_a_saved_plan_is_applied_while_it_holds(tmp_path: Path, lab: Lab, host: LabHost) -> None:
    runner = runner_of(host, lab.gitlab)
    section = runner_section(check_interval=1, runners=[runner])
    project = Project(tmp_path, lab)
    docker = {"live-restore": True, "labels": ["a=b"]}
    project.write({"hosts": {host.name: host_entry(host, docker=docker, gitlab_runner=section)}})

    project.run("diff", "--save-plan", "first.json")
    assert runner["token"] not in (tmp_path / "first.json").read_text()
    assert "applied" in project.deploy("--plan", "first.json")
    assert "unchanged" in project.deploy("--plan", "first.json")  # as a job that is tried again

    project.set(host.name, "docker", "labels", value=["a=c"])
    project.set(host.name, "gitlab_runner", "concurrent", value=3)
    project.run("diff", "--save-plan", "second.json")
    by_hand = {**json.loads(host.read(DAEMON)), "debug": True}
    before = host.read(DAEMON)
    host.write(DAEMON, json.dumps(by_hand).encode())
    output = project.deploy("--plan", "second.json", code=6)
    assert "plan-differs" in output
    assert f"{DAEMON}: would change too (edited on the host): debug" in output
    assert json.loads(host.read(DAEMON)) == by_hand

    host.write(DAEMON, before)
    job = lab.gitlab.hold(token=str(runner["token"]), seconds=120)
    assert "applied" in project.deploy("--plan", "second.json")
    assert json.loads(host.read(DAEMON))["labels"] == ["a=c"]
    assert job.state == "running"
    job.finish()
    job.wait("success")
    assert "another run came between" in project.deploy("--plan", "first.json", code=6)
