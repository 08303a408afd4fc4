"""What runnerops relies on in gitlab-runner, one fact a test: for a real binary and for the lab's stand-in alike.

Runs RUNNEROPS_LAB_GITLAB_RUNNER where that is set, else the stand-in; as a process of this machine, so no lab is needed.
Jobs can only be given to the stand-in so far: those cases are not collected for a real one.
"""

from __future__ import annotations

import http.server
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.shell import until

REAL = os.environ.get("RUNNEROPS_LAB_GITLAB_RUNNER")
ARGV = [REAL] if REAL else [sys.executable, str(Path(__file__).parent / "standin" / "gitlab_runner.py")]
POLL = 3.0
SLACK = 3.0  # for a busy machine
TOKEN = "glrt-abcdefghijklmnopqrstu"
RUNNER = f'[[runners]]\nname = "one"\nurl = "http://127.0.0.1:9"\ntoken = "{TOKEN}"\nexecutor = "shell"\n'


class Process:
    """`gitlab-runner run` in a folder of its own, with a metrics page."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "etc" / "config.toml"
        self.config.parent.mkdir()
        self.spool = folder / "spool"
        self.spool.mkdir()
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
            env = {**os.environ, "RUNNEROPS_STANDIN_SPOOL": str(self.spool), "HOME": str(folder)}
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env)

    @property
    def log(self) -> str:
        return re.sub(r"\033\[[\d;]*m", "", self.log_path.read_text(errors="replace"))

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
        found = [line for line in self.page("/metrics").splitlines() if re.match(rf"{name}[{{ ]", line)]
        for label, value in labels.items():
            found = [line for line in found if f'{label}="{value}"' in line]
        return sum(float(line.rpartition(" ")[2]) for line in found) if found else -1

    def loaded(self) -> float:
        return self.metric("gitlab_runner_configuration_loaded_total")

    def concurrent(self) -> float:
        return self.metric("gitlab_runner_concurrent")

    def wait_concurrent(self, number: int, *, seconds: float = POLL + SLACK) -> None:
        until(f"concurrent = {number}", lambda: self.concurrent() == number, seconds=seconds)


@pytest.fixture(name="runner")
def fixture_runner(tmp_path: Path) -> Iterator[Process]:
    runner = Process(tmp_path)
    yield runner
    if runner.process is not None and runner.process.poll() is None:
        runner.process.kill()
        runner.process.wait(timeout=10)


def call(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*ARGV, *words], capture_output=True, text=True, timeout=30, env={**os.environ, **env}, check=False
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout, re.sub(r"\033\[[\d;]*m", "", done.stderr)
    )


# -- start -----------------------------------------------------------------------------------------------------------


def test_it_says_when_it_has_loaded(runner: Process) -> None:
    runner.start("concurrent = 4\n")
    assert runner.log.count("Configuration loaded") == 1
    assert runner.loaded() == 1
    assert runner.concurrent() == 4


def test_concurrent_is_1_when_absent(runner: Process) -> None:
    runner.start()
    assert runner.concurrent() == 1


def test_without_a_file_it_starts(runner: Process) -> None:
    runner.spawn()
    runner.wait_log("Configuration loaded")
    assert runner.alive()


def test_a_bad_file_ends_the_start_with_1(runner: Process) -> None:
    runner.write("concurrent = [\n")
    runner.spawn()
    assert runner.ends() == 1


@pytest.mark.parametrize("number", [0, -1])
def test_concurrent_below_1_ends_the_start_with_1(runner: Process, number: int) -> None:
    runner.write(f"concurrent = {number}\n")
    runner.spawn()
    assert runner.ends() == 1
    assert "Concurrent is less than 1" in runner.log


def test_a_system_id_is_written_and_kept(runner: Process) -> None:
    runner.start()
    path = runner.config.parent / ".runner_system_id"
    system_id = path.read_text()
    assert re.fullmatch(r"[sr]_[0-9a-zA-Z]{12}", system_id)
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("r_0123456789ab")
    runner.send(signal.SIGQUIT)
    assert runner.ends() == 0
    runner.start()
    assert path.read_text() == "r_0123456789ab"


# -- reload ----------------------------------------------------------------------------------------------------------


def test_a_newer_file_is_loaded_at_the_next_poll(runner: Process) -> None:
    runner.start("concurrent = 2\n")
    runner.write("concurrent = 3\n")
    runner.wait_concurrent(3, seconds=POLL + SLACK)
    assert runner.log.count("Configuration loaded") == 2


@pytest.mark.parametrize("age", [0, 3600], ids=["equal", "older"])
def test_a_file_that_is_not_strictly_newer_is_never_loaded_but_by_sighup(runner: Process, age: int) -> None:
    runner.start("concurrent = 2\n")
    before = runner.config.stat().st_mtime_ns
    runner.write("concurrent = 3\n")
    os.utime(runner.config, ns=(before - age * 10**9, before - age * 10**9))
    deadline = time.monotonic() + 2 * POLL + 0.5
    while time.monotonic() < deadline:
        assert runner.loaded() == 1
        time.sleep(0.2)
    runner.send(signal.SIGHUP)
    runner.wait_concurrent(3, seconds=POLL - 1)


def test_sighup_loads_an_unchanged_file(runner: Process) -> None:
    runner.start("concurrent = 2\n")
    runner.send(signal.SIGHUP)
    until("loaded again", lambda: runner.loaded() == 2, seconds=POLL - 1)


def test_sighup_without_a_file_loads_the_defaults(runner: Process) -> None:
    runner.start("concurrent = 2\n")
    runner.config.unlink()
    runner.send(signal.SIGHUP)
    runner.wait_concurrent(1, seconds=POLL - 1)


@pytest.mark.parametrize(
    "text", ["concurrent = [\n", 'concurrent = "4"\n', "runners = 1\n"], ids=["toml", "type", "table"]
)
def test_a_bad_file_keeps_the_old_configuration(runner: Process, text: str) -> None:
    runner.start("concurrent = 2\n")
    runner.write(text)
    runner.wait_log("Failed to load config", seconds=POLL + SLACK)
    assert runner.metric("gitlab_runner_configuration_loading_error_total") >= 1
    assert runner.concurrent() == 2
    assert runner.alive()
    runner.write("concurrent = 5\n")
    runner.wait_concurrent(5)


def test_a_missing_file_keeps_the_old_configuration(runner: Process) -> None:
    runner.start("concurrent = 2\n")
    runner.config.unlink()
    runner.wait_log("Failed to load config", seconds=POLL + SLACK)
    assert runner.concurrent() == 2
    assert runner.alive()


@pytest.mark.parametrize("number", [0, -1])
def test_concurrent_below_1_is_fatal_on_reload_too(runner: Process, number: int) -> None:
    runner.start("concurrent = 2\n")
    runner.write(f"concurrent = {number}\n")
    assert runner.ends(seconds=POLL + SLACK) == 1
    assert "Concurrent is less than 1" in runner.log


def test_unknown_keys_are_ignored(runner: Process) -> None:
    runner.start(f'concurrent = 2\nnonsense = 1\n{RUNNER}bogus = "x"\n[runners.nowhere]\na = 1\n')
    assert runner.concurrent() == 2


def test_a_log_level_applies_from_its_own_load_on(runner: Process) -> None:
    runner.start("concurrent = 2\n")
    runner.write('concurrent = 3\nlog_level = "error"\n')
    runner.wait_concurrent(3)
    assert runner.loaded() == 2
    assert runner.log.count("Configuration loaded") == 1


def test_an_unknown_log_level_is_a_failed_load(runner: Process) -> None:
    runner.start("concurrent = 2\n")
    runner.write('concurrent = 2\nlog_level = "loud"\n')
    runner.wait_log("Failed to load config", seconds=POLL + SLACK)
    assert runner.alive()


def test_a_changed_listen_address_needs_a_restart(runner: Process) -> None:
    runner.start("concurrent = 2\n")
    runner.config.write_text('concurrent = 3\nlisten_address = "127.0.0.1:1"\n')
    runner.wait_concurrent(3)


# -- end -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGTERM, signal.SIGINT])
def test_idle_it_ends_with_0(runner: Process, number: signal.Signals) -> None:
    runner.start("concurrent = 2\n")
    runner.send(number)
    assert runner.ends() == 0


# -- pages -----------------------------------------------------------------------------------------------------------


def test_idle_jobs_are_0_on_the_metrics_page(runner: Process) -> None:
    runner.start(f"concurrent = 2\n{RUNNER}")
    assert runner.metric("gitlab_runner_jobs", state="running") in (0, -1)
    assert runner.metric("gitlab_runner_configuration_loading_error_total") == 0
    assert runner.metric("gitlab_runner_version_info") == 1


def test_no_job_is_an_empty_list(runner: Process) -> None:
    runner.start("concurrent = 2\n")
    assert runner.page("/debug/jobs/list") == ""


def test_without_an_address_there_is_no_page(runner: Process) -> None:
    runner.config.write_text("concurrent = 2\n")
    runner.spawn()
    runner.wait_log("metrics & debug endpoints disabled" if not REAL else "disabled")
    assert not runner.has_page()


# -- commands --------------------------------------------------------------------------------------------------------


def test_version() -> None:
    done = call("--version")
    assert done.returncode == 0
    assert re.search(r"^Version: +\S+$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("word", ["nonsense", "version"])
def test_an_unknown_command_ends_with_1(word: str) -> None:
    assert call(word).returncode == 1


def test_list_shows_tokens_on_stderr(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(RUNNER)
    done = call("list", "--config", str(tmp_path / "config.toml"))
    assert done.returncode == 0
    assert f"Token={TOKEN}" in done.stderr
    assert TOKEN not in done.stdout


def test_list_of_a_bad_file_ends_with_0(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[")
    assert call("list", "--config", str(tmp_path / "config.toml")).returncode == 0


def test_the_file_may_be_named_by_the_environment(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(RUNNER)
    assert TOKEN in call("list", CONFIG_FILE=str(tmp_path / "config.toml")).stderr


def test_status_without_a_unit_ends_with_1() -> None:
    assert call("status", "--service", "runnerops-lab-nowhere").returncode == 1


@pytest.fixture(name="gitlab")
def fixture_gitlab() -> Iterator[Callable[[int], str]]:
    """Makes a GitLab that says one status to `verify`; its URL."""
    servers: list[http.server.HTTPServer] = []

    def make(status: int) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(b'{"id": 1, "token": "x"}')

            def log_message(self, *_: object) -> None: ...

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


def verify(folder: Path, url: str, *words: str) -> int:
    (folder / "config.toml").write_text(RUNNER.replace("http://127.0.0.1:9", url))
    return call("verify", "--config", str(folder / "config.toml"), *words).returncode


def test_verify_of_a_valid_runner_ends_with_0(tmp_path: Path, gitlab: Callable[[int], str]) -> None:
    assert verify(tmp_path, gitlab(200)) == 0


def test_verify_of_a_refused_runner_ends_with_1(tmp_path: Path, gitlab: Callable[[int], str]) -> None:
    assert verify(tmp_path, gitlab(403)) == 1


def test_verify_of_a_name_that_is_not_there_ends_with_1(tmp_path: Path, gitlab: Callable[[int], str]) -> None:
    assert verify(tmp_path, gitlab(200), "--name", "other") == 1


def test_verify_of_a_bad_file_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[")
    assert call("verify", "--config", str(tmp_path / "config.toml")).returncode == 1


# -- jobs: the stand-in's spool, see standin/gitlab_runner.py --------------------------------------------------------

if not REAL:

    def test_a_job_is_a_child_process_and_is_counted(runner: Process) -> None:
        runner.start(f"concurrent = 2\n{RUNNER}")
        (runner.spool / "7").write_text("sleep 60")
        until("job running", lambda: runner.metric("gitlab_runner_jobs", state="running") == 1, seconds=5)
        assert "/-/jobs/7 state=running" in runner.page("/debug/jobs/list")
        pid = int((runner.spool / "7.running").read_text())
        assert runner.process is not None
        assert f"PPid:\t{runner.process.pid}\n" in Path(f"/proc/{pid}/status").read_text()
        runner.send(signal.SIGTERM)
        assert runner.ends() == 0

    def test_a_job_ends_as_its_script_does(runner: Process) -> None:
        runner.start(f"concurrent = 2\n{RUNNER}")
        (runner.spool / "1").write_text("true")
        (runner.spool / "2").write_text("exit 1")
        until("success", (runner.spool / "1.success").exists, seconds=5)
        until("failure", (runner.spool / "2.script_failure").exists, seconds=5)

    def test_no_more_jobs_than_concurrent_run(runner: Process) -> None:
        runner.start(f"concurrent = 1\n{RUNNER}")
        (runner.spool / "1").write_text(f"while [ ! -e {runner.spool}/.go ]; do sleep 0.05; done")
        until("first", (runner.spool / "1.running").exists, seconds=5)
        (runner.spool / "2").write_text("true")
        time.sleep(0.3)
        assert (runner.spool / "2").exists()
        (runner.spool / ".go").touch()
        until("second", (runner.spool / "2.success").exists, seconds=5)

    def test_sigquit_waits_for_the_job_and_takes_no_other(runner: Process) -> None:
        runner.start(f"concurrent = 2\n{RUNNER}")
        (runner.spool / "1").write_text(f"while [ ! -e {runner.spool}/.go ]; do sleep 0.05; done")
        until("running", (runner.spool / "1.running").exists, seconds=5)
        runner.send(signal.SIGQUIT)
        runner.wait_log("Starting graceful shutdown")
        (runner.spool / "2").write_text("true")
        time.sleep(0.3)
        assert runner.alive()
        (runner.spool / ".go").touch()
        assert runner.ends() == 0
        assert (runner.spool / "1.success").exists()
        assert (runner.spool / "2").exists()

    def test_sigterm_aborts_the_job(runner: Process) -> None:
        runner.start(f"concurrent = 2\n{RUNNER}")
        (runner.spool / "1").write_text("sleep 60")
        until("running", (runner.spool / "1.running").exists, seconds=5)
        runner.send(signal.SIGTERM)
        assert runner.ends() == 0
        assert (runner.spool / "1.runner_system_failure").exists()

    def test_sigterm_after_sigquit_aborts_the_job(runner: Process) -> None:
        runner.start(f"concurrent = 2\n{RUNNER}")
        (runner.spool / "1").write_text("sleep 60")
        until("running", (runner.spool / "1.running").exists, seconds=5)
        runner.send(signal.SIGQUIT)
        runner.wait_log("Starting graceful shutdown")
        runner.send(signal.SIGTERM)
        assert runner.ends() == 0
        assert (runner.spool / "1.runner_system_failure").exists()

    def test_fatal_concurrent_leaves_the_job_for_ever_running(runner: Process) -> None:
        runner.start(f"concurrent = 2\n{RUNNER}")
        (runner.spool / "1").write_text("sleep 2")
        until("running", (runner.spool / "1.running").exists, seconds=5)
        runner.write("concurrent = 0\n")
        runner.send(signal.SIGHUP)
        assert runner.ends() == 1
        assert (runner.spool / "1.running").exists()

    def test_a_stand_in_says_so(runner: Process) -> None:
        assert "stand-in" in call("--version").stdout
        runner.start()
        assert "this is a stand-in" in runner.log
