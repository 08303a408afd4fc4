"""systemd-run, simulated: a command as a unit of its own, with its ExecStopPost; what it leaves behind ends with it.

Without `subprocess`, which takes longer to load than everything here.
"""

from __future__ import annotations

import os
import sys

from runnerops.demo.simulated import units
from runnerops.demo.simulated.locked import world
from runnerops.demo.simulated.world import ROOT, RefusedError, random_hex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def systemd_run(words: list[str]) -> int:
    """Returns when the unit has begun; a process of its own looks after it."""
    options, argv = _split(words)
    name = units.full(str(options["unit"]))
    with world() as here:
        if name in here.units:
            what = f"Unit {name} was already loaded or has a fragment file."
            raise RefusedError(f"Failed to start transient service unit: {what}")
        supervisor = _begin([*here.data["python"], "supervise", name, *words], os.environ, apart=True)
        here.units[name] = {
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
    """The unit's whole life, in a process of its own."""
    import signal  # noqa: PLC0415

    from runnerops.demo.simulated.processes import adopt_orphans  # noqa: PLC0415

    name, *words = words
    options, argv = _split(words)
    adopt_orphans()
    os.chdir("/")
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # which Python ignores, and a program that it starts would too
        signal.signal(number, signal.SIG_DFL)
    with world() as here:  # and so after it was written down
        command = _begin(argv, _environ(options))
        here.units[name]["pid"] = command
    signal.signal(signal.SIGTERM, lambda *_: _end_all(signal.SIGTERM))
    _await(command)
    signal.signal(signal.SIGTERM, lambda *_: None)  # what comes after is not cut short
    _end_all(signal.SIGKILL)
    if after := options.get("ExecStopPost"):
        with world() as here:
            here.units[name]["active"] = "deactivating"
        _await(_begin(after.split(), _environ(options)))
        _end_all(signal.SIGKILL)
    with world() as here:
        del here.units[name]
    return 0


def _begin(argv: list[str], environ: Mapping[str, str], *, apart: bool = False) -> int:
    """A process that has of this one what it needs; `apart`: in a session of its own, with nothing to read or to write to."""
    pid = os.fork()
    if pid:
        return pid
    try:
        if apart:
            os.setsid()
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream in range(3):
                os.dup2(nothing, stream)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # such as the lock of a run
        os.execvpe(argv[0], argv, environ)  # noqa: S606  a unit's own words
    finally:
        os._exit(203)  # as systemd has it for what it cannot execute


def _await(pid: int) -> None:
    """Until it has ended; another may have seen it already."""
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        return


def _end_all(number: int) -> None:
    """What this unit started, but for other units: those are nobody's children, though their processes are ours."""
    from runnerops.demo.simulated.processes import end_descendants  # noqa: PLC0415

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
