"""gitlab-runner, simulated: what it takes for a config.toml, how it loads one, how it ends."""

from __future__ import annotations

import os
import sys
import time

from runnerops.demo.simulated.world import RefusedError, World, path, shown, text_at, world

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from runnerops.demo.simulated.world import Tree

UNIT = "gitlab-runner.service"
VERSION = "19.3.0"
_POLL_SECONDS = 3
_LEVELS = ("debug", "info", "warn", "error", "fatal", "panic")
_KINDS = {
    int: ("concurrent", "check_interval", "shutdown_timeout", "limit", "request_concurrency", "output_limit"),
    str: ("log_level", "log_format", "listen_address", "sentry_dsn", "name", "url", "token", "executor", "shell"),
}
_TOP = {
    *("check_interval", "concurrent", "connection_max_age", "experimental", "labels", "listen_address", "log_format"),
    *("log_level", "machine", "runners", "sentry_dsn", "session_server", "shutdown_timeout", "user"),
}


def gitlab_runner(words: list[str]) -> int:
    """Tells its version, its runners, whether it runs; the process itself is systemd's."""
    if {"--version", "-v"} & set(words):
        sys.stdout.write(
            f"Version:      {VERSION}\nGit revision: simulated\nGit branch:   simulated\nGO version:   none\n"
            "Built:        by runnerops demo; this is not GitLab Runner\nOS/Arch:      linux/amd64\n"
        )
        return 0
    verb = next((word for word in words if not word.startswith("-")), "")
    if verb == "lint":
        return _lint(words)
    if verb in {"reset-token", "verify"}:
        return _ask_gitlab(verb)
    if verb not in {"list", "status"}:
        raise RefusedError(f"FATAL: Command {verb} not found.")
    if verb == "list":
        return _show_runners(words)
    with world() as here:
        runs = here.units[UNIT]["active"] in {"active", "activating"}
    sys.stdout.write(f"gitlab-runner: Service {'is running' if runs else 'has stopped'}\n")
    return 0 if runs else 1


def _ask_gitlab(verb: str) -> int:
    """There is no GitLab here. A `verify` that reaches none is no failure (commands/verify.go)."""
    if verb == "reset-token":
        raise RefusedError("FATAL: Failed to reset runner authentication token")
    sys.stderr.write("ERROR: Verifying runner... failed  status=connection refused\n")
    return 0


def _show_runners(words: list[str]) -> int:
    """What is in the file, which is loaded for it; 0 even where it cannot be."""
    try:
        tree = read(config_path(words))
    except RefusedError as refusal:
        sys.stderr.write(f"WARNING: {refusal}\n")
        return 0
    sys.stderr.write(f"Listing configured runners  ConfigFile={shown(config_path(words))}\n")
    for one in tree.get("runners", ()):
        sys.stderr.write(f"{one.get('name', '')}  Executor={one.get('executor', '')} URL={one.get('url', '')}\n")
    return 0


def _lint(words: list[str]) -> int:
    """It is stricter than a load: keys that are not known are passed over there."""
    try:
        tree = read(config_path(words))
    except RefusedError as refusal:
        raise RefusedError(f"FATAL: decoding config: {refusal}") from None
    if unknown := sorted(tree.keys() - _TOP):
        lines = "".join(f"\n  unknown key: {name}" for name in unknown)
        raise RefusedError(f"FATAL: {len(unknown)} unknown key(s) found in {shown(config_path(words))}:{lines}")
    sys.stdout.write("Configuration file is valid.\n")
    return 0


def config_path(argv: list[str]) -> str:
    """The file that a process started so reads."""
    for index, word in enumerate(argv[:-1]):
        if word in {"--config", "-c"}:
            return argv[index + 1]
    return "/etc/gitlab-runner/config.toml"


def read(name: str) -> Tree:
    """The file's tree. Raises RefusedError with what the log says."""
    import tomllib  # noqa: PLC0415

    try:
        tree = tomllib.loads(text_at(name))
    except FileNotFoundError:
        raise RefusedError(f"stat {shown(name)}: no such file or directory") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RefusedError(f"toml: {error}") from None
    for problem in _problems(tree):
        raise RefusedError(problem)
    return {name: _plain(value) for name, value in tree.items()}


def _plain(value: Any) -> Any:
    """Dates as text: what is loaded is kept in a form that knows none."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float) else str(value)


def _problems(tree: Tree) -> Iterator[str]:
    runners = tree.get("runners", [])
    if not isinstance(runners, list) or not all(isinstance(one, dict) for one in runners):
        yield "toml: incompatible types: TOML value has type table; destination has type slice"
        return
    for table in (tree, *runners):
        for kind, names in _KINDS.items():
            for name in names:
                if name in table and not _is(table[name], kind):
                    yield (
                        f'toml: (last key "{name}"): incompatible types: TOML value has type '
                        f"{type(table[name]).__name__}; destination has type {'integer' if kind is int else 'string'}"
                    )
    if tree.get("log_level") and tree["log_level"] not in _LEVELS:
        yield f'not a valid logrus Level: "{tree["log_level"]}"'


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def start(here: World, name: str) -> str:
    """It starts without a config too, and asks for it again and again."""
    here.begin(name)
    here.runner.update({"config": None, "mtime": 0, "loaded": 0, "errors": 0, "page": ""})
    load(here)
    here.runner["page"] = (here.runner["config"] or {}).get("listen_address", "")
    return ""


def load(here: World) -> None:
    """A file that it cannot load leaves the old config, but one without concurrency is its end. None at all is all defaults."""
    name = config_path(here.units[UNIT]["argv"])
    try:
        tree = read(name) if os.path.exists(path(name)) else {}
    except RefusedError as refusal:
        here.runner["errors"] += 1
        here.log(UNIT, f"ERROR: Failed to load config {refusal}")
        return
    if tree.get("concurrent", 1) <= 0:
        here.log(UNIT, "FATAL: Concurrent is less than 1 - no jobs will be processed")
        end(here, UNIT)
        return
    here.runner.update({"config": tree, "mtime": _mtime(here), "loaded": here.runner["loaded"] + 1})
    here.log(UNIT, "Configuration loaded")


def poll(here: World) -> None:
    """Loads a file that is newer than what is loaded, once it had the time to see it."""
    unit, mtime = here.units[UNIT], _mtime(here)
    if unit["active"] == "active" and here.runner["mtime"] < mtime < (time.time() - _POLL_SECONDS) * 1e9:
        load(here)


def end(here: World, name: str) -> None:
    """Without jobs a graceful end is at once; systemd starts it again after two minutes."""
    here.log(name, "All workers stopped.")
    here.end(name, "activating")
    here.units[name]["retry"] = time.time() + here.units[name]["again_seconds"]


def metrics(here: World) -> str:
    """Its page, where it has one."""
    config = here.runner["config"] or {}
    lines = [
        f"gitlab_runner_concurrent {config.get('concurrent', 1)}",
        f"gitlab_runner_configuration_loaded_total {here.runner['loaded']}",
        f"gitlab_runner_configuration_loading_error_total {here.runner['errors']}",
    ]
    for one in config.get("runners", ()):
        lines.append(f'gitlab_runner_jobs{{runner="{one.get("token", "")[5:14]}",state="running"}} 0')
    return "".join(f"{line}\n" for line in lines)


def _mtime(here: World) -> int:
    try:
        return os.stat(path(config_path(here.units[UNIT]["argv"]))).st_mtime_ns
    except OSError:
        return 0
