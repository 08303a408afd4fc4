"""CI as it goes on: jobs that follow one another on every runner while something else happens."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from types import TracebackType

from tests.lab.gitlab import GitLab, Job
from tests.lab.shell import until

SCRIPT = "sleep 4"
"""Long enough to be met by a deploy: a job in a container begins and ends with half a second of a core."""


class Traffic:
    """A context: each runner always has a job, running or waiting, until it is left; then the last ones are waited for."""

    def __init__(self, gitlab: GitLab, tokens: Iterable[str], script: str = SCRIPT) -> None:
        self.gitlab = gitlab
        self.script = script
        self.jobs: dict[str, list[Job]] = {token: [] for token in tokens}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._feed, daemon=True)

    def __enter__(self) -> Traffic:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if error is None:
            self.finish()

    def _feed(self) -> None:
        while not self._over.wait(0.1):
            for token, jobs in self.jobs.items():
                if not jobs or jobs[-1].state not in ("pending", "running"):
                    jobs.append(self.gitlab.start(self.script, token=token))

    def finish(self, seconds: float = 120) -> None:
        """Wait until every job has ended."""
        for job in self.all:
            until(f"end of job {job.id}", lambda job=job: job.state not in ("pending", "running"), seconds=seconds)  # type: ignore[misc]

    @property
    def all(self) -> list[Job]:
        """Every job so far."""
        return [job for jobs in self.jobs.values() for job in jobs]

    def wait_running(self, token: str, *, seconds: float = 60) -> Job:
        """A job of that runner that runs now."""
        jobs = self.jobs[token]
        until(f"a job of {token} runs", lambda: bool(jobs) and jobs[-1].state == "running", seconds=seconds)
        return jobs[-1]

    def lost(self) -> list[str]:
        """What became of those that are no success."""
        return [f"job {job.id}: {job.state}\n{job.trace[-500:]}" for job in self.all if job.state != "success"]
