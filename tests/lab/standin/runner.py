"""`gitlab-runner run`: the configuration polled, signals obeyed."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable
from pathlib import Path

from .config import BadConfigError, Config, ensure_system_id, load
from .jobs import Jobs
from .log import LEVELS, fatal, log
from .pages import job_list, metrics, serve
from .rotation import Rotation

RELOAD_INTERVAL = 3.0
NAMES = {signal.SIGQUIT: "quit", signal.SIGTERM: "terminated", signal.SIGINT: "interrupt"}


class Runner:
    """The process."""

    def __init__(self, path: Path, user: str, listen: str) -> None:
        self.path = path
        self.listen = listen
        self.signals: list[int] = []
        self.bell = -1
        self.loaded = 0
        self.loading_errors = 0
        self.system_id = ""
        self.config = Config({}, 0)
        self.jobs = Jobs(user, lambda: self.config, lambda: self.system_id)
        self.rotation = Rotation(path, user)

    def say(self, level: str, message: str, **fields: object) -> None:
        """A line with the number of running jobs."""
        log(level, message, builds=len(self.jobs.running), **fields)

    def run(self) -> int:
        """Until a signal ends it; the exit status."""
        self.listen_to_signals()
        for number in (signal.SIGHUP, *NAMES):
            signal.signal(number, lambda got, _: self.signals.append(got))
        self.say("info", f"Starting multi-runner from {self.path}... (this is a stand-in, not GitLab Runner)")
        log("info", "Running in system-mode." if os.geteuid() == 0 else "Running in user-mode.")
        try:
            self.reload()
        except BadConfigError as error:
            fatal("Service run failed", error=error)
        self.open_pages()
        self.refuse_concurrent()
        self.jobs.start()
        next_poll = time.monotonic() + RELOAD_INTERVAL
        while True:
            self.rotation.run(self.config)
            if stop := next((got for got in self.signals if got != signal.SIGHUP), None):
                self.signals.remove(stop)
                return self.stop(signal.Signals(stop))
            if len(self.jobs.running) > self.config.concurrent:  # the real one waits until that many workers have ended
                self.rest(0.2)
            elif self.signals:
                self.signals.pop(0)
                self.try_to(self.reload)
                next_poll = time.monotonic() + RELOAD_INTERVAL
            elif time.monotonic() >= next_poll:
                self.try_to(self.poll)
                next_poll = time.monotonic() + RELOAD_INTERVAL
            else:
                self.rest(min(next_poll - time.monotonic(), self.rotation.interval(self.config)))
            self.refuse_concurrent()

    def listen_to_signals(self) -> None:
        """Each ends a rest."""
        self.bell, rings = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(rings)

    def rest(self, seconds: float) -> None:
        """Many hosts of a lab have nothing to do: who looks around fifty times a second takes a core from those at work."""
        if select.select([self.bell], [], [], max(seconds, 0))[0]:
            with contextlib.suppress(BlockingIOError):
                os.read(self.bell, 4096)

    def refuse_concurrent(self) -> None:
        """A number below 1 is fatal, at start and on reload alike; running jobs are not asked."""
        if self.config.concurrent < 1:
            fatal("Concurrent is less than 1 - no jobs will be processed", builds=len(self.jobs.running))

    def try_to(self, load_it: Callable[[], None]) -> None:
        """A load that fails is logged; the old configuration stays."""
        try:
            load_it()
        except BadConfigError as error:
            self.say("error", f"Failed to load config {error}")

    def reload(self) -> None:
        """Load now."""
        try:
            config = load(self.path)
        except BadConfigError:
            self.loading_errors += 1
            raise
        self.loaded += 1
        self.system_id = ensure_system_id(self.path.parent)
        self.config = config
        if config.log_level and config.log_level not in LEVELS:  # too late for the old one, in the real one too
            raise BadConfigError(f'not a valid logrus Level: "{config.log_level}"')
        log.level = config.log_level or log.level
        self.say("info", "Configuration loaded")

    def poll(self) -> None:
        """Load when the file is strictly newer than what is loaded."""
        try:
            mtime = self.path.stat().st_mtime_ns
        except OSError as error:
            raise BadConfigError(f"stat {self.path}: {(error.strerror or '').lower()}") from error
        if mtime > self.config.mtime:
            self.reload()

    def stop(self, got: signal.Signals) -> int:
        """End: SIGQUIT waits for jobs without limit; SIGTERM and SIGINT abort them, a second signal ends at once."""
        self.jobs.draining.set()
        self.say("warning", "[runWait] received stop signal", **{"stop-signal": NAMES[got]})
        if got == signal.SIGQUIT:
            text = "Starting graceful shutdown, waiting for builds to finish"
            self.say("warning", text, StopSignal=NAMES[signal.SIGQUIT])
        while got == signal.SIGQUIT:
            if not self.jobs.alive():
                return self.gone()
            got = self.next_signal() or got
            self.rest(0.05)
        self.say("warning", "Starting forceful shutdown", StopSignal=NAMES[got])
        self.jobs.abort()
        deadline = time.monotonic() + self.config.shutdown_timeout
        while time.monotonic() < deadline:
            if not self.jobs.alive():
                return self.gone()
            if second := self.next_signal():
                fatal("Service run failed", error=f"forced exit with stop signal: {NAMES[second]}")
            self.rest(0.05)
        return fatal("Service run failed", error="shutdown timed out")

    def next_signal(self) -> signal.Signals | None:
        """A further stop signal; hang-ups no longer count."""
        stops = [signal.Signals(got) for got in self.signals if got != signal.SIGHUP]
        self.signals.clear()
        return stops[0] if stops else None

    def gone(self) -> int:
        """Every job is over."""
        self.say("info", "All workers stopped.")
        self.say("info", "Can exit now!")
        return 0

    def open_pages(self) -> None:
        """The metrics page, where an address is given; once, a changed address needs a restart."""
        if address := self.listen or self.config.listen_address:
            at = serve(address, {"/metrics": lambda: metrics(self), "/debug/jobs/list": lambda: job_list(self)})
            self.say("info", "Metrics server listening", address=at)
        else:
            self.say("info", "listen_address not defined, metrics & debug endpoints disabled")
