"""What a look at a host costs the host: processor time of its control group, so of all that the look starts and of the
daemons that answer, less what the host uses while nobody looks.

Needs a machine that can carry the lab (root on Debian). `python bench/host.py --host trixie --runs 15`. Prints medians and
spreads of looks taken in turn with a plain `ssh host true` and `ssh host docker info`, then each question alone, with what is
to be known first for it. Fails on nothing, since a time is no test. Aim: a deploy that finds nothing to do under 0.1 s.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.ratios import chosen, ssh_true
from runnerops import inventory
from runnerops.engine.hosts.observe import observe
from runnerops.engine.project import open_project
from runnerops.remote import observation
from runnerops.report.screen import Screen
from runnerops.secrets import Resolver
from runnerops.services import SERVICES
from tests.lab.host import LabHost
from tests.lab.lab import open_lab
from tests.lab.project import Project, whole_host
from tests.lab.slot import groups

REPEATS = 10
"""So often a question is asked in one connection, whose own cost is then small."""


def used(group: str) -> float:
    """Processor seconds of the host since it booted, under control groups of either version."""
    for folder in groups(group):
        if (folder / "cpuacct.usage").exists():
            return int((folder / "cpuacct.usage").read_text()) / 1e9
        if (folder / "cpu.stat").exists() and "usage_usec" in (text := (folder / "cpu.stat").read_text()):
            return int(text.partition("usage_usec")[2].split()[0]) / 1e6
    sys.exit(f"{group}: no control group counts processor time")


def cost(group: str, work: Callable[[], object], idle: float) -> float:
    """Processor seconds of the host for this, less `idle` seconds a second."""
    before, began = used(group), time.perf_counter()
    work()
    time.sleep(0.3)  # what ends after the answer: the session, its scope, its log lines
    return used(group) - before - idle * (time.perf_counter() - began)


class Asked:
    """A host that is only asked, and says nothing."""

    def __init__(self) -> None:
        self.script = b""

    def read(self, script: bytes) -> bytes:
        """Keeps it."""
        self.script = script
        return b""


def scripts(project: Project) -> Mapping[str, bytes]:
    """What an observation of the project's one host asks: whole, and each question alone, with what is known first for all."""
    loaded = inventory.load(project.folder / "inventory.yml")
    host = loaded.hosts[0]
    rendered = open_project(loaded, loaded.hosts, Resolver({}, loaded.folder), Screen().redactor).rendered[host.name]
    asked = Asked()
    observe(host, rendered, asked)
    calls = [
        call
        for service in SERVICES
        for call in service.questions(host, [file for file in rendered if file.spec.service is service.NAME])
    ]
    functions = [service.OBSERVE for service in SERVICES]
    units = [unit for service in SERVICES for unit in service.UNITS]
    known = [call for call in calls if call[0].startswith(observation.PREPARATIONS)]
    alone = {
        f"  {' '.join(call)[:40]}": observation.build_script("0" * 32, [*known, call], functions, units)
        for call in (*calls, *observation.FACTS)
        if call not in known
    }
    return {
        "a look": asked.script,
        "  what is known first": observation.build_script("0" * 32, known, functions, units),
        **alone,
    }


def show(name: str, found: Sequence[float]) -> None:
    """Milliseconds."""
    values = sorted(one * 1000 for one in found)
    print(f"{name:44} {statistics.median(values):6.1f} ms ({values[0]:.1f} to {values[-1]:.1f})", flush=True)


def compare(project: Project, group: str, ssh: Sequence[str], runs: int) -> None:
    """Everything in turn, so that all meet the machine's noise alike."""
    idle = cost(group, lambda: time.sleep(10), 0) / 10.3
    show("a second in which nobody looks", [idle])

    def typed(command: str, times: int = 1, asked: bytes = b"") -> Callable[[], object]:
        loop = (
            f"f=$(mktemp); cat >$f; n=0; while [ $n -lt {times} ]; do {command} >/dev/null; n=$((n + 1)); done; rm $f"
        )
        return lambda: subprocess.run(
            (*ssh[:-1], loop if asked else command), input=asked, check=True, capture_output=True
        )

    whole: dict[str, Callable[[], object]] = {
        "ssh host true": typed("true"),
        "ssh host docker info": typed("docker info >/dev/null"),
        "a deploy that finds nothing to do": project.deploy,
    }
    parts = {name: typed('sh -s <"$f"', REPEATS, text) for name, text in scripts(project).items()}
    for work in whole.values():
        work()
    found: dict[str, list[float]] = {name: [] for name in (*whole, *parts)}
    for _ in range(runs):
        for name, work in whole.items():
            found[name].append(cost(group, work, idle))
        for name, work in parts.items():
            found[name].append((cost(group, work, idle) - statistics.median(found["ssh host true"])) / REPEATS)
    for name, values in found.items():
        show(name, values)


def measure(host: LabHost, project: Project, runs: int) -> None:
    """One host of the lab, with all three services."""
    host.reset()
    project.deploy()
    print(f"{host.name}, processor time of the host:", flush=True)
    compare(project, host.container.group, ssh_true(host, host.address, host.port, project.known_hosts), runs)


def main() -> None:
    """One host; the others are switched off."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--runs", type=int, default=9)
    words.add_argument("--host", default="trixie")
    given = words.parse_args()
    with open_lab() as lab, tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder), lab)
        (host,) = chosen(lab, given.host)
        project.write({"hosts": {host.name: whole_host(host, lab.hub)}})
        measure(host, project, given.runs)


if __name__ == "__main__":
    main()
