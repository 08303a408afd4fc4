"""A gitlab-runner as a process of this machine, real or stand-in: what the contract's tests start and ask."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.lab.shell import until

REAL = os.environ.get("RUNNEROPS_LAB_GITLAB_RUNNER")
ROOT = Path(__file__).parents[2]
ARGV = [REAL] if REAL else [sys.executable, "-m", "tests.lab.standin"]
ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT)}
POLL = 3.0
SLACK = 3.0  # for a busy machine
TOKEN = "glrt-abcdefghijklmnopqrstu"
RUNNER = f'[[runners]]\nname = "one"\nurl = "http://127.0.0.1:9"\ntoken = "{TOKEN}"\nexecutor = "shell"\n'


def plain(text: str) -> str:
    """Text without its colours."""
    return re.sub(r"\033\[[\d;]*m", "", text)


def call(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    environ = {**ENVIRON, **env}
    completed = subprocess.run([*ARGV, *words], capture_output=True, text=True, timeout=30, env=environ, check=False)
    return subprocess.CompletedProcess(completed.args, completed.returncode, completed.stdout, plain(completed.stderr))


def version() -> tuple[int, int]:
    """Major and minor of the runner at hand."""
    match = re.search(r"^Version: +(\d+)\.(\d+)", call("--version").stdout, re.MULTILINE)
    assert match
    return int(match[1]), int(match[2])


class Process:
    """`gitlab-runner run` in a folder of its own, with a metrics page."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "etc" / "config.toml"
        self.config.parent.mkdir()
        self.log_path = folder / "log"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    def write(self, text: str, *, mtime: float | None = None) -> None:
        """The new configuration, in place at once; the page's address on top."""
        beside = self.config.with_name("new")
        beside.write_text(f'listen_address = "127.0.0.1:{self.port}"\n{text}')
        if mtime is not None:
            os.utime(beside, (mtime, mtime))
        beside.rename(self.config)

    def start(self, text: str = "") -> None:
        """Write, start, wait until it has loaded."""
        self.write(text)
        self.spawn()
        self.wait_log("Configuration loaded")
        until("metrics page", self.has_page, seconds=10)

    def spawn(self) -> None:
        folder = self.config.parent.parent
        argv = [*ARGV, "run", "--config", str(self.config), "--working-directory", str(folder)]
        with self.log_path.open("ab") as log:
            env = {**ENVIRON, "HOME": str(folder)}
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env)

    @property
    def log(self) -> str:
        return plain(self.log_path.read_text(errors="replace"))

    def wait_log(self, text: str, *, times: int = 1, seconds: float = 10) -> None:
        until(f"{text!r} in the log", lambda: self.log.count(text) >= times, seconds=seconds)

    def send(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def ends(self, *, seconds: float = 10) -> int:
        assert self.process is not None
        return self.process.wait(timeout=seconds)

    def alive(self) -> bool:
        assert self.process is not None
        return self.process.poll() is None

    def environs_below(self) -> list[str]:
        """The environment of every process below it."""
        assert self.process is not None
        texts, parents = [], [self.process.pid]
        for parent in parents:
            with contextlib.suppress(OSError):
                tasks = list(Path(f"/proc/{parent}/task").glob("*/children"))
                below = [int(pid) for path in tasks for pid in path.read_text().split()]
                parents += below
                texts += [Path(f"/proc/{pid}/environ").read_text(errors="replace") for pid in below]
        return texts

    def has_page(self) -> bool:
        try:
            self.page("/metrics")
        except OSError:
            return False
        return True

    def page(self, path: str) -> str:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return str(answer.read().decode())

    def metric(self, name: str, **labels: str) -> float:
        """Sum of the series with that name and these labels; -1 when there is none."""
        texts = [line for line in self.page("/metrics").splitlines() if re.match(rf"{name}[{{ ]", line)]
        for label, value in labels.items():
            texts = [line for line in texts if f'{label}="{value}"' in line]
        return sum(float(line.rpartition(" ")[2]) for line in texts) if texts else -1

    def loaded(self) -> float:
        return self.metric("gitlab_runner_configuration_loaded_total")

    def concurrent(self) -> float:
        return self.metric("gitlab_runner_concurrent")

    def wait_concurrent(self, number: int, *, seconds: float = POLL + SLACK) -> None:
        until(f"concurrent = {number}", lambda: self.concurrent() == number, seconds=seconds)
