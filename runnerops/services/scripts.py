"""Scripts that steps run on hosts: files `scripts/*.sh` beside the code that writes the steps. Reads files of this
package.

A run puts the scripts of its steps into its folder, which is the working directory of each step. So a plan shows a
script as `sh NAME.sh ARG…`. The head of each file describes its arguments.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from runnerops.model.steps import Step


def script(name: str, *args: str) -> tuple[str, ...]:
    """The argv of a script; `name` is its file's."""
    return "sh", name, *args


def named_by(steps: Iterable[Step]) -> dict[str, bytes]:
    """The scripts that these steps name, by name, with their content; also one that is handed to another."""
    words = {word for step in steps if step.verb in {"run", "await"} for word in step.args if word.endswith(".sh")}
    return {name: content(name) for name in sorted(words & _paths().keys())}


def content(name: str) -> bytes:
    """What is in that script's file."""
    return _paths()[name].read_bytes()


@cache
def _paths() -> dict[str, Path]:
    return {path.name: path for path in Path(__file__).parent.glob("*/scripts/*.sh")}
