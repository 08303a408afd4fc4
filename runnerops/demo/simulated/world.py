"""The state of the host, which all simulated programs share, and how it is kept in a file.

Imports only modules of the standard library that load fast, because a deploy makes a hundred calls.
"""

from __future__ import annotations

import marshal
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Tree = dict[str, Any]

ROOT = os.environ.get("RUNNEROPS_ROOT", "/nonexistent")
"""The folder that is the host's `/`."""

STATE = "var/lib/simulated"
NO_DOCKER = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"


class RefusedError(Exception):
    """The message that a program prints on standard error before it ends, and its exit status."""

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
        """Adds a line to the journal."""
        life = self.units.get(unit, {}).get("invocation", "")
        self.data["journal"].append({"at": time.time(), "unit": unit, "text": text, "invocation": life})

    def number(self) -> int:
        """A new process id."""
        self.data["last_pid"] += 1
        pid: int = self.data["last_pid"]
        return pid

    def begin(self, name: str) -> None:
        """Starts a unit's process: it gets a new PID and InvocationID, and files in /proc."""
        unit = self.units[name]
        unit |= {"active": "active", "pid": self.number(), "invocation": random_hex(16), "retry": 0}
        show_process(unit["pid"], unit["argv"], name)
        self.log(name, f"Started {name} - {unit['description']}.")

    def end(self, name: str, active: str = "inactive") -> None:
        """Ends a unit's process."""
        unit = self.units[name]
        hide_process(unit["pid"])
        unit |= {"active": active, "pid": 0}


def path(name: str) -> str:
    """The path in the scratch directory for a path of the host. A path that is already in it is returned as it is."""
    return name if name.startswith(f"{ROOT}/") else f"{ROOT}/{name.lstrip('/')}"


def shown(text: object) -> str:
    """A text with paths as the host has them, without the scratch directory."""
    return str(text).replace(ROOT, "")


def text_at(name: str) -> str:
    """The text of a file of the host. Raises OSError, UnicodeDecodeError."""
    with open(path(name), encoding="utf-8") as file:
        return file.read()


def random_hex(size: int) -> str:
    """This number of random bytes, in hex."""
    return os.urandom(size).hex()


def show_process(pid: int, argv: list[str], unit: str) -> None:
    """Writes the files of /proc that an observation reads."""
    folder = f"{ROOT}/proc/{pid}"
    os.makedirs(folder, exist_ok=True)
    name = argv[0].rpartition("/")[2]
    files = {
        "cmdline": "".join(f"{word}\0" for word in argv),
        "comm": f"{name}\n",
        "stat": f"{pid} ({name}) S 1 {pid} {pid} 0 -1 4194560\n",
        "cgroup": f"0::/system.slice/{unit}\n",
    }
    for file, text in files.items():
        with open(f"{folder}/{file}", "w", encoding="utf-8") as target:
            target.write(text)


def hide_process(pid: int) -> None:
    """Removes these files."""
    folder = f"{ROOT}/proc/{pid}"
    if pid and os.path.isdir(folder):
        for file in os.listdir(folder):
            os.unlink(f"{folder}/{file}")
        os.rmdir(folder)


def write(folder: str, data: Tree) -> None:
    """Writes a file completely or not at all."""
    beside = f"{folder}/state.{os.getpid()}"
    with open(beside, "wb") as file:
        file.write(marshal.dumps(data))
    os.replace(beside, f"{folder}/state")
