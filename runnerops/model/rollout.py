"""The order in which a deploy goes over its hosts, and when it stops."""

from __future__ import annotations

import math

from runnerops.frozen import frozen


@frozen
class Rollout:
    """At most `batch` hosts may be disturbed at a time: a number, or a percentage of those that will be (`25%`), at
    least one.

    `canary` goes first, and all others wait until it has ended well. After it and after each batch there is a pause of
    `pause_s` seconds. After `max_failures` failed hosts, no further run is begun. `health`: a host must pass `verify`
    after its run, or it counts as failed. `last` waits for all others: it is a canary that a continued rollout leaves
    to the end. `canary_named`: the canary was named for this command (`--canary`), so it must be one of its targets.
    """

    canary: str = ""
    batch: str = "25%"
    max_failures: int = 1
    pause_s: int = 0
    health: bool = False
    last: str = ""
    canary_named: bool = False

    @property
    def by_batches(self) -> bool:
        """Whether a batch ends before the next one begins. Otherwise the next host begins as soon as one is done."""
        return self.health or self.pause_s > 0

    def at_once(self, disturbing: int) -> int:
        """How many of `disturbing` hosts may be disturbed at a time."""
        if self.batch.endswith("%"):
            return max(1, math.floor(disturbing * int(self.batch[:-1]) / 100))
        return int(self.batch)


USUAL = Rollout()
"""The rollout of an inventory without `rollout`."""
