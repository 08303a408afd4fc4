"""Where secrets' values come from: the environment and `.env`, files, commands. Reads them only when a template asks.

The environment, the base directory and the way to run a command are arguments: nothing here is ambient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from runnerops.model import Secret

PLACEHOLDER = "SECRET-NOT-AVAILABLE"
"""What a missing secret renders as, so that everything else can still be told; `check()` then stops the run."""


@dataclass(frozen=True, slots=True)
class Output:
    """What a command left: its exit status and both streams."""

    status: int
    stdout: bytes
    stderr: bytes


RunCommand: TypeAlias = Callable[[tuple[str, ...], Path, Mapping[str, str]], Output]
"""Runs (argv, directory, environment) without a shell. Raises OSError when it cannot start, TimeoutError when too slow."""


class Resolver:
    """Gives secrets their values, each distinct one once. `directory` is the inventory's."""

    def __init__(self, environ: Mapping[str, str], directory: Path, run: RunCommand) -> None:
        raise NotImplementedError

    def resolve(self, secret: Secret) -> str:
        """The value, or PLACEHOLDER where it cannot be had: then `check()` tells of it."""
        raise NotImplementedError

    def check(self) -> None:
        """Raise SecretError naming every secret that could not be had, with its place and the fix, never a value."""
        raise NotImplementedError

    def values(self) -> frozenset[str]:
        """All values resolved so far, for the Redactor."""
        raise NotImplementedError
