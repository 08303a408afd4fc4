"""Reads from a record of strace which files a program and its children write, what they run, and whom they contact."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

STRACE = shutil.which("strace")
_WRITES = (
    *(
        "mkdir",
        "mkdirat",
        "unlink",
        "unlinkat",
        "rmdir",
        "rename",
        "renameat",
        "renameat2",
        "link",
        "linkat",
        "symlink",
    ),
    *("symlinkat", "chmod", "fchmodat", "chown", "lchown", "fchownat", "truncate", "utimensat", "utimes", "mknod"),
    *("mknodat", "creat", "setxattr", "lsetxattr", "mount", "chroot", "bind"),
)
_CALLS = (
    "open",
    "openat",
    "openat2",
    *_WRITES,
    "chdir",
    "fchdir",
    "execve",
    "connect",
    "clone",
    "clone3",
    "fork",
    "vfork",
)
_LINE = re.compile(r"(\w+)\((.*)\)\s+= (-?\d+)")
_TEXT = re.compile(r'(?:(\w+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
_SOCKET = re.compile(r'sin6?_port=htons\((\d+)\).*?"([0-9a-f.:]+)"')


@dataclass(slots=True)
class Record:
    """What was done, by any of the processes; refused calls are left out."""

    written: set[str] = field(default_factory=set)
    run: set[str] = field(default_factory=set)
    called: set[str] = field(default_factory=set)


def trace(
    argv: Sequence[str], folder: Path, environ: Mapping[str, str]
) -> tuple[subprocess.CompletedProcess[str], Record]:
    """Runs it; one file a process, so that no call is cut in two by another's: `-A`, for numbers of processes come again."""
    assert STRACE
    options = ["-ffA", "-y", "-qq", "-s", "4096", "--seccomp-bpf", "-e", "signal=none", "-o", str(folder / "trace")]
    calls = ",".join(f"?{name}" for name in _CALLS)
    completed = subprocess.run(
        [STRACE, *options, "-e", f"trace={calls}", *argv],
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    record = Record()
    lines = {int(file.suffix[1:]): file.read_text(errors="replace").splitlines() for file in folder.glob("trace.*")}
    places: dict[int, str] = {}
    children = {int(match[3]) for each in lines.values() for match in _calls(each) if match[1] in _FORKS}
    waiting = [pid for pid in lines if pid not in children]
    assert len(waiting) == 1, waiting
    places[waiting[0]] = os.getcwd()
    for pid in waiting:
        for child, place in _read(lines.get(pid, []), places[pid], record):
            places[child] = place
            waiting.append(child)
    assert set(waiting) == set(lines)
    return completed, record


_FORKS = ("clone", "clone3", "fork", "vfork")


def _calls(lines: Sequence[str]) -> Iterator[re.Match[str]]:
    return (match for line in lines if (match := _LINE.match(line)) and not match[3].startswith("-"))


def _read(lines: Sequence[str], place: str, record: Record) -> Iterator[tuple[int, str]]:
    """One process, which began in the folder `place`; yields its children and where they begin."""
    for line in lines:
        if line.startswith("connect(") and (socket := _SOCKET.search(line)):
            record.called.add(socket[2])
    for match in _calls(lines):
        name, arguments = match[1], match[2]
        paths = [os.path.normpath(os.path.join(at or place, text)) for _, at, text in _TEXT.findall(arguments)]
        if name in _FORKS:
            yield int(match[3]), place
        elif name == "chdir":
            place = paths[0]
        elif name == "fchdir":
            place = arguments.partition("<")[2].rstrip(">")
        elif name == "execve":
            record.run.add(paths[0])
        elif name in _WRITES and (name != "bind" or "sun_path" in arguments):
            record.written.update(paths if name != "symlink" else paths[1:])
        elif name.startswith("open") and re.search("O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", arguments):
            record.written.add(paths[0])
