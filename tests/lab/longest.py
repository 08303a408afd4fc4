"""Files of tests in the order in which workers take them: the longest first, so that all end at about the same time. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

SECONDS = {
    "adopt": 30, "automatic_rollback": 25, "bastion": 60, "caches": 20, "contract": 50, "demo_story": 30, "deploy": 20,
    "dind": 30, "drain": 12, "edits": 15, "fresh": 150, "jobs": 45, "lab": 5, "network": 20, "pipeline": 40,
    "reach": 25, "registry3": 25, "remove": 30, "rollback": 20, "room": 50, "rotation": 30, "runner_contract": 4,
    "runner_contract_host": 5, "saved_plan": 20, "secrets": 40, "store": 60, "strict": 3, "sudo": 25, "together": 45,
    "verify": 35,
}  # fmt: skip
"""What a case of a file takes, roughly; others take 10."""


def longest_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """A file's cases stay together and in order. pytest-xdist must be told --no-loadscope-reorder."""
    cases = list(items)
    seconds: Counter[Path] = Counter()
    for item in cases:
        seconds[item.path] += SECONDS.get(item.path.stem.removeprefix("test_"), 10)
    return sorted(cases, key=lambda item: (-seconds[item.path], item.path))
