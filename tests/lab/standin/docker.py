"""The docker executor: a job is a container with the labels that the real one gives it.

The runner is attached to the container. When that stream ends and the container has not, as after a restart of dockerd
with live-restore, the container is stopped and the job has failed.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
import zlib
from typing import TYPE_CHECKING, Any

from .config import short
from .engine import DockerError, docker
from .services import start_services

if TYPE_CHECKING:
    from .work import Work

LABEL = "com.gitlab.gitlab-runner"
DAEMON_SECONDS = 60
STOPPED = 143
"""Exit code of a job whose container was stopped."""


class Container:
    """The build container of one job."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.settings: dict[str, Any] = work.runner.get("docker", {})
        self.prefix = f"runner-{short(work.runner['token'])}-project-1-concurrent-{work.slot}-{work.id}"
        self.name = f"{self.prefix}-build"
        self.rest: list[tuple[str, ...]] = []
        """What takes away, after the job, all but its build container."""

    def labels(self, kind: str) -> dict[str, str]:
        """What tells whose container this is."""
        work = self.work
        about = {
            "managed": "true",
            "type": kind,
            "job.id": work.id,
            "job.url": work.url,
            "job.timeout": "1h0m0s",
            "project.id": "1",
            "runner.id": short(work.runner["token"]),
            "runner.local_id": str(work.slot),
            "runner.system_id": work.system_id,
        }
        return {f"{LABEL}.{name}": value for name, value in about.items()}

    def start(self, script: bytes) -> subprocess.Popen[bytes]:
        """Get the image, make the container, attach to it, start it."""
        image = self.work.job.get("image", {}).get("name") or self.settings.get("image", "")
        self.pull(image)
        network = start_services(self)
        docker("create", "--interactive", "--name", self.name, *self.options("build"), *network, image, "sh")
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            ["docker", "start", "--attach", "--interactive", self.name],
            stdin=pipe,
            stdout=pipe,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(script)
            process.stdin.close()
        return process

    def options(self, kind: str) -> list[str]:
        """Options of `docker create`."""
        words = [f"--label={name}={value}" for name, value in self.labels(kind).items()]
        words += [f"--env={name}={value}" for name, value in self.work.variables().items()]
        words += ["--privileged"] if self.settings.get("privileged") else []
        for volume in self.settings.get("volumes", []):
            shared = f"{self.prefix}-cache-{zlib.crc32(volume.encode()):x}"  # one path: build and services share it
            words.append(f"--volume={volume if ':' in volume else f'{shared}:{volume}'}")
        return words

    def pull(self, image: str) -> None:
        """By the first word of the pull policy; `always` where there is none."""
        policy = self.settings.get("pull_policy") or "always"
        policy = policy[0] if isinstance(policy, list) else policy
        if policy == "if-not-present":
            with contextlib.suppress(DockerError):
                docker("image", "inspect", image)
                return
        if policy != "never":
            docker("pull", "--quiet", image, seconds=600)

    def ended(self, code: int) -> int:
        """The job's exit code, once the stream is over; the container is gone then."""
        deadline = time.monotonic() + DAEMON_SECONDS
        while True:
            try:
                running, status = docker("inspect", "-f", "{{.State.Running}} {{.State.ExitCode}}", self.name).split()
            except DockerError:
                if time.monotonic() > deadline:
                    return code or STOPPED
                time.sleep(0.5)  # dockerd is being restarted
            else:
                self.clear()
                return STOPPED if running == "true" else int(status) or code

    def clear(self) -> None:
        """Take away what is left of the job."""
        for words in (("rm", "--force", "--volumes", self.name), *self.rest):
            with contextlib.suppress(DockerError):
                docker(*words)

    def kill(self) -> None:
        """End the container; its stream ends with it."""
        with contextlib.suppress(DockerError, subprocess.TimeoutExpired):
            docker("kill", self.name, seconds=20)
