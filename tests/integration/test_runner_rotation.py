"""How a host gets a new token for a runner: the scripts under real shells, a stand-in for gitlab-runner, one for GitLab."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runnerops.model.common import Tree
from runnerops.services.gitlab_runner.format import parse, runners_of
from runnerops.services.gitlab_runner.rotation import ALONE, alone, digest_of
from runnerops.services.scripts import content
from tests.lab.gitlab import GitLab, open_gitlab
from tests.lab.gitlab_api import Answer
from tests.shells import SHELLS

OLD = "glrt-canary-of-the-old-token"
SYSTEM = "s_0123456789ab"
COUNTS, LOST, UNKNOWN = "the old one counts still", "does not take the old token any more", "GitLab does not say"


@dataclass(frozen=True, slots=True)
class Desk:
    """A host as far as the scripts see it: the run's folder is `root / "run"`."""

    shell: tuple[str, ...]
    root: Path
    runner: Tree

    @property
    def kept(self) -> Path:
        return self.root / f"var/lib/runnerops/rotated/{digest_of(OLD)}/config.toml"

    def token(self) -> str:
        (one,) = runners_of(parse(self.kept.read_bytes()))
        return str(one["token"])

    def run(self, name: str, *args: str) -> tuple[int, str]:
        run = self.root / "run"
        (run / name).write_bytes(content(name))
        environ = {"PATH": f"{self.root}/bin:{os.environ['PATH']}", "RUNNEROPS_ROOT": str(self.root)}
        words = [*self.shell, name, digest_of(OLD), *args]
        done = subprocess.run(words, cwd=run, env=environ, capture_output=True, text=True, check=False, timeout=120)
        assert "canary" not in done.stdout + done.stderr
        return done.returncode, done.stdout + done.stderr

    def ask(self) -> tuple[int, str]:
        return self.run("runner-reset-token.sh", "/etc/gitlab-runner/config.toml", "gitlab-runner.service")


@pytest.fixture(name="gitlab")
def fixture_gitlab() -> Iterator[GitLab]:
    with open_gitlab() as gitlab:
        gitlab.runner(OLD)
        yield gitlab


@pytest.fixture(name="desk", params=SHELLS)
def fixture_desk(request: pytest.FixtureRequest, tmp_path: Path, gitlab: GitLab) -> Desk:
    for folder in ("bin", "run", "etc/gitlab-runner", "proc/42"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/gitlab-runner/.runner_system_id").write_text(SYSTEM)
    (tmp_path / "proc/42/environ").write_bytes(b"A=b\0no_proxy=a b,127.0.0.1\0SECRET=$(false)\0")
    here = Path(__file__).parents[2]
    programs = {
        "gitlab-runner": f"""echo "$no_proxy" >{tmp_path}/proxies
PYTHONPATH={here} exec {sys.executable} -m tests.lab.standin "$@"
""",
        "systemctl": "echo 42",
    }
    for name, text in programs.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    runner: Tree = {"name": "--odd", "url": gitlab.url, "token": OLD, "executor": "docker", "docker": {"image": "x"}}
    (tmp_path / "run" / ALONE).write_bytes(alone(runner))
    return Desk(request.param, tmp_path, runner)


def test_the_new_token_is_kept_for_root_alone_and_asked_for_once(desk: Desk, gitlab: GitLab) -> None:
    assert desk.ask() == (0, "")
    assert desk.token() == gitlab.runner(OLD).token != OLD
    assert stat.S_IMODE(desk.kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(desk.kept.parent.stat().st_mode) == 0o700
    assert (desk.kept.parent / ".runner_system_id").read_text() == SYSTEM
    assert (desk.root / "proxies").read_text() == "a b,127.0.0.1\n"  # as the runner's own process has them
    asked, kept = list(gitlab.requests), desk.kept.read_bytes()
    assert [path.rpartition("/")[2] for _, path in asked] == ["reset_authentication_token", "verify"]
    assert desk.ask() == (0, "")  # as a run does that takes up where one was cut off
    assert (gitlab.requests, desk.kept.read_bytes()) == (asked, kept)


@pytest.mark.parametrize(
    ("fault", "carried_out", "says"),
    [
        (Answer(401), False, COUNTS),
        (Answer(403), False, COUNTS),
        (Answer(404), False, COUNTS),
        (Answer(429, "", {"Retry-After": "1"}), False, COUNTS),
        (Answer(500, "<html>"), False, COUNTS),
        (Answer(0), False, COUNTS),
        (Answer(500), True, LOST),
        (Answer(0), True, LOST),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Answer) else str(value),
)
@pytest.mark.parametrize("desk", SHELLS[:1], indirect=True)
def test_what_is_known_after_a_fault(desk: Desk, gitlab: GitLab, fault: Answer, carried_out: bool, says: str) -> None:
    if carried_out:
        gitlab.faults = [fault]
    else:
        gitlab.turned_away["reset_authentication_token"] = [fault]
    code, said = desk.ask()
    assert code
    assert says in said.splitlines()[-1]
    assert not desk.kept.exists()


@pytest.mark.parametrize("desk", SHELLS[:1], indirect=True)
def test_a_token_that_gitlab_does_not_know_and_a_gitlab_that_is_gone(desk: Desk, gitlab: GitLab) -> None:
    gitlab.revoke(OLD)
    code, said = desk.ask()
    assert (code, LOST in said) == (1, True)
    nowhere: Tree = {**desk.runner, "url": "http://127.0.0.1:9"}
    (desk.root / "run" / ALONE).write_bytes(alone(nowhere))
    code, said = desk.ask()
    assert (code, UNKNOWN in said) == (1, True)


def test_what_gitlab_gave_already_is_kept_too(desk: Desk) -> None:
    (desk.root / "run" / ALONE).write_bytes(alone(desk.runner, {"token": "glrt-canary-given"}))
    for _ in range(2):
        assert desk.run("runner-keep-token.sh") == (0, "")
        assert desk.token() == "glrt-canary-given"
    assert stat.S_IMODE(desk.kept.stat().st_mode) == 0o600
