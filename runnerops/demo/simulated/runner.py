"""`gitlab-runner`, simulated, as a program on the command line."""

from __future__ import annotations

import sys

from runnerops.demo.simulated.config_toml import config_path, read
from runnerops.demo.simulated.locked import LockedWorld
from runnerops.demo.simulated.runner_process import UNIT
from runnerops.demo.simulated.world import RefusedError, shown

VERSION = "19.3.0"
_TOP = {
    *("check_interval", "concurrent", "connection_max_age", "experimental", "labels", "listen_address", "log_format"),
    *("log_level", "machine", "runners", "sentry_dsn", "session_server", "shutdown_timeout", "user"),
}


def gitlab_runner(words: list[str]) -> int:
    """Executes a command such as `list`, `lint` or `verify`. systemd starts the process itself (`runner_process.py`)."""
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
    with LockedWorld() as world:
        runs = world.units[UNIT]["active"] in {"active", "activating"}
    sys.stdout.write(f"gitlab-runner: Service {'is running' if runs else 'has stopped'}\n")
    return 0 if runs else 1


def _ask_gitlab(verb: str) -> int:
    """`verify` and `reset-token` without a GitLab: a `verify` that cannot connect does not fail (commands/verify.go)."""
    if verb == "reset-token":
        raise RefusedError("FATAL: Failed to reset runner authentication token")
    sys.stderr.write("ERROR: Verifying runner... failed  status=connection refused\n")
    return 0


def _show_runners(words: list[str]) -> int:
    """`list`: loads the file and prints its runners. The exit status is 0 even if the file cannot be loaded."""
    try:
        tree = read(config_path(words))
    except RefusedError as refusal:
        sys.stderr.write(f"WARNING: {refusal}\n")
        return 0
    sys.stderr.write(f"Listing configured runners  ConfigFile={shown(config_path(words))}\n")
    for runner in tree.get("runners", ()):
        sys.stderr.write(
            f"{runner.get('name', '')}  Executor={runner.get('executor', '')} URL={runner.get('url', '')}\n"
        )
    return 0


def _lint(words: list[str]) -> int:
    """`lint`: unlike a load, refuses unknown keys."""
    try:
        tree = read(config_path(words))
    except RefusedError as refusal:
        raise RefusedError(f"FATAL: decoding config: {refusal}") from None
    if unknown := sorted(tree.keys() - _TOP):
        lines = "".join(f"\n  unknown key: {name}" for name in unknown)
        raise RefusedError(f"FATAL: {len(unknown)} unknown key(s) found in {shown(config_path(words))}:{lines}")
    sys.stdout.write("Configuration file is valid.\n")
    return 0
