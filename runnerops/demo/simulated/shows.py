"""Prints values as docker does: in a format, or as JSON."""

from __future__ import annotations

import sys

from runnerops.demo.simulated.templates import render

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runnerops.demo.simulated.world import Tree


def say(form: Any, value: object, kind: str) -> None:
    """Prints one line."""
    sys.stdout.write(f"{render(str(form), value, kind)}\n")


def show_all(values: list[Tree], options: Tree, kind: str) -> None:
    """Prints each value in the format, or all as JSON."""
    if "format" not in options:
        import json  # noqa: PLC0415

        sys.stdout.write(f"{json.dumps(values, indent=4)}\n")
    for value in values if "format" in options else ():
        say(options["format"], value, kind)
