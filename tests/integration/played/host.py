"""One played host: its disk in a folder, how its steps end, and its answers to observations."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files as package_files
from pathlib import Path

from runnerops.demo import site as demo_site
from tests.integration.played.processes import PLAYED_BY
from tests.integration.played.recording import AFTER, Recording, word_of

PROGRAMS = ("setsid", "systemd-run", "systemctl")
"""The programs that a run calls on a host: scripts beside this file, and `chown` and `stat` of the demo."""
FRAME = package_files("runnerops.remote").joinpath("observe.sh").read_text()
OWN = f"word=@WORD@\n{FRAME}\nask clock date +%s\nask machine echo @MACHINE@\nobserve_runs\n"
RUNS = ("numbers", "kept", "alive", "walked", "clock", "machine")
"""Answers that are not recorded, because they depend on the played host."""


@dataclass(frozen=True, slots=True)
class Played:
    """A host. `play` sets how steps end, by a part of their command. All others end as the plan expects."""

    name: str
    address: str
    root: Path
    recording: Recording
    idle: bool = False
    """Whether nothing ever runs on it. Then its disk is observed once, and may be shared with other such hosts."""

    def make(self) -> None:
        shutil.copytree(self.recording.disk, self.root, symlinks=True)
        for name in ("bin", "run/systemd/transient", "tmp"):
            (self.root / name).mkdir(parents=True)
        folder, demo = Path(__file__).parent, Path(demo_site.__file__).with_name("wrappers")
        for program in (*(folder / f"{name}.sh" for name in PROGRAMS), demo / "chown.sh", demo / "stat.sh"):
            (self.root / "bin" / program.stem).write_text(program.read_text())
            (self.root / "bin" / program.stem).chmod(0o755)

    @property
    def environ(self) -> Mapping[str, str]:
        path = f"{self.root / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin"
        return {"PATH": path, "RUNNEROPS_ROOT": str(self.root), "HOME": str(self.root), **PLAYED_BY}

    def play(self, *lines: str) -> None:
        """`fail PART`, `wait PART` (until something else is played), `jobs PART`; `look` and `run`: see `_Guest`.

        `refuse config`: what the runner made of its file, as `verify` reads it.
        """
        (self.root / "next").write_text("".join(f"{line}\n" for line in lines))
        (self.root / "next").rename(self.root / "play")

    def plays(self, what: str) -> bool:
        with suppress(OSError):
            return what in (self.root / "play").read_text().splitlines()
        return False

    def waits(self) -> bool:
        """Whether a step of its run, or a look, waits for something else to be played."""
        return (self.root / "waits").exists()

    def reset(self) -> None:
        """Restores the state at first. No run may be in progress."""
        for name in ("etc", "var", "run", "play", "waits", "sudo"):
            path = self.root / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        (self.root / "run/systemd/transient").mkdir(parents=True)
        shutil.copytree(self.recording.disk, self.root, symlinks=True, dirs_exist_ok=True)

    @property
    def ends(self) -> list[str]:
        """How its runs ended, the oldest first; empty for a run in progress."""
        logs = sorted((self.root / "var/lib/runnerops/runs").glob("*/log"), key=lambda runner: int(runner.parent.name))
        return ["".join(re.findall(r"\tend\t(.*)\n$", path.read_text())) for path in logs]

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def look(self, script: bytes) -> bytes:
        """The recorded answers, with the present time and the host's own runs."""
        word = word_of(script)
        changed = AFTER in self.read("etc/docker/daemon.json")
        text = self.recording.after if changed else self.recording.before
        for name in RUNS:
            text = re.sub(rb"@WORD@ fact %s\n.*?\n@WORD@ end \d+\n" % name.encode(), b"", text, flags=re.DOTALL)
        own = OWN
        if b"runner_loaded" in script and self.plays("refuse config"):
            own += "ask runner_loaded echo 0 0 refused\n"
        asked = _idle_look(self, own) if self.idle else _look(self, own)
        machine = self.name.encode().hex().rjust(32, "0")[-32:]
        return (text + asked).replace(b"@WORD@", word).replace(b"@MACHINE@", machine.encode())


def _look(host: Played, script: str) -> bytes:
    """The output of an observation, with placeholders for the random word and the machine's id."""
    completed = subprocess.run(
        ["sh", "-s"], input=script.encode(), env=dict(host.environ), capture_output=True, check=False
    )
    if completed.returncode < 0:
        raise EOFError("the test that asked has ended, and this look with it")
    completed.check_returncode()
    return completed.stdout


_looks: dict[tuple[Path, str], bytes] = {}


def _idle_look(host: Played, script: str) -> bytes:
    """The same, made once for all hosts with this disk."""
    key = host.root, script
    if key not in _looks:
        _looks[key] = _look(host, script)
    return _looks[key]
