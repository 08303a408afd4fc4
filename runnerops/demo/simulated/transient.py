"""systemd-run, simulated: a command as a unit of its own, with its ExecStopPost; what it leaves behind ends with it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from contextlib import suppress

from runnerops.demo.simulated import units
from runnerops.demo.simulated.locked import world
from runnerops.demo.simulated.processes import adopt_orphans, end_descendants
from runnerops.demo.simulated.world import ROOT, RefusedError, random_hex


def systemd_run(words: list[str]) -> int:
    """Returns when the unit has begun; a process of its own looks after it."""
    options, argv = _split(words)
    name = units.full(str(options["unit"]))
    with world() as here:
        if name in here.units:
            what = f"Unit {name} was already loaded or has a fragment file."
            raise RefusedError(f"Failed to start transient service unit: {what}")
        supervisor = subprocess.Popen(
            [*here.data["python"], "supervise", name, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        here.units[name] = {
            "active": "active",
            "argv": argv,
            "pid": supervisor.pid,
            "supervisor": supervisor.pid,
            "transient": True,
            "invocation": random_hex(16),
            "retry": 0,
            "starts": [],
            "description": f"[systemd-run] {shlex.join(argv)[:60]}",
        }
    supervisor.returncode = 0  # it is not waited for
    if "quiet" not in options:
        sys.stderr.write(f"Running as unit: {name}\n")
    return 0


def supervise(words: list[str]) -> int:
    """The unit's whole life, in a process of its own."""
    name, *words = words
    options, argv = _split(words)
    adopt_orphans()
    with world() as here:  # and so after it was written down
        command = subprocess.Popen(argv, env=_environ(options), cwd="/")
        here.units[name]["pid"] = command.pid
    signal.signal(signal.SIGTERM, lambda *_: _end_all(signal.SIGTERM))
    with suppress(ChildProcessError):
        command.wait()
    signal.signal(signal.SIGTERM, lambda *_: None)  # what comes after is not cut short
    _end_all(signal.SIGKILL)
    if after := options.get("ExecStopPost"):
        with world() as here:
            here.units[name]["active"] = "deactivating"
        subprocess.run(shlex.split(after), env=_environ(options), cwd="/", check=False)
        _end_all(signal.SIGKILL)
    with world() as here:
        del here.units[name]
    return 0


def _end_all(number: signal.Signals) -> None:
    """What this unit started, but for other units: those are nobody's children, though their processes are ours."""
    with world() as here:
        end_descendants(number, {unit["supervisor"] for unit in here.units.values() if unit.get("transient")})


def _split(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Options and properties by name, variables as `env:NAME`; then the command."""
    options: dict[str, str] = {"unit": f"run-{random_hex(8)}"}
    rest = list(words)
    while rest and rest[0].startswith("-"):
        name, _, value = rest.pop(0).lstrip("-").partition("=")
        if name == "p":
            name, _, value = rest.pop(0).partition("=")
        elif name == "setenv":
            name, _, value = value.partition("=")
            name = f"env:{name}"
        options[name] = value
    return options, rest


def _environ(options: dict[str, str]) -> dict[str, str]:
    """What the unit was given, with the host's own programs first."""
    given = {name.removeprefix("env:"): value for name, value in options.items() if name.startswith("env:")}
    path = given.get("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    host = {"RUNNEROPS_ROOT": str(ROOT), "LANG": os.environ.get("LANG", "C.UTF-8")}
    return {**given, **host, "PATH": f"{ROOT}/usr/bin:{path}"}
