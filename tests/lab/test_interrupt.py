"""Interrupting a client: the host finishes by itself, or goes back; nobody has to clean up."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project, host_entry, runner_section
from tests.lab.shell import until
from tests.lab.terminal import INTERRUPT, Terminal

CONFIG = "/etc/gitlab-runner/config.toml"
QUESTION = "[Y/n]"


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab, host: LabHost) -> Iterator[Project]:
    """A deploy of this project rests the runner, which takes no signal: the drain lasts until `wake`."""
    project = Project(tmp_path, lab)
    project.write({"hosts": {host.name: host_entry(host, gitlab_runner=runner_section())}})
    project.deploy()
    project.set(host.name, "gitlab_runner", "listen_address", value="127.0.0.1:9253")
    host.run("systemctl kill -s STOP --kill-who=main gitlab-runner")
    yield project
    wake(host)


def wake(host: LabHost) -> None:
    host.run("systemctl kill -s CONT --kill-who=main gitlab-runner", check=False)


def idle(host: LabHost) -> bool:
    return "runnerops-" not in host.run("systemctl list-units 'runnerops-*' --no-legend").stdout


def draining(project: Project, host: LabHost) -> Terminal:
    environ = {**project.environ, "TERM": "xterm"}
    terminal = Terminal(project.command("deploy"), project.folder, environ)
    terminal.wait_for("[y/N]")
    terminal.press("y\n")
    until(
        "the drain",
        lambda: "drain.sh" in host.run("ps -A -o args | grep -v grep", check=False).stdout,
        seconds=30,
    )
    return terminal


@pytest.mark.hosts("bookworm", "docker28")
def test_a_yes_leaves_the_run_alone_and_says_how_to_look(project: Project, host: LabHost) -> None:
    terminal = draining(project, host)
    terminal.press(INTERRUPT)
    terminal.wait_for(QUESTION)
    terminal.press("\n")
    assert terminal.end() == 130
    assert f"runnerops history {host.name} --follow" in " ".join(terminal.said.split())
    assert not idle(host)
    follow = subprocess.Popen(
        project.command("history", host.name, "--follow"), cwd=project.folder, env=project.environ,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert follow.stdout
    with follow.stdout as output:
        printed = output.readline()
        assert "going on for" in printed
        wake(host)
        printed += output.read()
    assert follow.wait(timeout=60) == 0, printed
    assert "applied" in printed
    assert b"127.0.0.1:9253" in host.read(CONFIG)
    assert "unchanged" in project.deploy()


def test_a_no_goes_back_at_once_and_the_runner_returns_after_its_last_job(project: Project, host: LabHost) -> None:
    before = host.read(CONFIG)
    terminal = draining(project, host)
    terminal.press(INTERRUPT)
    terminal.wait_for(QUESTION)
    terminal.press("n\n")
    assert terminal.end() == 4, terminal.said
    assert "back as it was" in " ".join(terminal.said.split())
    assert host.read(CONFIG) == before
    wake(host)
    until("the runner is back", lambda: host.active("gitlab-runner") == "active" and idle(host), seconds=20)
    assert "rolled-back" in project.run("history", host.name)
    assert "rolled-back" in project.run("diff")
    project.deploy()
    assert b"127.0.0.1:9253" in host.read(CONFIG)


@pytest.mark.hosts("trixie")
def test_a_second_interrupt_leaves_at_once(project: Project, host: LabHost) -> None:
    terminal = draining(project, host)
    terminal.press(INTERRUPT)
    terminal.wait_for(QUESTION)
    terminal.press(INTERRUPT)
    assert terminal.end(5) == 130
    assert "continues by itself" in " ".join(terminal.said.split())
    assert not idle(host)


@pytest.mark.hosts("trixie")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_without_a_terminal_nobody_is_asked_and_the_host_finishes(
    project: Project, host: LabHost, number: signal.Signals
) -> None:
    deploy = subprocess.Popen(
        project.command("deploy", "--yes", "-v"), cwd=project.folder, env=project.environ,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert deploy.stdout
    next(line for line in deploy.stdout if ": tell gitlab-runner to take no new jobs" in line)
    os.kill(deploy.pid, number)
    output, _ = deploy.communicate(timeout=60)
    assert deploy.returncode == 130, output
    assert "continues by itself" in output
    wake(host)
    until("the run is over", lambda: idle(host), seconds=60)
    assert "unchanged" in project.deploy()


@pytest.mark.hosts("trixie")
def test_a_sigterm_at_a_terminal_counts_as_a_yes(project: Project, host: LabHost) -> None:
    terminal = draining(project, host)
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.end(10) == 130
    assert QUESTION not in terminal.said
    assert not idle(host)


@pytest.mark.hosts("trixie")
def test_a_run_that_nobody_follows_is_rolled_back_from_elsewhere(project: Project, host: LabHost) -> None:
    before = host.read(CONFIG)
    terminal = draining(project, host)
    terminal.press(INTERRUPT)
    terminal.wait_for(QUESTION)
    terminal.press("\n")
    assert terminal.end() == 130
    assert "no terminal" in project.run("abort", host.name, code=2)
    output = project.run("abort", host.name, "--yes")
    assert "rolled-back" in output
    assert "taking it back:" in output
    assert host.read(CONFIG) == before
    wake(host)
    until("the runner is back", lambda: host.active("gitlab-runner") == "active" and idle(host), seconds=20)
    assert "no run is going on" in project.run("abort", host.name, "--yes")
    project.run("hold", host.name, "--reason", "disk swap", "--until", "4h")
    assert "held" in project.deploy(code=1)
    assert "disk swap" in project.run("status", host.name)
    project.run("release", host.name)
    project.deploy()
    assert b"127.0.0.1:9253" in host.read(CONFIG)
