"""The command line, and the commands but `run`. Each loads what it needs: hosts of a lab call it thousands of times."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .log import fatal, log
from .version import VERSION, since

if TYPE_CHECKING:
    from typing import Any

Options = dict[str, str]


def run(path: Path, options: Options) -> int:
    """Serve."""
    from .runner import Runner

    if folder := options.get("working-directory"):
        os.chdir(folder)
    return Runner(path, options.get("user", ""), options.get("listen-address", "")).run()


def list_runners(path: Path, _: Options) -> int:
    """Show all runners with their tokens; 0 even when the file cannot be loaded."""
    from .config import BadConfigError, ensure_system_id, load

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


def verify(path: Path, options: Options) -> int:
    """Ask GitLab about each runner; only a 403 is a no."""
    from .config import BadConfigError, ensure_system_id, load

    log("info", "Running in system-mode." if os.geteuid() == 0 else "Running in user-mode.")
    try:
        config = load(path)
    except BadConfigError as error:
        fatal(str(error))
    system_id = ensure_system_id(path.parent)
    wanted = options.get("name") or options.get("n")
    chosen = [runner for runner in config.runners if not wanted or runner.get("name") == wanted]
    if wanted and not chosen:
        fatal("no runner matches the filtering parameters")
    if not all([answers(runner, system_id) for runner in chosen]):  # noqa: C419 — every one is asked and shown
        fatal("Failed to verify runners")
    return 0


def answers(runner: dict[str, Any], system_id: str) -> bool:
    """Whether GitLab does not refuse this runner."""
    from . import gitlab
    from .config import short

    name = short(runner.get("token", ""))
    status, _ = gitlab.verify(runner, system_id)
    if status == 200:
        log("info", "Verifying runner... is valid", runner=name)
    elif status == 403:
        log("error", "Verifying runner... is not valid", runner=name)
    else:
        log("error", "Verifying runner... failed", runner=name, status=status or "no answer")
    return status != 403


def reset_token(path: Path, options: Options) -> int:
    """Have GitLab give a runner a new token, and write the file with it."""
    from .config import BadConfigError, ensure_system_id, load
    from .rotation import renewed
    from .save import save

    try:
        config = load(path)
    except BadConfigError as error:
        fatal(f"Failed to load configuration: {error}")
    ensure_system_id(path.parent)
    runner = next(
        (runner for runner in config.runners if runner.get("name") == (options.get("name") or options.get("n"))), None
    )
    if runner is None:
        fatal("Couldn't get runner credentials")
    if not renewed(runner):
        fatal("Failed to reset runner token")
    save(config, path, "")
    log("info", "Updated")
    return 0


def lint(path: Path, _: Options) -> int:
    """Judge a file: its syntax, its types, unknown keys. Makes nothing, not even the system's id."""
    import tomllib

    from .config import BadConfigError, Config
    from .keys import unknown

    try:
        tree = tomllib.loads(path.read_text())
        Config(tree, 0)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, BadConfigError) as error:
        fatal(f"decoding config: {error}")
    if problems := list(against_schema(tree)):
        fatal(f"config schema validation failed: jsonschema validation failed: {'; '.join(problems)}")
    if keys := sorted(unknown(tree)):
        lines = "".join(f"\n  unknown key: {key}" for key in keys)
        fatal(f"{len(keys)} unknown key(s) found in {path}:{lines}")
    log("info", "Configuration file is valid.")
    return 0


def against_schema(tree: dict[str, Any]) -> Iterator[str]:
    """What the schema asks for, though a load does not: of all that, a volume's `mount_propagation`."""
    for index, runner in enumerate(tree.get("runners", [])):
        for volume in runner.get("kubernetes", {}).get("volumes", {}).get("host_path", []):
            if "mount_propagation" not in volume:
                yield f"at '/runners/{index}/kubernetes/volumes/host_path/0': missing property 'mount_propagation'"


def status(_: Path, options: Options) -> int:
    """0 while systemd calls the unit active, or about to be."""
    import subprocess

    name = options.get("service") or options.get("n") or "gitlab-runner"
    try:
        state = subprocess.run(["systemctl", "is-active", name], capture_output=True, text=True, check=False).stdout
    except OSError:
        state = ""
    if state.strip() in ("active", "activating"):
        print(f"{name}: Service is running")
        return 0
    print(f"{name}: Service has stopped", file=sys.stderr)
    return 1


def version(_: Path, __: Options) -> int:
    """Name this as what it is."""
    print(f"Version:      {VERSION}\nGit revision: stand-in\nGit branch:   stand-in\nGO version:   none")
    print("Built:        by the tests of runnerops; this is not GitLab Runner\nOS/Arch:      linux/amd64")
    return 0


COMMANDS: dict[str, Callable[[Path, Options], int]] = {
    "run": run,
    "list": list_runners,
    "verify": verify,
    "reset-token": reset_token,
    "status": status,
    "--version": version,
    **({"lint": lint} if since("19.3") else {}),
}


def parse(arguments: list[str]) -> tuple[str, Options]:
    """The command and its options, in any of the ways that the real one takes them."""
    command, options = "", {}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word in ("--version", "-v"):
            command = command or "--version"
        elif word.startswith("-"):
            name, equals, value = word.lstrip("-").partition("=")
            options[{"c": "config", "d": "working-directory", "u": "user"}.get(name, name)] = (
                value if equals or name in ("debug", "syslog") else rest.pop(0) if rest else ""
            )
        else:
            command = command or word
    return command, options


def main() -> int:
    """Do what the command line says."""
    os.environ.pop("PYTHONHOME", None)
    command, options = parse(sys.argv[1:])
    if command not in COMMANDS:
        fatal(f"Command {command} not found.")
    own_folder = Path("/etc/gitlab-runner") if os.geteuid() == 0 else Path.home() / ".gitlab-runner"
    path = Path(options.get("config") or os.environ.get("CONFIG_FILE") or own_folder / "config.toml")
    return COMMANDS[command](path, options)
