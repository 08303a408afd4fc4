"""Records on the demo's host what a played host answers when it is observed."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from runnerops import inventory
from runnerops.demo.server import Server, make_key
from runnerops.demo.simulated.processes import adopt_orphans, end_descendants
from runnerops.demo.site import Site
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.hosts.observe import observe
from runnerops.engine.project import open_project
from runnerops.remote.links import Reader
from runnerops.report.screen import Screen
from runnerops.secrets import Resolver
from tests.lab.forked import FORKING, run_forked

TOKEN = "glrt-aaaaaaaaaaaaaaaaaaaa"
SECTIONS = """
    docker: {{live-restore: true, log-driver: json-file, log-opts: {{max-size: {size}}}}}
    gitlab_runner:
      concurrent: 2
      runners:
        - name: builder
          url: https://gitlab.example.com
          token: !env TOKEN
          executor: docker
          docker: {{image: "alpine:3"}}
"""
BEFORE, AFTER = "10m", "20m"
"""The sections of the inventory at first, and after a change that drains the runner and restarts Docker."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A host before and after the change: its answers to an observation, and (before) its disk."""

    before: bytes
    after: bytes
    disk: Path


def record(folder: Path) -> Recording:
    """Records both on the demo's host, with placeholders for the random word and the machine's id."""
    disk = folder / "disk"
    answers: list[bytes] = []
    for root, answer in observations(folder, [SECTIONS.format(size=size) for size in (BEFORE, AFTER)]):
        answers.append(answer)
        for name in ("etc", "var/lib/runnerops") if len(answers) == 1 else ():
            shutil.copytree(root / name, disk / name, symlinks=True)
    return Recording(answers[0], answers[1], disk)


def observations(folder: Path, wanted: Sequence[str]) -> Iterator[tuple[Path, bytes]]:
    """Deploys these sections to the demo's host, one after another. Yields the root of its disk and what it answers then."""
    site, key = Site(folder), folder / "id"
    adopt_orphans()
    try:
        site.build()
        with Server(site.environ, site.root, make_key(key)) as server:
            (site.project / "known_hosts").write_text(server.known_hosts)
            head = (
                f"hosts:\n  played:\n    address: 127.0.0.1\n    ssh: {{user: root, port: {server.port}, key: {key}}}"
            )
            for sections in wanted:
                (site.project / "inventory.yml").write_text(head + sections)
                environ = {**os.environ, "TOKEN": TOKEN}
                completed = run_forked(["deploy", "--yes"], site.project, environ, seconds=300, apart=False)
                assert completed.returncode == 0, completed.stdout
                yield site.root, _observed(site.project / "inventory.yml")
    finally:
        end_descendants(signal.SIGKILL, FORKING)


def _observed(path: Path) -> bytes:
    """The answers of the only host of an inventory."""
    loaded = inventory.load(path)
    screen = Screen(out=StringIO(), err=StringIO())
    project = open_project(loaded, loaded.hosts, Resolver({"TOKEN": TOKEN}, loaded.folder), screen.redactor)
    with ConnectionPool(loaded, {"HOME": str(path.parent)}, screen) as pool:
        recorder = _Recorder(pool.reader(loaded.hosts[0]))
        machine = observe(loaded.hosts[0], project.rendered["played"], recorder).facts.machine
    return recorder.said.replace(machine.encode(), b"@MACHINE@") if machine else recorder.said


class _Recorder:
    """A reader that keeps the output."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.said = b""

    def read(self, script: bytes) -> bytes:
        output = self.reader.read(script)
        self.said = output.replace(word_of(script), b"@WORD@")
        return output


def word_of(script: bytes) -> bytes:
    return script.partition(b"word=")[2].split()[0]
