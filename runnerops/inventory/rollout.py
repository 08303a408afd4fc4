"""`rollout` of the inventory: checks its values, and the host that it names. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection

from runnerops.inventory.keys.checks import Refused
from runnerops.inventory.layers.document import child
from runnerops.inventory.parse.nodes import Node
from runnerops.inventory.problems import Problems
from runnerops.inventory.values.expressions import holds_expression
from runnerops.model.rollout import USUAL, Rollout
from runnerops.parsing.near import did_you_mean

_KEYS = ("canary", "batch", "max_failures", "pause", "health")
_UNITS = {"s": 1, "m": 60, "h": 3600}


def batch(value: object) -> str | None:
    """A number of hosts, or a percentage of them, as text."""
    text = "" if isinstance(value, bool) else str(value)
    if value is not None and not re.fullmatch(r"[1-9][0-9]{0,2}%|[1-9][0-9]{0,5}", text):
        raise Refused("must be a number of hosts, or a percentage", "for example 5, or 25%")
    if text.endswith("%") and int(text[:-1]) > 100:
        raise Refused("is more than all hosts", "write at most 100%")
    return text if value is not None else None


def pause(value: object) -> int | None:
    """Converts `90s`, `10m` or `1h` to seconds; 0 means no pause."""
    if value is None or (value in ("0", 0) and not isinstance(value, bool)):
        return None if value is None else 0
    found = re.fullmatch(r"(\d{1,6})([smh])", value) if isinstance(value, str) else None
    if not found:
        raise Refused("must be a time with its unit", "for example 90s, 10m or 1h")
    return int(found[1]) * _UNITS[found[2]]


def health(value: object) -> bool | None:
    """Whether a host must pass `verify` after its run."""
    if value not in (None, "verify", "none"):
        raise Refused("must be verify or none", "with `verify`, a host must pass `runnerops verify` after its run")
    return None if value is None else value == "verify"


def rollout_of(root: Node, hosts: Collection[str], problems: Problems) -> Rollout:
    """The rollout of a checked inventory. Notes a problem if the canary is not one of its hosts."""
    if [name for name in _KEYS if _holds_expression(root, name, problems)]:
        return USUAL
    canary = child(root, "rollout", "canary")
    if canary and canary.value is not None and canary.value not in hosts:
        text = f"no host {str(canary.value)!r}{did_you_mean(str(canary.value), hosts)}"
        problems.add(canary.location, "rollout.canary", text, "the canary is one host of the inventory, by its name")
    said = {name: found.value for name in _KEYS if (found := child(root, "rollout", name))}
    most = said.get("max_failures")
    return Rollout(
        str(said.get("canary") or ""),
        batch(said.get("batch")) or USUAL.batch,
        most if isinstance(most, int) else USUAL.max_failures,
        pause(said.get("pause")) or 0,
        health(said.get("health")) or False,
    )


def _holds_expression(root: Node, name: str, problems: Problems) -> bool:
    """Notes a value with variables. Variables belong to hosts, and a rollout does not."""
    found = child(root, "rollout", name)
    if found is None or not isinstance(found.value, str) or not holds_expression(found.value):
        return False
    text = "has a variable, but variables belong to a host"
    problems.add(found.location, f"rollout.{name}", text, "write the value itself, because a rollout is for all hosts")
    return True
