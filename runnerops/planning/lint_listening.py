"""Two managed services of one host that would listen at one place: the second does not come up, whichever that is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from runnerops.model.common import Key, key_text
from runnerops.model.plan import Finding
from runnerops.services.base import ListeningPlace
from runnerops.services.shared.listeners import overlap


def shared_places(found: Iterable[ListeningPlace]) -> Iterator[Finding]:
    """A finding for each place that another one before it takes."""
    met: set[tuple[str, Key]] = set()
    for one, other in combinations(found, 2):
        if overlap((str(one),), other.address, other.port) and (other.file, other.key) not in met:
            met.add((other.file, other.key))
            text = (
                f"{other} is where {one.who} listens ({key_text(one.key)}: {one}), so one of the two does not come up"
            )
            yield Finding("X014", "error", other.file, other.key, text, "take another port", other.location)
