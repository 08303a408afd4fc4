"""Reads `rollout` of the inventory, and checks the host that it names. Pure."""

from __future__ import annotations

from collections.abc import Collection

from runnerops.inventory.keys import rollout
from runnerops.inventory.layers.document import child
from runnerops.inventory.parse.nodes import Node
from runnerops.inventory.problems import Problems
from runnerops.inventory.values.expressions import holds_expression
from runnerops.model.rollout import USUAL, Rollout
from runnerops.parsing.near import did_you_mean

_KEYS = ("canary", "batch", "max_failures", "pause", "health")


def rollout_of(root: Node, hosts: Collection[str], problems: Problems) -> Rollout:
    """The rollout of a checked inventory. Notes a problem if the canary is not one of its hosts."""
    if [name for name in _KEYS if _holds_expression(root, name, problems)]:
        return USUAL
    canary = child(root, "rollout", "canary")
    if canary and canary.value is not None and canary.value not in hosts:
        text = f"no host {str(canary.value)!r}{did_you_mean(str(canary.value), hosts)}"
        problems.add(canary.location, "rollout.canary", text, "the canary is one host of the inventory, by its name")
    values = {name: node.value for name in _KEYS if (node := child(root, "rollout", name))}
    most = values.get("max_failures")
    return Rollout(
        str(values.get("canary") or ""),
        rollout.batch(values.get("batch")) or USUAL.batch,
        most if isinstance(most, int) else USUAL.max_failures,
        rollout.pause(values.get("pause")) or 0,
        rollout.health(values.get("health")) or False,
    )


def _holds_expression(root: Node, name: str, problems: Problems) -> bool:
    """Notes a value with variables. Variables belong to hosts, and a rollout does not."""
    node = child(root, "rollout", name)
    if node is None or not isinstance(node.value, str) or not holds_expression(node.value):
        return False
    text = "has a variable, but variables belong to a host"
    problems.add(node.location, f"rollout.{name}", text, "write the value itself, because a rollout is for all hosts")
    return True
