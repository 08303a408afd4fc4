"""Amounts of processors, memory and storage for the pods of the Kubernetes executor. Pure.

Source: `createResourceList` of gitlab-runner's `executors/kubernetes/util.go`, and `ParseQuantity` of Kubernetes.
"""

from __future__ import annotations

import re

from runnerops.model.common import Key, Tree
from runnerops.patterns import late_pattern
from runnerops.services.gitlab_runner.rules.found import Found

_KEY = late_pattern(r"(?:\w+_)?(?:cpu|memory|ephemeral_storage)_(?:limit|request)(?:_overwrite_max_allowed)?")
_QUANTITY = late_pattern(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[KMGTPE]i|[numkMGTPE]?|[eE][+-]?[0-9]+)")
_NEAR = late_pattern(r"([0-9.]+) *([kmgtp])i?b?", re.IGNORECASE)


def quantities(runner: Tree, key: Key) -> Found:
    """Checks `[runners.kubernetes]` of the runner at `key`."""
    kubernetes = runner.get("kubernetes")
    for name, value in kubernetes.items() if isinstance(kubernetes, dict) else ():
        is_known = isinstance(value, str) and _KEY.fullmatch(name)
        if is_known and value and "$" not in str(value) and not _QUANTITY.fullmatch(str(value)):
            example = "500m, or 2" if "cpu" in name else "2Gi"
            text = "is no amount that Kubernetes knows: every job would fail"
            yield (
                "R022",
                "error",
                (*key, "kubernetes", name),
                text,
                _fix(str(value), name) or f"write for example {example}",
            )


def _fix(text: str, name: str) -> str:
    """What to write for `2 GB`, `512mb` and the like."""
    match = _NEAR.fullmatch(text.strip()) if "cpu" not in name else None
    return f"write {match[1]}{match[2].upper()}i" if match else ""
