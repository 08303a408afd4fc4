"""Two names of the inventory that are one machine: by another address, a port or a gateway that leads there too. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.model.host_state import Facts
from runnerops.model.plan import Blocker


def same_machines(facts: Mapping[str, Facts]) -> Mapping[str, Blocker]:
    """For each such name what blocks it: every deploy of the one would undo the other's."""
    found: dict[str, Blocker] = {}
    for name, one in facts.items():
        others = tuple(other for other, its in facts.items() if other != name and _same(one, its))
        if others:
            message = f"{name} and {', '.join(others)} are one machine, and each deploy would undo the other's"
            found[name] = Blocker("same-machine", f"{message}: make one host of them in the inventory", others)
    return found


def _same(one: Facts, other: Facts) -> bool:
    """By the ids of machine and boot: machines that were cloned share the first. Containers on one kernel may share both,

    but not the address at which one of them was reached.
    """
    ids = (one.machine, one.boot)
    return all(ids) and ids == (other.machine, other.boot) and _reached(one, other) and _reached(other, one)


def _reached(one: Facts, other: Facts) -> bool:
    server = one.docker.client.server if one.docker else ""
    return not server or not other.addresses or server in other.addresses
