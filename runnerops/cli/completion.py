"""What a shell offers for TARGET and HOST at the Tab key: names of the inventory. No host is contacted."""

from __future__ import annotations

import os
from typing import Any

import typer

from runnerops.errors import RunneropsError

ASKED = "_RUNNEROPS_COMPLETE" in os.environ
"""Whether a shell asks, by the variable of the script that `_RUNNEROPS_COMPLETE=source_bash runnerops` prints. Only then is
typer's completion on: it makes the start of each command slower, and `--help` longer.
"""


def targets(ctx: typer.Context, incomplete: str) -> list[str]:
    """Hosts and groups, left out with `!` too."""
    sign = "!" if incomplete.startswith("!") else ""
    hosts, groups = _names(ctx)
    return [f"{sign}{name}" for name in (*hosts, *groups) if f"{sign}{name}".startswith(incomplete)]


def hosts(ctx: typer.Context, incomplete: str) -> list[str]:
    """Hosts alone."""
    return [name for name in _names(ctx)[0] if name.startswith(incomplete)]


def _names(ctx: typer.Context) -> tuple[list[str], list[str]]:
    """None where the inventory cannot be read: it is no time to say why."""
    from runnerops import inventory

    usual: Any = next((param.default for param in ctx.command.params if param.name == "inventory"), None)
    try:
        loaded = inventory.load(list(ctx.params.get("inventory") or usual or ()))
    except RunneropsError:
        return [], []
    return [host.name for host in loaded.hosts], [*loaded.groups]
