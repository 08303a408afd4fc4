"""What a run's walker and all its children asked of the kernel: syncs, renames, programs. Attached from outside the host."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.lab.host import LabHost
from tests.lab.shell import until
from tests.lab.slot import members

_CALLS = "trace=fsync,fdatasync,rename,renameat,renameat2,execve"
_LINE = re.compile(r"(\w+)\((.*)\) += 0$")
_WORD = re.compile(r'"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Call:
    """`sync` of a path, `rename` of one path to another, `exec` of an argv; only those that succeeded."""

    name: Literal["sync", "rename", "exec"]
    words: tuple[str, ...]


@contextmanager
def traced(host: LabHost, run: int, file: Path) -> Iterator[Callable[[], None]]:
    """Gives what attaches to the walker of that run; on leaving, the trace is whole."""
    tracers: list[subprocess.Popen[bytes]] = []

    def attach() -> None:
        pid = walker(host, run)
        argv = ["strace", "-f", "-y", "-qq", "-s", "9999", "-e", _CALLS, "-o", str(file), "-p", str(pid)]
        tracers.append(subprocess.Popen(argv, stderr=subprocess.DEVNULL))
        own_tracer = f"TracerPid:\t{tracers[0].pid}\n"
        until("strace", lambda: own_tracer in Path(f"/proc/{pid}/status").read_text(), seconds=20)

    try:
        yield attach
    finally:
        for tracer in tracers:
            tracer.wait(timeout=60)


def walker(host: LabHost, run: int) -> int:
    """The process as this machine numbers it, not as the host does."""
    words = f"host.sh\0walk\0/var/lib/runnerops/runs/{run}\0".encode()
    for pid in members(host.container.group):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # one that has ended since they were listed
            if Path(f"/proc/{pid}/cmdline").read_bytes().endswith(words):
                return pid
    raise AssertionError("no walker runs")


def read(file: Path) -> Iterator[Call]:
    """The calls in order; one that another process interrupted counts from its end on."""
    begun: dict[str, str] = {}
    for line in file.read_text(errors="replace").splitlines():
        pid, _, text = line.partition(" ")
        if text.endswith("<unfinished ...>"):
            begun[pid] = text.removesuffix("<unfinished ...>")
            continue
        if resumed := re.match(r" *<\.\.\. \w+ resumed>(.*)", text):
            text = begun.pop(pid, "") + resumed[1]
        if match := _LINE.match(text.strip()):
            yield from _call(match[1], match[2])


def _call(name: str, words: str) -> Iterator[Call]:
    if name in {"fsync", "fdatasync"}:
        yield Call("sync", (words.partition("<")[2].rstrip(">"),))
    elif name == "execve":
        yield Call("exec", tuple(_WORD.findall(words.partition("[")[2].partition("]")[0])))
    else:
        yield Call("rename", tuple(_WORD.findall(words)))
