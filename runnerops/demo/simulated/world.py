"""What the simulated programs have in common: the host's state, one JSON file that is read and written under a lock."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(os.environ.get("RUNNEROPS_ROOT", "/nonexistent"))
"""The folder that is the host's `/`."""

STATE = "var/lib/simulated"
Tree = dict[str, Any]


class Refused(Exception):
    """What a program says on standard error before it ends, and its exit status."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


class World:
    """The state while the lock is held. All of it is in `data`, as JSON has it."""

    def __init__(self, data: Tree) -> None:
        self.data = data

    @property
    def units(self) -> dict[str, Tree]:
        """Units by name, `.service` included."""
        units: dict[str, Tree] = self.data["units"]
        return units

    @property
    def engine(self) -> Tree:
        """The Docker daemon: what it has loaded, containers, images, volumes, reloads."""
        engine: Tree = self.data["engine"]
        return engine

    @property
    def runner(self) -> Tree:
        """The gitlab-runner process: what it has loaded, and how often."""
        runner: Tree = self.data["runner"]
        return runner

    def log(self, unit: str, text: str) -> None:
        """A line of the journal."""
        self.data["journal"].append({"at": time.time(), "unit": unit, "text": text})

    def number(self) -> int:
        """A new process id."""
        self.data["last_pid"] += 1
        pid: int = self.data["last_pid"]
        return pid

    def begin(self, name: str) -> None:
        """A unit's process starts: a new life, and what /proc shows of it."""
        unit = self.units[name]
        unit |= {"active": "active", "pid": self.number(), "invocation": secrets.token_hex(16), "retry": 0}
        show_process(unit["pid"], unit["argv"], name)
        self.log(name, f"Started {name} - {unit['description']}.")

    def end(self, name: str, active: str = "inactive") -> None:
        """A unit's process ends."""
        unit = self.units[name]
        hide_process(unit["pid"])
        unit |= {"active": active, "pid": 0}


def path(name: str) -> Path:
    """Where a path of the host lies; one that was translated before stays."""
    return Path(name) if Path(name).is_relative_to(ROOT) else ROOT / name.lstrip("/")


def shown(text: object) -> str:
    """A text with the host's own paths."""
    return str(text).replace(str(ROOT), "")


def show_process(pid: int, argv: list[str], unit: str) -> None:
    """The files of /proc that an observation reads."""
    folder = ROOT / f"proc/{pid}"
    folder.mkdir(parents=True)
    name = argv[0].rpartition("/")[2]
    (folder / "cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in argv))
    (folder / "comm").write_text(f"{name}\n")
    (folder / "stat").write_text(f"{pid} ({name}) S 1 {pid} {pid} 0 -1 4194560\n")
    (folder / "cgroup").write_text(f"0::/system.slice/{unit}\n")


def hide_process(pid: int) -> None:
    """Takes them away."""
    folder = ROOT / f"proc/{pid}"
    if pid and folder.exists():
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


@contextmanager
def world() -> Iterator[World]:
    """The state, after what happened by itself meanwhile; written back where it differs."""
    from runnerops.demo.simulated.life import live  # noqa: PLC0415

    folder = ROOT / STATE
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = (folder / "state.json").read_text()
        here = World(json.loads(before))
        try:
            live(here)
            yield here
        finally:
            after = json.dumps(here.data, indent=1)
            if after != before:
                write(folder, after)


def write(folder: Path, text: str) -> None:
    """Whole or not at all."""
    beside = folder / f"state.{os.getpid()}"
    beside.write_text(text)
    beside.replace(folder / "state.json")
