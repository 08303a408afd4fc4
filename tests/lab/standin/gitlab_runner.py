"""A STAND-IN for gitlab-runner, for hosts of the lab where no real binary is at hand. Python 3.11, one file, no package.

It keeps the real one's contract for loading its configuration, stopping, and showing its state (tests/lab/
test_runner_contract.py holds both to it), and talks to no GitLab. Jobs come from a spool instead, and only here:
a file `ID` in the folder RUNNEROPS_STANDIN_SPOOL (default /var/spool/gitlab-runner-standin), with a shell script as
its content, is a job that waits for a free slot. It becomes `ID.running` and, when its process has ended,
`ID.success`, `ID.script_failure` or `ID.runner_system_failure` (aborted): what GitLab would have seen. `Spool` is the
one class that knows of this; a GitLab API stand-in takes its place with the same three methods.
"""

from __future__ import annotations

import hashlib
import hmac
import http.server
import os
import secrets
import signal
import string
import subprocess
import sys
import threading
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NoReturn

VERSION = "0.0.0-stand-in"
RELOAD_INTERVAL = 3.0
SHUTDOWN_TIMEOUT = 30
METRICS_PORT = 9252
LEVELS = ("panic", "fatal", "error", "warning", "info", "debug")
COLOURS = {
    "panic": "\033[31;1m",
    "fatal": "\033[31;1m",
    "error": "\033[31;1m",
    "warning": "\033[0;33m",
    "debug": "\033[37;1m",
}
RESET = "\033[0;m"


class Log:
    """Lines on stderr, as the runner's own formatter writes them, colours and all."""

    def __init__(self) -> None:
        self.level = "info"
        self.errors = dict.fromkeys(LEVELS, 0)

    def __call__(self, level: str, message: str, **fields: object) -> None:
        if LEVELS.index(level) > LEVELS.index(self.level):
            return
        self.errors[level] += 1
        prefix = "" if level in ("info", "debug") else f"{level.upper()}: "
        colour = COLOURS.get(level, "")
        shown = "".join(f" {colour}{name}{RESET}={fields[name]}" for name in sorted(fields))
        line = f"{colour}{prefix}{message:<{50 - len(prefix)}}{RESET} {shown}\n"
        os.write(2, line.encode())


log = Log()


def fatal(message: str, **fields: object) -> NoReturn:
    """Log and exit 1 at once: running jobs are not asked."""
    log("fatal", message, **fields)
    os._exit(1)


# -- configuration ---------------------------------------------------------------------------------------------------


class BadConfigError(Exception):
    """The file cannot be loaded; the text is the reason."""


class Config:
    """What was loaded. Unknown keys are ignored; known ones must have their type."""

    def __init__(self, tree: dict[str, Any], mtime: int) -> None:
        self.mtime = mtime
        self.concurrent = typed(tree, "concurrent", int, 1)
        self.check_interval = typed(tree, "check_interval", int, 0)
        self.log_level = typed(tree, "log_level", str, "")
        self.listen_address = typed(tree, "listen_address", str, "")
        self.shutdown_timeout = typed(tree, "shutdown_timeout", int, 0) or SHUTDOWN_TIMEOUT
        self.runners = typed(tree, "runners", list, [])
        for runner in self.runners:
            if not isinstance(runner, dict):
                raise BadConfigError("type mismatch for common.Config: expected table but found other")
            for key in ("name", "url", "token", "executor"):
                typed(runner, key, str, "")


def typed(tree: dict[str, Any], key: str, kind: type, default: Any) -> Any:
    """The value of a key, of that type."""
    value = tree.get(key, default)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
        raise BadConfigError(f"toml: incompatible types: TOML value has type {type(value).__name__}; key {key}")
    return value


def load(path: Path) -> Config:
    """The file's configuration; the defaults where there is no file."""
    try:
        mtime = path.stat().st_mtime_ns
    except FileNotFoundError:
        return Config({}, 0)
    except OSError as error:
        raise BadConfigError(f"stat {path}: {error.strerror}") from error
    try:
        return Config(tomllib.loads(path.read_text()), mtime)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfigError(f"toml: {error}") from error
    except OSError as error:
        raise BadConfigError(f"open {path}: {error.strerror}") from error


def ensure_system_id(folder: Path) -> str:
    """The content of .runner_system_id beside the configuration, made when it is missing."""
    path = folder / ".runner_system_id"
    if path.exists():
        return path.read_text().strip()
    try:
        machine = Path("/etc/machine-id").read_text().strip().encode()
        system_id = "s_" + hmac.new(machine, b"gitlab-runner", hashlib.sha256).hexdigest()[:12]
    except OSError:
        system_id = "r_" + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(12))
    log("info", "Created missing unique system ID", system_id=system_id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(system_id)
    path.chmod(0o600)
    return system_id


# -- jobs ------------------------------------------------------------------------------------------------------------


class Spool:
    """Where jobs come from and where their end is told. The only part that no real runner has."""

    def __init__(self) -> None:
        self.folder = Path(os.environ.get("RUNNEROPS_STANDIN_SPOOL", "/var/spool/gitlab-runner-standin"))

    def request(self) -> tuple[str, str] | None:
        """The next job's id and script, now ours; None when there is none."""
        for path in sorted(self.folder.glob("*")) if self.folder.is_dir() else []:
            if not path.suffix and path.is_file():
                script = path.read_text()
                path.rename(path.with_name(f"{path.name}.running"))
                return path.name, script
        return None

    def started(self, job: str, pid: int) -> None:
        """The job's process runs."""
        (self.folder / f"{job}.running").write_text(f"{pid}\n")

    def ended(self, job: str, state: str) -> None:
        """The job is over."""
        (self.folder / f"{job}.running").rename(self.folder / f"{job}.{state}")


class Jobs:
    """Running jobs: child processes of this one, under the job's user."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.source = Spool()
        self.running: dict[str, tuple[subprocess.Popen[bytes], dict[str, Any]]] = {}
        self.lock = threading.Lock()

    def take(self, config: Config) -> None:
        """Start waiting jobs while slots are free."""
        while config.runners and len(self.running) < config.concurrent and (job := self.source.request()):
            number, script = job
            switch = ["su", "-s", "/bin/bash", self.user, "-c", script] if self.user else ["/bin/bash", "-c", script]
            process = subprocess.Popen(switch, stdin=subprocess.DEVNULL, start_new_session=True)
            with self.lock:
                self.running[number] = (process, config.runners[0])
            self.source.started(number, process.pid)
            log("info", "Checking for jobs... received", job=number, runner=short(config.runners[0].get("token", "")))

    def reap(self, aborted: bool = False) -> None:
        """Strike jobs whose process has ended."""
        for number, (process, _) in list(self.running.items()):
            if process.poll() is not None:
                with self.lock:
                    del self.running[number]
                state = "runner_system_failure" if aborted else "script_failure" if process.returncode else "success"
                self.source.ended(number, state)
                level, said = ("info", "Job succeeded") if state == "success" else ("warning", f"Job failed: {state}")
                log(level, said, job=number)

    def abort(self) -> None:
        """Tell every job's processes to end."""
        for process, _ in list(self.running.values()):
            os.killpg(process.pid, signal.SIGTERM)


def short(token: str) -> str:
    """The part of a token that logs and metrics show."""
    return token.removeprefix("glrt-")[:8]


# -- run -------------------------------------------------------------------------------------------------------------


class Runner:
    """`gitlab-runner run`."""

    def __init__(self, path: Path, user: str, listen: str) -> None:
        self.path = path
        self.listen = listen
        self.jobs = Jobs(user)
        self.signals: list[int] = []
        self.loaded = 0
        self.loading_errors = 0
        self.system_id = ""
        self.config = Config({}, 0)

    def say(self, level: str, message: str, **fields: object) -> None:
        """A line with the number of running jobs."""
        log(level, message, builds=len(self.jobs.running), **fields)

    def run(self) -> int:
        """Until a signal ends it; the exit status."""
        for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda got, _: self.signals.append(got))
        self.say("info", f"Starting multi-runner from {self.path}... (this is a stand-in, not GitLab Runner)")
        log("info", "Running in system-mode." if os.geteuid() == 0 else "Running in user-mode.")
        try:
            self.reload()
        except BadConfigError as error:
            fatal("Service run failed", error=error)
        self.serve_metrics()
        next_poll = time.monotonic() + RELOAD_INTERVAL
        while True:
            if self.config.concurrent < 1:
                fatal("Concurrent is less than 1 - no jobs will be processed", builds=len(self.jobs.running))
            self.jobs.reap()
            self.jobs.take(self.config)
            if self.signals:
                got = self.signals.pop(0)
                if got != signal.SIGHUP:
                    return self.stop(got)
                self.try_to(self.reload)
                next_poll = time.monotonic() + RELOAD_INTERVAL
            elif time.monotonic() >= next_poll:
                self.try_to(self.poll)
                next_poll = time.monotonic() + RELOAD_INTERVAL
            else:
                time.sleep(0.02)

    def try_to(self, load_it: Any) -> None:
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

    def stop(self, got: int) -> int:
        """End: SIGQUIT waits for jobs without limit; SIGTERM and SIGINT abort them, a second signal ends at once."""
        name = {signal.SIGQUIT: "quit", signal.SIGTERM: "terminated", signal.SIGINT: "interrupt"}
        self.say("warning", "[runWait] received stop signal", **{"stop-signal": name[signal.Signals(got)]})
        if got == signal.SIGQUIT:
            said = "Starting graceful shutdown, waiting for builds to finish"
            self.say("warning", said, StopSignal=name[signal.SIGQUIT])
        while got == signal.SIGQUIT:
            self.jobs.reap()
            if not self.jobs.running:
                return self.gone()
            got = self.next_signal() or got
            time.sleep(0.02)
        self.say("warning", "Starting forceful shutdown", StopSignal=name[signal.Signals(got)])
        self.jobs.abort()
        deadline = time.monotonic() + self.config.shutdown_timeout
        while time.monotonic() < deadline:
            self.jobs.reap(aborted=True)
            if not self.jobs.running:
                return self.gone()
            if second := self.next_signal():
                fatal("Service run failed", error=f"forced exit with stop signal: {name[signal.Signals(second)]}")
            time.sleep(0.02)
        fatal("Service run failed", error="shutdown timed out")

    def next_signal(self) -> int | None:
        """A further stop signal; hang-ups no longer count."""
        stops = [got for got in self.signals if got != signal.SIGHUP]
        self.signals.clear()
        return stops[0] if stops else None

    def gone(self) -> int:
        """Every job is over."""
        self.say("info", "All workers stopped.")
        self.say("info", "Can exit now!")
        return 0

    def serve_metrics(self) -> None:
        """The metrics page, where an address is given; once, a changed address needs a restart."""
        address = self.listen or self.config.listen_address
        if not address:
            self.say("info", "listen_address not defined, metrics & debug endpoints disabled")
            return
        host, _, port = address.rpartition(":") if ":" in address else (address, "", "")
        runner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                pages = {"/metrics": runner.metrics, "/debug/jobs/list": runner.job_list}
                page = pages.get(self.path)
                self.send_response(200 if page else 404)
                self.send_header("Content-Type", "text/plain")
                self.end_headers()
                self.wfile.write((page() if page else "404 page not found\n").encode())

            def log_message(self, *_: object) -> None:
                """Silent."""

        try:
            server = http.server.ThreadingHTTPServer((host.strip("[]"), int(port or METRICS_PORT)), Handler)
        except OSError as error:
            fatal("Failed to create listener for metrics server", builds=0, error=error)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.say("info", "Metrics server listening", address=f"{host}:{port or METRICS_PORT}")

    def metrics(self) -> str:
        """What Prometheus reads."""
        lines = [
            f"gitlab_runner_concurrent {self.config.concurrent}",
            f"gitlab_runner_configuration_loaded_total {self.loaded}",
            f"gitlab_runner_configuration_loading_error_total {self.loading_errors}",
            *(f'gitlab_runner_errors_total{{level="{level}"}} {log.errors[level]}' for level in LEVELS[:4]),
            f'gitlab_runner_version_info{{name="gitlab-runner",version="{VERSION}"}} 1',
        ]
        with self.jobs.lock:
            of = [short(runner.get("token", "")) for _, runner in self.jobs.running.values()]
        for runner in self.config.runners:
            name = short(runner.get("token", ""))
            labels = f'executor_stage="shell_script",runner="{name}",stage="step_script",state="running"'
            lines.append(f'gitlab_runner_jobs{{{labels},system_id="{self.system_id}"}} {of.count(name)}')
            lines.append(
                f'gitlab_runner_limit{{runner="{name}",system_id="{self.system_id}"}} {runner.get("limit", 0)}'
            )
        return "".join(f"{line}\n" for line in lines)

    def job_list(self) -> str:
        """One line a running job."""
        with self.jobs.lock:
            return "".join(
                f"url={runner.get('url', '').rstrip('/')}/-/jobs/{number} state=running stage=step_script "
                f"executor_stage=shell_script duration=0s\n"
                for number, (_, runner) in self.jobs.running.items()
            )


# -- the other commands ----------------------------------------------------------------------------------------------


def run(path: Path, options: dict[str, str]) -> int:
    """Serve."""
    if folder := options.get("working-directory"):
        os.chdir(folder)
    return Runner(path, options.get("user", ""), options.get("listen-address", "")).run()


def list_runners(path: Path, _: dict[str, str]) -> int:
    """Show all runners with their tokens; 0 even when the file cannot be loaded."""
    try:
        config = load(path)
    except BadConfigError as error:
        log("warning", str(error))
        return 0
    ensure_system_id(path.parent)
    log("info", "Listing configured runners", ConfigFile=path)
    for runner in config.runners:
        shown = {"Executor": runner.get("executor", ""), "Token": runner.get("token", ""), "URL": runner.get("url", "")}
        log("info", runner.get("name", ""), **shown)
    return 0


def verify(path: Path, options: dict[str, str]) -> int:
    """Ask GitLab about each runner; only a 403 is a no."""
    log("info", "Running in system-mode." if os.geteuid() == 0 else "Running in user-mode.")
    try:
        config = load(path)
    except BadConfigError as error:
        fatal(str(error))
    ensure_system_id(path.parent)
    wanted = options.get("name") or options.get("n")
    chosen = [runner for runner in config.runners if not wanted or runner.get("name") == wanted]
    if wanted and not chosen:
        fatal("no runner matches the filtering parameters")
    if not all([answers(runner) for runner in chosen]):  # noqa: C419 — every one is asked and shown
        fatal("Failed to verify runners")
    return 0


def answers(runner: dict[str, Any]) -> bool:
    """Whether GitLab does not refuse this runner."""
    request = urllib.request.Request(
        f"{runner.get('url', '').rstrip('/')}/api/v4/runners/verify",
        f'{{"token": "{runner.get("token", "")}"}}'.encode(),
        {"Content-Type": "application/json"},
    )
    name = short(runner.get("token", ""))
    try:
        with urllib.request.urlopen(request, timeout=10):
            log("info", "Verifying runner... is valid", runner=name)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 403:
                log("error", "Verifying runner... is removed", runner=name)
                return False
            log("error", "Verifying runner... failed", runner=name, status=f"{error.code} {error.reason}")
    except (OSError, ValueError) as error:
        log("error", "Verifying runner... error", runner=name, status=error)
    return True


def status(_: Path, options: dict[str, str]) -> int:
    """0 while systemd calls the unit active, or about to be."""
    name = options.get("service") or options.get("n") or "gitlab-runner"
    try:
        asked = subprocess.run(["systemctl", "is-active", name], capture_output=True, text=True, check=False).stdout
    except OSError:
        asked = ""
    if asked.strip() in ("active", "activating"):
        print(f"{name}: Service is running")
        return 0
    print(f"{name}: Service has stopped", file=sys.stderr)
    return 1


def version(_: Path, __: dict[str, str]) -> int:
    """Name this as what it is."""
    print(f"Version:      {VERSION}\nGit revision: stand-in\nGit branch:   stand-in\nGO version:   none")
    print("Built:        by the tests of runnerops; this is not GitLab Runner\nOS/Arch:      linux/amd64")
    return 0


COMMANDS = {"run": run, "list": list_runners, "verify": verify, "status": status, "--version": version}


def parse(arguments: list[str]) -> tuple[str, dict[str, str]]:
    """The command and its options, in any of the ways that the real one takes them."""
    command, options = "", {}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word in ("--version", "-v"):
            command = command or "--version"
        elif word.startswith("-"):
            name, given, value = word.lstrip("-").partition("=")
            options[{"c": "config", "d": "working-directory", "u": "user"}.get(name, name)] = (
                value if given or name in ("debug", "syslog") else rest.pop(0) if rest else ""
            )
        else:
            command = command or word
    return command, options


def main() -> int:
    """The command line."""
    arguments = sys.argv[1:]
    os.environ.pop("PYTHONHOME", None)
    command, options = parse(arguments)
    if command not in COMMANDS:
        fatal(f"Command {command} not found.")
    own = Path("/etc/gitlab-runner") if os.geteuid() == 0 else Path.home() / ".gitlab-runner"
    path = Path(options.get("config") or os.environ.get("CONFIG_FILE") or own / "config.toml")
    return COMMANDS[command](path, options)


if __name__ == "__main__":
    sys.exit(main())
