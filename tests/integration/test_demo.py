"""The demo as a newcomer meets it: its story, what it touches, how it ends."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runnerops.demo.simulated.main import ROOMS
from tests.integration.traced import STRACE, trace
from tests.shells import without

DEMO = [sys.executable, "-m", "runnerops", "demo"]
PLAIN = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
SECONDS = 600
"""Far more than it takes: the machine may be busy."""


@pytest.fixture(name="scratch")
def fixture_scratch(tmp_path: Path) -> Path:
    """Where the demo makes its folder."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return scratch


def play(scratch: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DEMO, *words],
        env={**PLAIN, "TMPDIR": str(scratch), **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def outputs(said: str) -> dict[str, list[str]]:
    """What each line that was typed printed, by that line, in order."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"\n\$ ", said)[1:]:
        typed, _, printed = part.partition("\n")
        found.setdefault(typed, []).append(printed.partition("\n──")[0])
    return found


def test_the_story(scratch: Path) -> None:
    done = play(scratch)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "Simulated are" in done.stdout
    first, second, third, failing = outputs(done.stdout)["runnerops deploy --yes"]
    assert re.findall(r"→ (\w+ [\w-]+)", first) == ["restart docker", "start registry", "stop and"]
    assert "demo: applied" in first
    assert "→" not in second
    assert "demo: unchanged" in second
    assert re.findall(r"→ (\w+ [\w-]+)", third) == ["reload gitlab-runner"]
    assert "demo: applied" in third
    assert "failed step: restart docker" in failing
    assert failing.count("Job for docker.service failed") == 1
    assert "systemctl restart" not in failing
    assert "→ stop and start gitlab-runner (around the restart of docker) · 0 jobs interrupted\n" in failing
    assert "the host is back as it was" in failing
    assert "(exit status 4)" in failing
    assert "glrt-" not in done.stdout
    assert list(scratch.iterdir()) == []


def test_nothing_is_written_elsewhere_and_no_real_service_called(scratch: Path, tmp_path: Path) -> None:
    if STRACE is None:
        pytest.skip(without("strace"))
    records = tmp_path / "records"
    records.mkdir()
    done, record = trace(DEMO, records, {**PLAIN, "TMPDIR": str(scratch)})
    assert done.returncode == 0, done.stdout + done.stderr
    allowed = (f"{scratch}/runnerops-demo-", "/dev/", "/proc/self/")
    assert [path for path in sorted(record.written) if not path.startswith(allowed)] == []
    assert any(path.endswith("/host/etc/docker/daemon.json") for path in record.written)
    services = {*ROOMS, "docker-compose", "podman", "ssh", "sudo", "nsenter"}
    real = {path for path in record.run if not path.startswith(str(scratch)) and Path(path).name in services}
    assert real == set()
    assert {Path(path).name for path in record.run} >= {"docker", "systemctl", "systemd-run", "curl", "dockerd"}
    assert record.called == {"127.0.0.1"}


def test_an_ordinary_user_can() -> None:
    if os.geteuid() != 0:
        pytest.skip("the other tests were it")
    nobody = pwd.getpwnam("nobody")
    environ = {**PLAIN, "HOME": "/nonexistent", "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [reachable(nobody, environ), *DEMO[1:]],
        env=environ,
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "demo: rolled-back" in done.stdout


def reachable(user: pwd.struct_passwd, environ: dict[str, str]) -> str:
    """A Python that this user may run, with all that is needed: ours, or the system's with our packages."""
    for python in (sys.executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            argv = [python, "-c", "import runnerops.cli, paramiko, pydantic"]
            subprocess.run(argv, env=environ, user=user.pw_uid, cwd="/", capture_output=True, check=True)
            return python
    pytest.skip("no Python here that another user could run this with")


@pytest.mark.parametrize(
    ("when", "number", "words", "ends"),
    [
        ("runnerops deploy", signal.SIGINT, [], 130),
        ("runnerops diff", signal.SIGTERM, [], 143),
        ("Ctrl-C", signal.SIGINT, ["--keep"], 0),
    ],
    ids=["interrupted", "terminated", "kept"],
)
def test_it_leaves_nothing_behind(
    scratch: Path, when: str, number: signal.Signals, words: list[str], ends: int
) -> None:
    process = subprocess.Popen(
        [*DEMO, *words],
        env={**PLAIN, "TMPDIR": str(scratch)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    with process.stdout:
        for line in process.stdout:
            if when in line:
                break
        os.killpg(process.pid, number)
        rest = process.stdout.read()
    assert process.wait(timeout=60) == ends, rest
    assert list(scratch.iterdir()) == []
    assert not [file for file in Path("/proc").glob("[0-9]*/environ") if _belongs(file, scratch)]


def _belongs(file: Path, scratch: Path) -> bool:
    try:
        return str(scratch).encode() in file.read_bytes()
    except OSError:
        return False


def test_a_folder_that_is_not_there_is_named(scratch: Path) -> None:
    done = play(scratch, TMPDIR=str(scratch / "absent"))
    assert done.returncode == 1
    assert "TMPDIR" in done.stderr


def test_a_config_with_the_dates_of_its_tokens_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[[runners]]\nname = "one"\ntoken_expires_at = 2036-01-02T03:04:05Z\n')
    script = (
        "import marshal, sys; from runnerops.demo.simulated.config_toml import read; marshal.dumps(read(sys.argv[1]))"
    )
    argv = [sys.executable, "-c", script, "/config.toml"]
    done = subprocess.run(
        argv, env={**PLAIN, "RUNNEROPS_ROOT": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
