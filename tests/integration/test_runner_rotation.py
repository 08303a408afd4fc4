"""How a host gets a new token for a runner: the scripts under real shells, with stand-ins for gitlab-runner and GitLab."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
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
COUNTS, LOST, UNKNOWN = "it still accepts the old one", "does not accept the old token any more", "does not say whether"


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
        (table,) = runners_of(parse(self.kept.read_bytes()))
        return str(table["token"])

    def run(self, name: str, *args: str, apart: bool = False) -> tuple[int, str]:
        """`apart`: in a process group of its own."""
        run = self.root / "run"
        (run / name).write_bytes(content(name))
        environ = {"PATH": f"{self.root}/bin:{os.environ['PATH']}", "RUNNEROPS_ROOT": str(self.root)}
        words = [*self.shell, name, digest_of(OLD), *args]
        with subprocess.Popen(
            words,
            cwd=run,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=apart,
        ) as done:
            output, _ = done.communicate(timeout=120)
        assert "canary" not in output
        return done.returncode, output

    def ask(self, *, apart: bool = False) -> tuple[int, str]:
        return self.run("runner-reset-token.sh", "/etc/gitlab-runner/config.toml", "gitlab-runner.service", apart=apart)


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
    repository = Path(__file__).parents[2]
    programs = {
        "gitlab-runner": f"""echo "$no_proxy" >{tmp_path}/proxies
PYTHONPATH={repository} exec {sys.executable} -m tests.lab.standin "$@"
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
def test_after_a_fault_it_is_said_whether_the_old_token_works(
    desk: Desk, gitlab: GitLab, fault: Answer, carried_out: bool, says: str
) -> None:
    if carried_out:
        gitlab.faults = [fault]
    else:
        gitlab.turned_away["reset_authentication_token"] = [fault]
    code, text = desk.ask()
    assert code
    assert says in text.splitlines()[-1]
    assert not desk.kept.exists()


@pytest.mark.parametrize("desk", SHELLS[:1], indirect=True)
def test_a_token_that_gitlab_does_not_know_and_a_gitlab_that_is_gone(desk: Desk, gitlab: GitLab) -> None:
    gitlab.revoke(OLD)
    code, text = desk.ask()
    assert (code, LOST in text) == (1, True)
    nowhere: Tree = {**desk.runner, "url": "http://127.0.0.1:9"}
    (desk.root / "run" / ALONE).write_bytes(alone(nowhere))
    code, text = desk.ask()
    assert (code, UNKNOWN in text) == (1, True)


def test_what_gitlab_gave_already_is_kept_too(desk: Desk) -> None:
    (desk.root / "run" / ALONE).write_bytes(alone(desk.runner, {"token": "glrt-canary-given"}))
    for _ in range(2):
        assert desk.run("runner-keep-token.sh") == (0, "")
        assert desk.token() == "glrt-canary-given"
    assert stat.S_IMODE(desk.kept.stat().st_mode) == 0o600


STRIKE = """#!/bin/sh
read -r strike <{root}/strike
read -r number <{root}/calls.{name} || number=0
echo $((number + 1)) >{root}/calls.{name}
[ "$strike" != "before {name} $((number + 1))" ] || kill -9 0
{real} "$@"
code=$?
[ "$strike" != "after {name} $((number + 1))" ] || kill -9 0
exit $code
"""
"""A program that kills its whole process group before or after it has done its work."""

RESET, VERIFY = "gitlab-runner 1", "gitlab-runner 2"
KILLS = (
    "before mkdir 1",
    "before cp 1",
    "after cp 1",
    f"before {RESET}",
    f"after {RESET}",
    "before sync 1",
    f"after {VERIFY}",
)
FAULTS = {"gave": (), "no": (Answer(403),), "cut after it was carried out": (Answer(0),)}


def killed(desk: Desk, strike: str) -> None:
    """The script, killed there with all that it started."""
    (desk.root / "strike").write_text(f"{strike}\n")
    for name in ("mkdir", "cp", "sync", "rm", "gitlab-runner"):
        place = desk.root / "bin" / name
        real = shutil.which(name) or place.rename(place.with_suffix(".real"))
        (desk.root / f"calls.{name}").write_text("0\n")
        place.write_text(STRIKE.format(root=desk.root, name=name, real=real))
        place.chmod(0o755)
    assert desk.ask(apart=True)[0] == -signal.SIGKILL
    (desk.root / "strike").write_text("nowhere\n")


@pytest.mark.parametrize("desk", SHELLS[:1], indirect=True)  # busybox has its own of these programs
@pytest.mark.parametrize(
    ("answer", "strike"),
    [*product(FAULTS, KILLS), ("no", "before rm 1"), ("cut after it was carried out", "before rm 1")],
)
def test_killed_anywhere_the_next_keeps_the_token_or_says_that_it_is_lost(
    desk: Desk, gitlab: GitLab, answer: str, strike: str
) -> None:
    if answer == "no":
        gitlab.turned_away["reset_authentication_token"] = [*FAULTS[answer]]
    else:
        gitlab.faults = [*FAULTS[answer]]
    killed(desk, strike)
    gitlab.faults.clear()
    gitlab.turned_away.clear()
    reset = gitlab.runner(OLD).token != OLD
    kept = reset and desk.token() == gitlab.runner(OLD).token
    assert reset == (answer != "no" and strike not in KILLS[:4])
    assert kept == (reset and answer == "gave")
    code, text = desk.ask()
    if reset and not kept:
        assert (code, LOST in text, desk.kept.exists()) == (1, True, False)
        return
    assert (code, text) == (0, "")
    assert desk.token() == gitlab.runner(OLD).token != OLD
    assert stat.S_IMODE(desk.kept.stat().st_mode) == 0o600
