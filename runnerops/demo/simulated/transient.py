"""systemd-run, simulated: runs a command as a transient unit, with its ExecStopPost, and ends the processes that it
leaves behind. Does without `subprocess`, whose import takes longer than all of this.
"""

from __future__ import annotations

import os
import sys

from runnerops.demo.simulated import units
from runnerops.demo.simulated.locked import LockedWorld
from runnerops.demo.simulated.world import ROOT, RefusedError, random_hex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def systemd_run(words: list[str]) -> int:
    """Starts a unit. Returns when it has begun; a process in the background supervises it."""
    options, argv = _split(words)
    name = units.full(str(options["unit"]))
    with LockedWorld() as world:
        if name in world.units:
            problem = f"Unit {name} was already loaded or has a fragment file."
            raise RefusedError(f"Failed to start transient service unit: {problem}")
        supervisor = _begin([*world.data["python"], "supervise", name, *words], os.environ, apart=True)
        world.units[name] = {
            "active": "active",
            "argv": argv,
            "pid": supervisor,
            "supervisor": supervisor,
            "transient": True,
            "invocation": random_hex(16),
            "retry": 0,
            "starts": [],
            "description": f"[systemd-run] {' '.join(argv)[:60]}",
        }
    if "quiet" not in options:
        sys.stderr.write(f"Running as unit: {name}\n")
    return 0


def supervise(words: list[str]) -> int:
    """Runs the unit from its start to its end. Called in a process of its own."""
    import signal  # noqa: PLC0415

    from runnerops.demo.simulated.processes import adopt_orphans  # noqa: PLC0415

    name, *words = words
    options, argv = _split(words)
    adopt_orphans()
    os.chdir("/")
    # Python ignores these signals, and so would the programs that it starts
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    with LockedWorld() as world:  # waits until `systemd_run` has recorded the unit
        command = _begin(argv, _environ(options))
        world.units[name]["pid"] = command
    signal.signal(signal.SIGTERM, lambda *_: _end_all(signal.SIGTERM))
    _await(command)
    signal.signal(signal.SIGTERM, lambda *_: None)  # ExecStopPost is not to be interrupted
    _end_all(signal.SIGKILL)
    if after := options.get("ExecStopPost"):
        with LockedWorld() as world:
            world.units[name]["active"] = "deactivating"
        _await(_begin(after.split(), _environ(options)))
        _end_all(signal.SIGKILL)
    with LockedWorld() as world:
        del world.units[name]
    return 0


def _begin(argv: list[str], environ: Mapping[str, str], *, apart: bool = False) -> int:
    """Starts a process and returns its PID. `apart`: in a session of its own, with /dev/null as its standard streams."""
    pid = os.fork()
    if pid:
        return pid
    try:
        if apart:
            os.setsid()
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream in range(3):
                os.dup2(nothing, stream)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # for example the lock of a run
        os.execvpe(argv[0], argv, environ)  # noqa: S606  a unit's own words
    finally:
        os._exit(203)  # systemd's exit status for a program that cannot be executed


def _await(pid: int) -> None:
    """Waits until a process has ended. Its exit status may have been collected already."""
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        return


def _end_all(number: int) -> None:
    """Ends the processes of this unit. Processes of other units are spared, although they may be descendants of this
    one.
    """
    from runnerops.demo.simulated.processes import end_descendants  # noqa: PLC0415

    with LockedWorld() as world:
        end_descendants(number, {unit["supervisor"] for unit in world.units.values() if unit.get("transient")})


def _split(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Splits arguments into options and properties by name, variables as `env:NAME`, and the command."""
    options: dict[str, str] = {"unit": f"run-{random_hex(8)}"}
    remaining = list(words)
    while remaining and remaining[0].startswith("-"):
        name, _, value = remaining.pop(0).lstrip("-").partition("=")
        if name == "p":
            name, _, value = remaining.pop(0).partition("=")
        elif name == "setenv":
            name, _, value = value.partition("=")
            name = f"env:{name}"
        options[name] = value
    return options, remaining


def _environ(options: dict[str, str]) -> dict[str, str]:
    """The environment of the unit: the given variables, and a PATH with the simulated programs first."""
    variables = {name.removeprefix("env:"): value for name, value in options.items() if name.startswith("env:")}
    path = variables.get("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    host = {"RUNNEROPS_ROOT": str(ROOT), "LANG": os.environ.get("LANG", "C.UTF-8")}
    return {**variables, **host, "PATH": f"{ROOT}/usr/bin:{path}"}
