"""What a deploy of many hosts that finds nothing to do costs its client, as ratios against the floor: a connection and one
exec on each host, over the same transport, in the same run.

The hosts are played: one sshd on loopback, behind a line with a settable delay and an address for each host, answers every
observation with one that was recorded once, on the demo's simulated host. So the client is what is measured. Needs Linux,
sshd and nothing else. `python bench/fleet.py --hosts 1 50 500 --delay-ms 10`. Fails on nothing, since a time is no test.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.integration.played import TOKEN, observations
from tests.integration.sshd import USER, Keys, Sshd
from tests.lab.proxy import Proxy

SECTIONS = """
    docker: {live-restore: true, log-driver: json-file, log-opts: {max-size: 10m}}
    registry: {caches: [{upstream: "https://registry-1.docker.io"}]}
    gitlab_runner:
      concurrent: 2
      runners:
        - {name: builder, url: "https://gitlab.example.com", token: !env TOKEN, executor: docker, docker: {image: "alpine:3"}}
"""
PLAYER = """#!/bin/sh
script=$(cat)
word=${script#*word=}
word=${word%%[!0-9a-f]*}
[ -z "$word" ] || sed "s/@WORD@/$word/g; s/@MACHINE@/$(od -An -N16 -tx1 /dev/urandom | tr -d ' ')/" RECORDING
"""
"""Each host is another machine; an exec without a script is the floor's, and says nothing."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one process: wall clock and processor time in seconds, its largest resident memory in MB."""

    wall: float
    cpu: float
    memory: float


def record(folder: Path) -> bytes:
    """An observation of the demo's host, in sync, with places for the random word and the machine's id."""
    ((_, answer),) = observations(folder, [SECTIONS])
    return answer


@contextmanager
def played(folder: Path, recording: bytes, hosts: int, delay: float) -> Iterator[Path]:
    """The inventory of so many hosts."""
    (folder / "recording").write_bytes(recording)
    player = folder / "player"
    player.write_text(PLAYER.replace("RECORDING", str(folder / "recording")))
    player.chmod(0o755)
    (folder / "keys").mkdir(exist_ok=True)
    keys = Keys(folder / "keys").make() if not (folder / "keys/user").exists() else Keys(folder / "keys")
    server = Sshd(folder / "sshd", keys, options=("MaxStartups 1000", f"ForceCommand {player}", "LogLevel INFO"))
    with ExitStack() as stack:
        server.start()
        stack.callback(server.stop)
        port = stack.enter_context(Proxy("127.0.0.1", server.port, delay, listen="0.0.0.0")).port
        places = addresses(hosts)
        (folder / "known_hosts").write_text("".join(server.line(name=f"[{one}]:{port}") for one in places))
        lines = [f"  played-{number}:\n    address: {one}{{ssh}}" for number, one in enumerate(places)]
        ssh = f"\n    ssh: {{user: {USER}, port: {port}, key: {keys.folder / 'user'}, sudo: false}}"
        text = "".join(line.format(ssh=ssh) + SECTIONS for line in lines)
        (folder / "inventory.yml").write_text(f"hosts:\n{text}")
        yield folder / "inventory.yml"


def addresses(hosts: int) -> list[str]:
    """So many of loopback."""
    return [f"127.1.{number // 200}.{number % 200 + 1}" for number in range(hosts)]


LAUNCHER = """
import json, os, subprocess, sys, time
began = time.perf_counter()
with open("said", "wb") as said:
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    _, status, used = os.wait4(child.pid, 0)
wall = time.perf_counter() - began
print(json.dumps([status, wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""
"""A process begins with the memory of the one that starts it, so that one is small."""


def cost(argv: Sequence[str], folder: Path, **more: str) -> Cost:
    """Of one process that ends well, with `more` in its environment."""
    environ = {**os.environ, "TOKEN": TOKEN, "HOME": str(folder), "TMPDIR": str(folder), **more}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled, and here the warm-up does it
    launch = (sys.executable, "-I", "-S", "-c", LAUNCHER, *argv)
    status, *measured = json.loads(
        subprocess.run(launch, cwd=folder, env=environ, check=True, capture_output=True).stdout
    )
    if status:
        sys.exit((folder / "said").read_text())
    return Cost(*measured)


def compare(path: Path, hosts: int, delay: float, runs: int) -> None:
    """Print the medians, after one warm-up of each."""
    ours = (sys.executable, "-m", "runnerops", "deploy", "--yes")
    theirs = (sys.executable, str(Path(__file__).with_name("floor.py")), str(path))
    cost(ours, path.parent), cost(theirs, path.parent)
    pairs = [(cost(ours, path.parent), cost(theirs, path.parent)) for _ in range(runs)]
    ratio = statistics.median(one.wall / other.wall for one, other in pairs)
    wall, cpu, memory, base, least = (
        statistics.median(values)
        for values in zip(
            *((one.wall, one.cpu, one.memory, other.wall, other.cpu) for one, other in pairs), strict=True
        )
    )
    print(
        f"{hosts:4} hosts, {delay * 2000:.0f} ms: {wall:6.2f} s; floor {base:6.2f} s; ratio {ratio:4.2f}; "
        f"{cpu / hosts * 1000:5.1f} ms of processor a host (floor {least / hosts * 1000:.1f}); {memory:.0f} MB",
        flush=True,
    )


def main() -> None:
    """Every figure."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--runs", type=int, default=5)
    words.add_argument("--hosts", type=int, nargs="+", default=[1, 50, 200])
    words.add_argument("--delay-ms", type=float, default=10.0, help="each way")
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recording = record(folder / "demo")
        for hosts in given.hosts:
            with played(folder, recording, hosts, given.delay_ms / 1000) as path:
                compare(path, hosts, given.delay_ms / 1000, given.runs)


if __name__ == "__main__":
    main()
