"""A lab ends what it started, however it ends. Each case runs a second lab, of one host, beside the one of the session."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tests.lab.shell import run, until
from tests.lab.slot import groups, sweep_dead

OTHER = """
import signal, sys
from tests.lab.lab import open_lab
from tests.lab.roots import BOOKWORM
signal.signal(signal.SIGINT, signal.default_int_handler)
with open_lab([BOOKWORM]) as lab:
    assert lab.bookworm.run("id -un").stdout == "root\\n"
    print("up", flush=True)
    if sys.argv[1] == "fails":
        raise RuntimeError("as a test may")
    signal.pause()
"""


def bridges() -> set[str]:
    """Bridges of all labs of this machine."""
    names = [line.split()[0] for line in run(["ip", "-brief", "link", "show", "type", "bridge"]).splitlines()]
    return {name for name in names if name.startswith("rol")}


@contextmanager
def other_lab(how: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A lab of another process, and its bridge's name; it has come as far as `how` says."""
    before = bridges()
    argv = [sys.executable, "-c", OTHER, how]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(argv, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    with process:
        try:
            until("another bridge", lambda: bool(bridges() - before), seconds=30, every=0.01)
            (bridge,) = bridges() - before
            assert process.stdout is not None
            assert how == "booting" or process.stdout.readline() == "up\n"
            yield process, bridge
        finally:
            process.kill()
            process.wait(timeout=60)
            sweep_dead()


def left_of(bridge: str) -> list[str]:
    """What is still there of a lab."""
    links = [line.split()[0] for line in run(["ip", "-brief", "link"]).splitlines()]
    leftovers = [link for link in links if link == bridge or link.startswith(f"{bridge}-")]
    leftovers += [name for name in run(["ip", "netns", "list"]).split() if name.startswith(f"{bridge}-")]
    leftovers += [str(group) for group in groups(f"{bridge}-*")]
    mounts = Path("/proc/mounts").read_text()
    return leftovers + [line for line in mounts.splitlines() if f"/labs/{bridge.removeprefix('rol')}-" in line]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("how", ["booting", "up"])
def test_an_interrupted_lab_leaves_nothing(lab: Lab, how: str, number: signal.Signals) -> None:
    with other_lab(how) as (process, bridge):
        assert bridge != lab.bookworm.container.bridge
        process.send_signal(number)
        process.wait(timeout=60)
        if number == signal.SIGKILL:
            assert left_of(bridge)
            sweep_dead()
        until("nothing left", lambda: not left_of(bridge), seconds=5)
    assert lab.bookworm.run("true").returncode == 0


def test_a_lab_that_fails_leaves_nothing(lab: Lab) -> None:
    with other_lab("fails") as (process, bridge):
        assert process.wait(timeout=60) == 1
        assert left_of(bridge) == []
    assert lab.trixie.run("true").returncode == 0
