"""Describes what a host did not answer in time. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.facts import Facts


def notes_on_incomplete_observation(facts: Facts) -> Iterator[str]:
    """A sentence for each part of the observation that is incomplete or could have hung."""
    if facts.unseen:
        yield f"the host did not answer these questions in time, so the plan may be incomplete: {', '.join(facts.unseen)}"
    if facts.tools and "timeout" not in facts.tools:
        yield "the host has no `timeout`, so a program that hangs there holds this up: install coreutils or busybox"
