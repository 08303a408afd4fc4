"""Runs the real `host.sh` for tests in a scratch directory, without systemd."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runnerops.model.host_state import sha256
from runnerops.model.run import Event
from runnerops.model.steps import Step
from runnerops.remote import protocol
from runnerops.services.scripts import named_by

HOST_SH = Path(protocol.__file__).with_name("host.sh")
APPLETS = (
    *("cat", "chmod", "chown", "cp", "cut", "date", "grep", "head", "mkdir", "mv", "rm", "setsid", "sha256sum"),
    *("sed", "sleep", "stat", "sync", "tail", "touch", "tr"),
)
"""Tools that the host's half uses, where they come from busybox too. Its `timeout` is tried where time is: it leaves a
watcher behind that holds the lock for a second more, until the unit's end kills it."""


@dataclass(frozen=True, slots=True)
class Walker:
    """A host's disk in a folder, and one run on it. Paths are the host's: `/etc/x` lies at ROOT/etc/x."""

    root: Path
    shell: tuple[str, ...]
    run: int = 1
    more_applets: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return self.root / f"var/lib/runnerops/runs/{self.run}"

    def at(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def put(self, path: str, text: str, mode: int = 0o644) -> None:
        self.at(path).parent.mkdir(parents=True, exist_ok=True)
        self.at(path).write_text(text)
        self.at(path).chmod(mode)

    def read(self, path: str) -> str | None:
        return self.at(path).read_text() if self.at(path).exists() else None

    def prepare(
        self, forward: Sequence[Step], rollback: Sequence[Step] = (), files: dict[str, bytes] | None = None
    ) -> None:
        self.folder.mkdir(parents=True)
        self.at("/tmp").mkdir(exist_ok=True)
        if (
            Path(self.shell[0]).name == "busybox"
            and (busybox := shutil.which("busybox"))
            and not self.at("/bin/cat").exists()
        ):
            self.at("/bin").mkdir(exist_ok=True)
            for name in (*APPLETS, *self.more_applets):
                self.at(f"/bin/{name}").symlink_to(busybox)
        given = {
            "forward": protocol.encode(forward),
            "rollback": protocol.encode(rollback),
            "meta": b"{}\n",
            "secrets": b"",
            **named_by((*forward, *rollback)),
            **(files or {}),
        }
        for name, content in given.items():
            (self.folder / name).write_bytes(content)

    def call(self, *words: str, timeout: float = 120) -> subprocess.CompletedProcess[bytes]:
        with self.begin(*words) as process:
            try:
                out, err = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        """The same, going on; its output in pipes."""
        return subprocess.Popen(
            [*self.shell, str(HOST_SH), *words],
            env={"PATH": f"{self.root}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "RUNNEROPS_ROOT": str(self.root)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def walk(self) -> str:
        """Walks, and tells the word it ended with ("" where it was cut off)."""
        completed = self.call("walk", str(self.folder))
        assert not completed.stderr, completed.stderr.decode()
        return self.end()

    def back(self) -> str:
        completed = self.call("back", str(self.folder))
        assert not completed.stderr, completed.stderr.decode()
        return self.end()

    def events(self) -> list[Event]:
        log = self.folder / "log"
        decoder = protocol.Decoder("host")
        lines = log.read_text().splitlines() if log.exists() else []
        return [event for line in lines if (event := decoder.event(line))]

    def end(self) -> str:
        events = self.events()
        return events[-1].text if events and events[-1].kind == "end" else ""

    def debris(self) -> list[str]:
        """Staged files that are left."""
        return sorted(str(path) for path in self.root.rglob(".*.runnerops.*"))


def stage(name: str, path: str, content: bytes, mode: str = "0644") -> Step:
    return Step("stage", (name, path, mode, _me(), sha256(content)))


def swap(path: str, old: bytes | None, new: bytes | None) -> Step:
    return Step("swap", (path, sha256(old), sha256(new)))


def sh(script: str, *words: str, seconds: int = 5) -> Step:
    return Step("run", (str(seconds), "sh", "-c", script, "sh", *words))


def _me() -> str:
    import os

    return f"{os.getuid()}:{os.getgid()}"
