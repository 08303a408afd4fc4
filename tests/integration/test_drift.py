"""Which of the runs on a host tells what was applied last, under each shell."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from runnerops.engine.hosts.observe import observe
from runnerops.model.inventory import Host
from tests.shells import SHELLS

# ------------------------------------------------------------------------------------- what was applied, on the host


class Disk:
    """Reads a folder as a host's root."""

    def __init__(self, root: Path, shell: tuple[str, ...]) -> None:
        self.root = root
        self.shell = shell

    def read(self, script: bytes) -> bytes:
        environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "RUNNEROPS_ROOT": str(self.root)}
        return subprocess.run([*self.shell, "-s"], input=script, env=environ, capture_output=True, check=True).stdout

    def run(self, number: int, result: str, meta: str, files: Mapping[str, bytes]) -> None:
        folder = self.root / f"var/lib/runnerops/runs/{number}"
        folder.mkdir(parents=True)
        (folder / "meta").write_text(meta)
        (folder / "log").write_text(f"1.0\t\t-1\tend\t{result}\n" if result else "")
        if result:
            (folder / "verdict").write_text(f"{result}\n")
        for name, content in files.items():
            (folder / name).write_bytes(content)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_newest_run_that_ended_well_tells_what_was_applied(shell: tuple[str, ...], tmp_path: Path) -> None:
    script = b'concurrent = 1\n\n[[runners]]\npre_build_script = """\nA:b\n\n\xc3\xa4\n"""\n'
    disk = Disk(tmp_path, shell)
    disk.run(9, "applied", '{"files": {"/a": "1"}, "contents": {"/a": "new.1"}}', {"new.1": b"nine"})
    disk.run(
        10,
        "applied",
        '{"files": {"/a": "2", "/b": "3"}, "contents": {"/a": "same.2", "/b": "new.1"}}',
        {"same.2": b"ten\n", "new.1": script, "old.1": b"no"},
    )
    disk.run(11, "rolled-back", '{"files": {"/a": "4"}, "contents": {"/a": "new.1"}}', {"new.1": b"eleven"})
    disk.run(12, "", "", {"new.1": b"twelve"})
    observed = observe(Host("h", "h"), (), disk)
    assert (observed.since, observed.base) == (10, {"/a": b"ten\n", "/b": script})
    assert observed.applied == {"/a": "2", "/b": "3"}
    assert observed.last
    assert observed.last.number == 12
