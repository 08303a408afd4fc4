"""Checks that the jump hosts of the inventory do not need each other. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runnerops.inventory.layers.drafts import Draft
from runnerops.inventory.problems import Problems, dotted

_HINT = "remove one `ssh.gateway`: the gateway itself has `gateway: null` where its defaults name one"


def check_gateways(drafts: Sequence[Draft], problems: Problems) -> None:
    """Notes each circle once, at the first of its hosts."""
    ways = {draft.name: draft.shape.ssh.gateway for draft in drafts if draft.shape.ssh and draft.shape.ssh.gateway}
    noted: set[str] = set()
    for draft in drafts:
        circle = _circle(draft.name, ways)
        if circle and noted.isdisjoint(circle):
            noted.update(circle)
            text = f"needs {', which needs '.join(circle[1:])}, which needs it" if circle[1:] else "is the host itself"
            problems.add(draft.location("ssh", "gateway"), dotted(("hosts", draft.name, "ssh", "gateway")), text, _HINT)


def _circle(name: str, ways: Mapping[str, str]) -> list[str]:
    """The hosts on the way to a host, beginning with itself, if this way comes back to it; otherwise none."""
    passed = [name]
    while (gateway := ways.get(passed[-1])) and gateway not in passed:
        passed.append(gateway)
    return passed if gateway == name else []
