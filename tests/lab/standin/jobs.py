"""The jobs of this process: asked for while slots are free, counted while they run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from . import gitlab
from .config import Config, short
from .log import log
from .work import Work


class Jobs(threading.Thread):
    """Asks each runner's GitLab for jobs, at the check interval, until `drain` or `abort`."""

    def __init__(self, user: str, config: Callable[[], Config], system_id: Callable[[], str]) -> None:
        super().__init__(daemon=True)
        self.user = user
        self.config = config
        self.system_id = system_id
        self.running: list[Work] = []
        self.lock = threading.Lock()
        self.draining = threading.Event()
        self.due: dict[str, float] = {}

    def run(self) -> None:
        """Take jobs."""
        while not self.draining.is_set():
            for runner in self.config().runners:
                if self.may_ask(runner):
                    self.ask(runner)
            self.draining.wait(0.2)

    def may_ask(self, runner: dict[str, Any]) -> bool:
        """Whether a slot is free, and it is time; a runner without a token is passed over."""
        token = runner.get("token", "")
        if self.draining.is_set() or not token.strip() or time.monotonic() < self.due.get(token, 0):
            return False
        self.due[token] = time.monotonic() + self.config().check_interval
        running = self.alive()
        of_it = sum(work.runner["token"] == token for work in running)
        return len(running) < self.config().concurrent and (not runner.get("limit") or of_it < runner["limit"])

    def ask(self, runner: dict[str, Any]) -> None:
        """Ask once; what comes runs, even when it came while the end had begun."""
        with self.lock:
            job = gitlab.request_job(runner, self.system_id())
            if job is None:
                return
            slots = {work.slot for work in self.running}
            slot = next(number for number in range(len(slots) + 1) if number not in slots)
            work = Work(job, dict(runner), slot, self.system_id(), self.user)
            self.running.append(work)
        log("info", "Checking for jobs... received", job=work.id, runner=short(runner["token"]))
        work.start()

    def alive(self) -> list[Work]:
        """The jobs that run now."""
        with self.lock:
            self.running = [work for work in self.running if not work.ident or work.is_alive()]
            return [*self.running]

    def abort(self) -> None:
        """End every job."""
        for work in self.alive():
            threading.Thread(target=work.abort, daemon=True).start()
