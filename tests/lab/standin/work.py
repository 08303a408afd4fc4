"""One job: its script in an executor, its log to GitLab while it runs, its end told."""

from __future__ import annotations

import shlex
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from . import docker, gitlab, shell
from .config import short
from .log import log
from .version import VERSION

TRACE_INTERVAL = 1.0
RETRIES = 30


class Work(threading.Thread):
    """A job of one runner. `abort` may be called from any thread, once or more."""

    def __init__(self, job: dict[str, Any], runner: dict[str, Any], slot: int, system_id: str, user: str) -> None:
        super().__init__(daemon=True)
        self.job = job
        self.id = str(job["id"])
        self.runner = runner
        self.slot = slot
        self.system_id = system_id
        self.began = time.monotonic()
        self.aborted = threading.Event()
        self.over = threading.Event()
        self.executor: docker.Container | shell.Child
        if runner.get("executor", "").startswith("docker"):
            self.executor = docker.Container(self)
        else:
            self.executor = shell.Child(user)

    @property
    def url(self) -> str:
        """The job's page."""
        return f"{self.runner.get('url', '').rstrip('/')}/lab/project/-/jobs/{self.id}"

    def variables(self) -> dict[str, str]:
        """What the script finds in its environment: GitLab's, and the runner's own."""
        name = short(self.runner["token"])
        default = "/builds" if isinstance(self.executor, docker.Container) else str(Path.cwd() / "builds")
        builds = self.runner.get("builds_dir") or default
        own_variables = {
            "CI_RUNNER_SHORT_TOKEN": name,
            "CI_BUILDS_DIR": builds,
            "CI_PROJECT_DIR": f"{builds}/{name}/{self.slot}/lab/project",
            "CI_CONCURRENT_ID": str(self.slot),
            "CI_SERVER": "yes",
            "CI_RUNNER_VERSION": VERSION,
        }
        configured = dict(entry.partition("=")[::2] for entry in self.runner.get("environment", []))
        return {**own_variables, **configured, **{item["key"]: item["value"] for item in self.job.get("variables", [])}}

    def flags(self) -> set[str]:
        """The feature flags that are on."""
        by_name = {
            name for name, value in self.variables().items() if name.startswith("FF_") and value in ("true", "1")
        }
        return by_name | {name for name, on in self.runner.get("feature_flags", {}).items() if on}

    def script(self) -> bytes:
        """What the shell reads: everything is exported in there, as the real one does it."""
        exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in self.variables().items())
        commands = "\n".join(line for step in self.job["steps"] for line in step["script"])
        body = f'{exports}mkdir -p "$CI_PROJECT_DIR"\ncd "$CI_PROJECT_DIR"\n{commands}\n'
        return f"set -e\n: | eval {shlex.quote(body)}\nexit 0\n".encode()

    def run(self) -> None:
        """Until GitLab knows how it ended."""
        try:
            process = self.executor.start(self.script())
            code = self._follow(process)
            self.over.set()
            code = self.executor.ended(code)
        except OSError as error:  # it never ran: no fault of its script
            self.over.set()
            self.executor.clear()
            self._finish("runner_system_failure", str(error))
            return
        if code:
            self.aborted.wait(0.3)  # what ended the job may be the signal that ends the runner as well
        if self.aborted.is_set():
            self._finish("runner_system_failure", "aborted: terminated")
        elif code:
            self._finish("script_failure", f"exit code {code}", code)
        else:
            self._finish("", "")

    def abort(self) -> None:
        """End it now: GitLab is told that the runner failed."""
        self.aborted.set()
        self.executor.kill()
        while not self.over.wait(0.5):  # what is being started now cannot be killed yet
            self.executor.kill()

    def _follow(self, process: subprocess.Popen[bytes]) -> int:
        """Send the log while the process runs; its exit status."""
        chunks: list[bytes] = [f"Running with gitlab-runner {VERSION}\n".encode()]
        reader = threading.Thread(target=read_into, args=(process, chunks), daemon=True)
        reader.start()
        sent = 0
        while True:
            reader.join(TRACE_INTERVAL)
            over = not reader.is_alive()
            text = b"".join(chunks)[sent:]
            if text and gitlab.append_trace(self.runner, self.job, sent, text):
                sent += len(text)
            if over:
                return process.wait()

    def _finish(self, reason: str, message: str, code: int = 0) -> None:
        state = "failed" if reason else "success"
        for _ in range(RETRIES):
            if gitlab.update_job(self.runner, self.job, state, reason, code):
                break
            time.sleep(1)
        if reason:
            log("warning", f"Job failed: {message}", job=self.id, runner=short(self.runner["token"]))
        else:
            log("info", "Job succeeded", job=self.id, runner=short(self.runner["token"]))


def read_into(process: subprocess.Popen[bytes], chunks: list[bytes]) -> None:
    """Read a process's output to its end."""
    assert process.stdout is not None
    while part := process.stdout.read1(65536):  # type: ignore[attr-defined]
        chunks.append(part)
