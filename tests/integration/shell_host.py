"""A host for one script: a folder with programs that stand in for the host's, under one of its shells."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path


class ShellHost:
    """Scripts run in `folder`, where `programs` (by name, the shell code) keep what they know and write their calls."""

    def __init__(self, shell: tuple[str, ...], folder: Path, programs: Mapping[str, str]) -> None:
        self.folder = folder
        self.shell = shell
        for name, body in programs.items():
            path = folder / "bin" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(f'#!/bin/sh\necho "{name} $*" >>calls\n{body}\n')
            path.chmod(0o755)

    def put(self, name: str, text: str = "") -> None:
        (self.folder / name).write_text(f"{text}\n" if text else "")

    def has(self, name: str) -> bool:
        return (self.folder / name).exists()

    def take(self, name: str) -> None:
        (self.folder / name).unlink()

    def execute(self, *words: str) -> str:
        """What the shell prints for these words."""
        completed = subprocess.run(
            [*self.shell, *words],
            cwd=self.folder,
            env={"PATH": f"{self.folder / 'bin'}:/usr/bin:/bin", "RUNNEROPS_ROOT": str(self.folder)},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        assert not completed.stderr
        return completed.stdout.strip()

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()
