"""What a host was asked and did not tell in time, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.facts import Facts


def not_told(facts: Facts) -> Iterator[str]:
    """A sentence where the look at a host is not whole."""
    if facts.unseen:
        yield f"the host did not tell in time, so this is not known or not whole: {', '.join(facts.unseen)}"
