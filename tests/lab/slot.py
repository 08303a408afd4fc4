"""A lab's number on this machine, and the end of everything that carries that number.

All that a lab makes outside its scratch folder is named after its number: `rol3` is a bridge, `rol3-…` are network
namespaces, cables and control groups. So one `sweep` ends a lab of ours and the lab of a pytest that was killed alike.
"""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.roots import cache_directory
from tests.lab.shell import LabError, run, until

LOCKS = Path("/run/runnerops-lab")
CGROUPS = Path("/sys/fs/cgroup")
MOST_LABS = 32


@dataclass(frozen=True, slots=True)
class Slot:
    """Number, names, addresses and scratch folder of one lab. `address(1)` is the bridge's."""

    number: int
    network: ipaddress.IPv4Network
    scratch: Path

    @property
    def bridge(self) -> str:
        """The bridge that all hosts hang on."""
        return f"rol{self.number}"

    def name(self, what: str) -> str:
        """The machine-wide name of a thing of this lab."""
        return f"rol{self.number}-{what}"

    def address(self, number: int) -> str:
        """The lab's address with this number."""
        return str(self.network[number])

    def hardware_address(self, number: int) -> str:
        """Its MAC, the same after every boot: neighbours remember a changed one for most of a minute."""
        return f"02:72:6f:00:{self.number:02x}:{number:02x}"


@contextmanager
def take_slot() -> Iterator[Slot]:
    """A number and an address range that nobody uses, held by a lock until the end; then everything is swept."""
    LOCKS.mkdir(parents=True, exist_ok=True)
    labs = cache_directory() / "labs"
    labs.mkdir(parents=True, exist_ok=True)
    sweep_dead()
    for number in range(MOST_LABS):
        with lock(number) as acquired:
            if not acquired:
                continue
            scratch = Path(tempfile.mkdtemp(prefix=f"{number}-", dir=labs))
            scratch_note(number).write_text(str(scratch))
            try:
                yield Slot(number, free_network(number), scratch)
            finally:
                sweep(number)
            return
    raise LabError(f"{MOST_LABS} labs run on this machine already")


@contextmanager
def lock(number: int) -> Iterator[bool]:
    """Whether this process holds the number now. The kernel gives it back when the process ends, however it ends."""
    with (LOCKS / f"{number}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def scratch_note(number: int) -> Path:
    """The file that says where the scratch folder of a lab is."""
    return LOCKS / f"{number}.scratch"


def sweep_dead() -> None:
    """End the labs whose process is gone."""
    for number in range(MOST_LABS):
        if scratch_note(number).exists():
            with lock(number) as acquired:
                if acquired and scratch_note(number).exists():
                    sweep(number)


def free_network(number: int) -> ipaddress.IPv4Network:
    """A /24 of this lab's own that no route of the machine overlaps."""
    routes = json.loads(run(["ip", "-json", "-4", "route", "show", "table", "all"]) or "[]")
    networks = [ipaddress.ip_network(route["dst"], strict=False) for route in routes if route["dst"] != "default"]
    for second in (93, 94, 95, 203, 204):
        network = ipaddress.IPv4Network(f"10.{second}.{number}.0/24")
        if not any(network.overlaps(other) for other in networks):
            return network
    raise LabError("no address range is free")


def sweep(number: int) -> None:
    """End every process, namespace, cable, mount and file of a lab. Does what is left to do, as often as called."""
    for group in groups(f"rol{number}-*"):
        end_group(group.name)
    for name in run(["ip", "netns", "list"]).split():
        if name.startswith(f"rol{number}-"):
            run(["ip", "netns", "delete", name])
    for link in json.loads(run(["ip", "-json", "link", "show"])):
        if link["ifname"] == f"rol{number}" or link["ifname"].startswith(f"rol{number}-"):
            run(["ip", "link", "delete", link["ifname"]], check=False)
    note = scratch_note(number)
    if note.exists():
        scratch = note.read_text()
        unmount_below(scratch)
        shutil.rmtree(scratch, ignore_errors=True)
        note.unlink()


def unmount_below(directory: str) -> None:
    """Unmount everything below `directory`, the last mounted first."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in reversed(mounts):
        if mount.startswith(f"{directory}/"):
            run(["umount", mount])


# -- control groups: a host's processes are those of its group, in every hierarchy -----------------------------------


def hierarchies() -> list[Path]:
    """The mount points of this machine's control groups: one a controller on v1, a single one on v2."""
    lines = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    return [Path(mount) for _, mount, kind, *_ in lines if kind in ("cgroup", "cgroup2")]


def groups(pattern: str) -> list[Path]:
    """Our groups of that name, one a hierarchy."""
    return [group for top in hierarchies() for group in top.glob(pattern)]


def make_group(name: str) -> list[str]:
    """Make the group everywhere; the `cgroup.procs` files that a process of it has to write itself into."""
    files = []
    for top in hierarchies():
        group = top / name
        group.mkdir(exist_ok=True)
        for inherited in ("cpuset.cpus", "cpuset.mems"):
            if (group / inherited).exists() and (top / inherited).exists():
                (group / inherited).write_text((top / inherited).read_text())
        files.append(str(group / "cgroup.procs"))
    return files


def in_group(name: str, argv: list[str]) -> list[str]:
    """The command that runs `argv` in the group."""
    enter = 'while [ "$1" != -- ]; do echo $$ >"$1"; shift; done; shift; exec "$@"'
    return ["sh", "-c", enter, "sh", *make_group(name), "--", *argv]


def members(name: str) -> set[int]:
    """Processes of the group and of every group below it."""
    pids: set[int] = set()
    for group in groups(name):
        for path in group.rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                pids.update(int(line) for line in path.read_text().split())
    return pids - {0}


def end_group(name: str) -> None:
    """Kill what is in the group, at once, and remove it."""

    def empty() -> bool:
        alive = members(name)
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not alive

    until(f"end of the processes of {name}", empty, seconds=20)
    for group in groups(name):
        folders = [path for path in group.rglob("*") if path.is_dir()]
        for folder in (*sorted(folders, key=lambda path: len(path.parts), reverse=True), group):
            # a group whose last process is gone may be busy for a moment
            until(f"{folder} free", lambda folder=folder: removed(folder), seconds=10)  # type: ignore[misc]


def removed(folder: Path) -> bool:
    """Remove a control group; whether it is gone."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
