"""Timings as ratios against `ssh host true`, pair by pair in one run: what the machine's own speed is cancels out.

Needs a machine that can carry the lab (root on Debian). Prints medians of ratios; fails on nothing, since a time is no
test. `make bench`, or `python bench/ratios.py --runs 15 --delay-ms 25`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.lab.host import LabHost
from tests.lab.lab import Lab, open_lab
from tests.lab.project import Project, whole_host
from tests.lab.proxy import Proxy


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def ratio(work: Callable[[], object], peer: Callable[[], object], runs: int) -> tuple[float, float, str]:
    """Medians of work, peer and work/peer, which has its spread, taken in turn after one warm-up of each."""
    work(), peer()
    pairs = [(seconds(work), seconds(peer)) for _ in range(runs)]
    ratios = sorted(a / b for a, b in pairs)
    said = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs), said


def ssh_true(host: LabHost, address: str, port: int, known_hosts: Path) -> Sequence[str]:
    """The peer: OpenSSH, one connection, one command that does nothing."""
    options = (
        "-F",
        "none",
        "-i",
        str(host.key),
        "-o",
        f"UserKnownHostsFile={known_hosts}",
        "-o",
        "BatchMode=yes",
        "-p",
        str(port),
    )
    return ("ssh", *options, f"root@{address}", "true")


def no_op_deploy(lab: Lab, host: LabHost, delay: float, runs: int) -> None:
    """A deploy that finds nothing to do, through a line with `delay` seconds each way; without any, by the straight way."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        address, port = host.address, host.port
        if delay:
            address, port = "127.0.0.1", stack.enter_context(Proxy(host.address, host.port, delay)).port
        project = Project(folder, lab)
        project.known_hosts.write_text(host.host_key(address, port) + "\n")
        entry = {**whole_host(host, lab.hub), "address": address, "ssh": {"user": "root", "port": port}}
        project.write({"hosts": {host.name: entry}})
        host.reset()
        project.deploy()
        peer = ssh_true(host, address, port, project.known_hosts)
        typed = partial(  # a process from its start, which `Project.deploy` is not
            subprocess.run,
            project.command("deploy", "--yes"),
            cwd=folder,
            env=project.environ,
            check=True,
            capture_output=True,
        )
        ours, theirs, both = ratio(typed, lambda: subprocess.run(peer, check=True, capture_output=True), runs)
    link = f"{delay * 2000:.0f} ms"
    print(f"no-op deploy, {host.name}, {link}: {ours:.2f} s; ssh true: {theirs:.2f} s; ratio {both}", flush=True)


def start_up(runs: int) -> None:
    """What every command pays before it begins."""
    ours = (sys.executable, "-m", "runnerops", "--help")
    bare = (sys.executable, "-c", "pass")
    a, b, both = ratio(
        lambda: subprocess.run(ours, check=True, capture_output=True),
        lambda: subprocess.run(bare, check=True, capture_output=True),
        runs,
    )
    print(f"runnerops --help: {a:.3f} s; python -c pass: {b:.3f} s; ratio {both}", flush=True)


def chosen(lab: Lab, name: str | None) -> Sequence[LabHost]:
    """This host alone, and the others switched off; all hosts where none is named."""
    for host in lab.hosts:
        if name and host.name != name:
            host.hang_up()
            host.container.kill()
    return [host for host in lab.hosts if name in (None, host.name)]


def main() -> None:
    """Every figure, on every host of the lab or on one."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--runs", type=int, default=11)
    words.add_argument("--delay-ms", type=float, default=25.0, help="each way, for the slow line")
    words.add_argument("--host", help="one of the lab's; the others are switched off")
    given = words.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled, and here the warm-up does it
    start_up(given.runs)
    with open_lab() as lab:
        for host in chosen(lab, given.host):
            for delay in (0.0, given.delay_ms / 1000):
                no_op_deploy(lab, host, delay, given.runs)


if __name__ == "__main__":
    main()
