"""In which order a deploy goes over its hosts, and when it stops."""

from __future__ import annotations

import math

from runnerops.frozen import frozen


@frozen
class Rollout:
    """Of hosts that disturb jobs `batch` may do so at a time: a number, or a percentage of them (`25%`), at least one.

    `canary` goes first, and all others wait until it has ended well. `pause_s` seconds go by after it and after each batch.
    After `max_failures` hosts whose run failed no further one is begun. `health`: whether a host must pass `verify` after
    its run, or counts as failed. `last` waits for all others: the canary of a rollout that goes on in spite of it.
    """

    canary: str = ""
    batch: str = "25%"
    max_failures: int = 1
    pause_s: int = 0
    health: bool = False
    last: str = ""

    @property
    def by_batches(self) -> bool:
        """Whether a batch ends before the next one begins; else the next host begins as soon as one is done."""
        return self.health or self.pause_s > 0

    def at_once(self, disturbing: int) -> int:
        """How many of so many hosts may be disturbed at a time."""
        if self.batch.endswith("%"):
            return max(1, math.floor(disturbing * int(self.batch[:-1]) / 100))
        return int(self.batch)


USUAL = Rollout()
"""Where nothing is said."""
