"""The demo as a newcomer sees it: what it shows, what it touches, and how it ends."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from runnerops.demo.simulated.main import ROOMS
from tests.integration.traced import STRACE, Record, trace
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


def outputs(output: str) -> dict[str, list[str]]:
    """What each line that was typed printed, by that line, in order."""
    by_command: dict[str, list[str]] = {}
    for part in re.split(r"\n\$ ", output)[1:]:
        typed, _, printed = part.partition("\n")
        by_command.setdefault(typed, []).append(printed.partition("\n──")[0])
    return by_command


@dataclass(frozen=True, slots=True)
class Played:
    """A demo from its beginning to its end, and what it touched, where strace can tell."""

    scratch: Path
    done: subprocess.CompletedProcess[str]
    record: Record | None


@pytest.fixture(scope="module", name="played")
def fixture_played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    scratch = tmp_path_factory.mktemp("scratch")
    if STRACE is None:
        return Played(scratch, play(scratch), None)
    return Played(scratch, *trace(DEMO, tmp_path_factory.mktemp("records"), {**PLAIN, "TMPDIR": str(scratch)}))


def test_the_demo_plays_its_scenes(played: Played) -> None:
    completed = played.done
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert completed.stderr == ""
    assert "\x1b" not in completed.stdout
    assert "programs are simulated" in completed.stdout
    first, second, third, failing = outputs(completed.stdout)["runnerops deploy --yes"]
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
    assert "glrt-" not in completed.stdout
    assert list(played.scratch.iterdir()) == []


def test_nothing_is_written_elsewhere_and_no_real_service_called(played: Played) -> None:
    scratch, record = played.scratch, played.record
    if record is None:
        pytest.skip(without("strace"))
    allowed = (f"{scratch}/runnerops-demo-", "/dev/", "/proc/self/")
    assert [path for path in sorted(record.written) if not path.startswith(allowed)] == []
    assert any(path.endswith("/host/etc/docker/daemon.json") for path in record.written)
    services = {*ROOMS, "docker-compose", "podman", "ssh", "sudo", "nsenter"}
    real = {path for path in record.run if not path.startswith(str(scratch)) and Path(path).name in services}
    assert real == set()
    assert {Path(path).name for path in record.run} >= {"docker", "systemctl", "systemd-run", "curl", "dockerd"}
    assert record.called == {"127.0.0.1"}


def reachable(user: pwd.struct_passwd, environ: dict[str, str]) -> str:
    """A Python that this user may run, with all that is needed: ours, or the system's with our packages."""
    for python in (sys.executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            argv = [python, "-c", "import runnerops.cli, paramiko, pydantic"]
            subprocess.run(argv, env=environ, user=user.pw_uid, cwd="/", capture_output=True, check=True)
            return python
    pytest.skip("no Python here that another user could run this with")


@pytest.mark.parametrize(
    ("when", "number", "ends"),
    [("runnerops deploy", signal.SIGINT, 130), ("runnerops diff", signal.SIGTERM, 143)],
    ids=["interrupted", "terminated"],
)
def test_it_leaves_nothing_behind(scratch: Path, when: str, number: signal.Signals, ends: int) -> None:
    process = started(DEMO, scratch)
    read_until(process, when)
    interrupted(process, number)
    assert process.wait(timeout=60) == ends
    assert left_of(scratch) == []


def test_an_ordinary_user_keeps_a_host_until_ctrl_c(scratch: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        process = started([*DEMO, "--keep"], scratch)
    else:
        nobody = pwd.getpwnam("nobody")
        environ = {**PLAIN, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        scratch = Path(tempfile.mkdtemp())
        os.chown(scratch, nobody.pw_uid, nobody.pw_gid)
        process = started([reachable(nobody, environ), *DEMO[1:], "--keep"], scratch, environ, nobody)
    output = read_until(process, "  ls -R ")
    project = re.search(r"^  cd (.+)$", output, re.MULTILINE)
    assert project, output
    adopted = adopt(Path(project[1]), tmp_path)
    assert "caches:\n        - upstream: https://registry-1.docker.io\n" in adopted
    assert "a deploy of this changes nothing" in adopted
    output += interrupted(process, signal.SIGINT)
    assert process.wait(timeout=60) == 0, output
    assert "demo: rolled-back" in output
    assert left_of(scratch) == []
    scratch.rmdir()


def started(
    argv: list[str], scratch: Path, environ: dict[str, str] = PLAIN, user: pwd.struct_passwd | None = None
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        argv,
        env={**environ, "TMPDIR": str(scratch)},
        user=None if user is None else user.pw_uid,
        group=None if user is None else user.pw_gid,
        extra_groups=None if user is None else [],
        cwd=None if user is None else "/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """What it says, up to the first line that has `text` in it."""
    lines = []
    assert process.stdout
    for line in process.stdout:
        lines.append(line)
        if text in line:
            break
    return "".join(lines)


def interrupted(process: subprocess.Popen[str], number: signal.Signals) -> str:
    """What it says after this signal."""
    assert process.stdout
    with process.stdout:
        os.killpg(process.pid, number)
        return process.stdout.read()


def adopt(project: Path, folder: Path) -> str:
    """What `adopt` says of the host of a project, in a folder without an inventory."""
    port = re.search(r"port: (\d+)", (project / "inventory.yml").read_text())
    assert port
    environ = {
        **PLAIN,
        "HOME": str(folder),
        "SSH_PRIVATE_KEY": (project / "id_ecdsa").read_text(),
        "SSH_KNOWN_HOSTS": (project / "known_hosts").read_text(),
    }
    argv = [*DEMO[:-1], "adopt", f"root@127.0.0.1:{port[1]}", "--name", "runner-1"]
    done = subprocess.run(argv, cwd=folder, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def left_of(scratch: Path) -> list[str]:
    """The files and processes that are left."""
    left = [str(file) for file in Path("/proc").glob("[0-9]*/environ") if _belongs(file, scratch)]
    return [*left, *map(str, scratch.iterdir())]


def _belongs(file: Path, scratch: Path) -> bool:
    try:
        return str(scratch).encode() in file.read_bytes()
    except OSError:
        return False


def test_a_folder_that_is_not_there_is_named(scratch: Path) -> None:
    completed = play(scratch, TMPDIR=str(scratch / "absent"))
    assert completed.returncode == 1
    assert "TMPDIR" in completed.stderr


def test_a_config_with_the_dates_of_its_tokens_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[[runners]]\nname = "one"\ntoken_expires_at = 2036-01-02T03:04:05Z\n')
    script = (
        "import marshal, sys; from runnerops.demo.simulated.config_toml import read; marshal.dumps(read(sys.argv[1]))"
    )
    argv = [sys.executable, "-c", script, "/config.toml"]
    completed = subprocess.run(
        argv, env={**PLAIN, "RUNNEROPS_ROOT": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stderr
