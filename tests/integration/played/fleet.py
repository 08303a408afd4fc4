"""A project whose hosts are played, and the commands that a user types in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runnerops.demo.server import make_key
from tests.integration.played.host import Played
from tests.integration.played.processes import PLAYED_BY, end_played
from tests.integration.played.recording import BEFORE, SECTIONS, TOKEN, Recording
from tests.integration.played.server import served
from tests.lab.forked import run_forked
from tests.tree import TREE


@dataclass(slots=True)
class Fleet:
    """A project with played hosts, which share one server at `port`."""

    folder: Path
    hosts: dict[str, Played]
    port: int

    def __getitem__(self, name: str) -> Played:
        return self.hosts[name]

    def ask(self, size: str, more: str = "", ssh: Mapping[str, int] | None = None) -> None:
        """Writes the inventory. `more` is inserted above the hosts. `ssh` has the ports of hosts that have another
        server.
        """
        lines = [f"{more}\nhosts:\n"]
        for played in self.hosts.values():
            port = (ssh or {}).get(played.name, self.port)
            way = f"{{user: root, port: {port}, key: {self.folder / 'user'}}}"
            lines.append(f"  {played.name}:\n    address: {played.address}\n    ssh: {way}{SECTIONS.format(size=size)}")
        (self.folder / "inventory.yml").write_text("".join(lines))

    @property
    def environ(self) -> dict[str, str]:
        user = os.environ.get("PLAYED_USER", "anna")
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TOKEN": TOKEN,
            "LOGNAME": user,
            **TREE,
            **PLAYED_BY,
        }

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "runnerops", *words]

    def run(self, *words: str, code: int = 0, **environ: str) -> str:
        """Runs a command, and returns its output and errors in one text."""
        completed = run_forked(words, self.folder, self.environ | environ, seconds=300, apart=False)
        assert completed.returncode == code, completed.stdout
        return completed.stdout


@contextmanager
def fleet(folder: Path, recording: Recording, names: Sequence[str], *, idle: Collection[str] = ()) -> Iterator[Fleet]:
    """Makes this number of hosts, with an inventory to which they conform. `idle`: those on which nothing ever runs."""
    folder.mkdir(exist_ok=True)
    hosts: dict[str, Played] = {}
    still = frozenset(idle)
    for at, name in enumerate(names):
        disk = folder / "hosts" / ("idle" if name in still else name)
        hosts[name] = Played(name, f"127.1.{at // 250}.{at % 250 + 1}", disk, recording, name in still)
        if not disk.exists():
            hosts[name].make()
    key = make_key(folder / "host_key")
    make_key(folder / "user")
    by_address = {played.address: played for played in hosts.values()}
    with served(key, by_address.__getitem__) as port:
        found = Fleet(folder, hosts, port)
        lines = [f"[{host.address}]:{port} {key.get_name()} {key.get_base64()}\n" for host in hosts.values()]
        (folder / "known_hosts").write_text("".join(lines))
        found.ask(BEFORE)
        try:
            yield found
        finally:
            end_played()
