"""Completes words at the Tab key: hosts and groups of the inventory, services and codes. No host is contacted."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import typer

ASKED = "_RUNNEROPS_COMPLETE" in os.environ
"""Whether a shell asks for completions, by the variable of the script that `_RUNNEROPS_COMPLETE=source_bash runnerops`
prints. Only then is typer's completion enabled, because it makes every command start more slowly, and `--help` longer.
"""
if ASKED:
    # typer wraps help at the width of the terminal, and fish takes each line of its answer for one more word to offer
    os.environ["COLUMNS"] = "1000"


def targets(ctx: typer.Context, incomplete: str) -> list[str]:
    """Hosts and groups, also after a `!`, which leaves them out. States of the last run only after a `@`."""
    from runnerops.inventory.targets import STATES

    sign = "!" if incomplete.startswith("!") else ""
    if incomplete.startswith(f"{sign}@"):
        return [f"{sign}{state}" for state in sorted(STATES) if f"{sign}{state}".startswith(incomplete)]
    hosts, groups = _names(ctx)
    return [f"{sign}{name}" for name in (*hosts, *groups) if f"{sign}{name}".startswith(incomplete)]


def hosts(ctx: typer.Context, incomplete: str) -> list[str]:
    """Only hosts."""
    return [name for name in _names(ctx)[0] if name.startswith(incomplete)]


def services(incomplete: str) -> list[str]:
    """The services, by the names of their sections."""
    from runnerops.model.common import ServiceName

    return [name.value for name in ServiceName if name.value.startswith(incomplete)]


def groups(ctx: typer.Context, incomplete: str) -> list[str]:
    """Only groups."""
    return [name for name in _names(ctx)[1] if name.startswith(incomplete)]


def one_of(*words: str) -> Callable[[str], list[str]]:
    """The words that an option takes."""

    def fitting(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return fitting


def codes(incomplete: str) -> list[str]:
    """The codes of blockers and rules."""
    from runnerops.codes.blockers import BLOCKERS
    from runnerops.codes.rules import RULES

    return [code for code in (*BLOCKERS, *RULES) if code.startswith(incomplete)]


def overridable(incomplete: str) -> list[str]:
    """The codes that `--allow` takes."""
    from runnerops.codes.blockers import BLOCKERS

    return [code for code, row in BLOCKERS.items() if row.flag.startswith("--allow") and code.startswith(incomplete)]


def _names(ctx: typer.Context) -> tuple[list[str], list[str]]:
    """Names of the inventory; none if it cannot be read, because an error would disturb the user's command line."""
    from runnerops import inventory

    usual: Any = next((param.default for param in ctx.command.params if param.name == "inventory"), None)
    try:
        loaded = inventory.load(list(ctx.params.get("inventory") or usual or ()))
    except Exception:  # even a bug of ours must not print anything between the words that are typed
        return [], []
    return [host.name for host in loaded.hosts], [*loaded.groups]
