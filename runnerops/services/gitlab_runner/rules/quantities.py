"""Amounts of processors, memory and storage for the pods of the Kubernetes executor. Pure.

Source: `createResourceList` of gitlab-runner's `executors/kubernetes/util.go`, and `ParseQuantity` of Kubernetes.
"""

from __future__ import annotations

import re
from decimal import Decimal

from runnerops.model.common import Key, Tree, Value
from runnerops.patterns import late_pattern
from runnerops.services.gitlab_runner.rules.found import Found

_KEY = late_pattern(r"(?:\w+_)?(?:cpu|memory|ephemeral_storage)_(?:limit|request)(?:_overwrite_max_allowed)?")
_QUANTITY = late_pattern(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[KMGTPE]i|[numkMGTPE]?|[eE][+-]?[0-9]+)")
_UNITS = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal(1000),
    **{letter: Decimal(1000) ** power for power, letter in enumerate("KMGTPE", 1)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
}
_NEAR = late_pattern(r"([0-9.]+) *([kmgtp])i?b?", re.IGNORECASE)


def quantities(runner: Tree, key: Key) -> Found:
    """Checks `[runners.kubernetes]` of the runner at `key`."""
    kubernetes = runner.get("kubernetes")
    volumes = kubernetes.get("volumes") if isinstance(kubernetes, dict) else None
    yield from _order(kubernetes if isinstance(kubernetes, dict) else {}, (*key, "kubernetes"))
    yield from _empty_dirs(volumes.get("empty_dir") if isinstance(volumes, dict) else None, key)
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


def _order(kubernetes: Tree, key: Key) -> Found:
    for name in kubernetes:
        if name.endswith("_request") and _KEY.fullmatch(name):
            limit_name = f"{name.removesuffix('_request')}_limit"
            request, limit = (_amount(kubernetes.get(key_name)) for key_name in (name, limit_name))
            if request is not None and limit is not None and request > limit > 0:
                text = f"is more than {limit_name}: every job would fail"
                yield "R022", "error", (*key, name), text, f"write at most what {limit_name} says"


def _amount(value: Value) -> Decimal | None:
    """The number that an amount means; None if it is not known."""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        return None
    number = re.match("[-+0-9.]+", value)
    digits = number[0] if number else "0"
    suffix = value[len(digits) :]
    if suffix[:1] in ("e", "E") and suffix[1:]:
        return Decimal(value)
    return Decimal(digits) * _UNITS[suffix]


def _empty_dirs(value: Value, key: Key) -> Found:
    """The runner only warns in the job's log of a limit that it cannot read."""
    for index, volume in enumerate(value if isinstance(value, list) else ()):
        size = volume.get("size_limit") if isinstance(volume, dict) else None
        if isinstance(size, str) and size.strip() and not _QUANTITY.fullmatch(size):
            place: Key = (*key, "kubernetes", "volumes", "empty_dir", index, "size_limit")
            text = "is no amount that Kubernetes knows: the volume would have no limit"
            yield "R022", "warning", place, text, _fix(size, "size_limit") or "write for example 2Gi"


def _fix(text: str, name: str) -> str:
    """What to write for `2 GB`, `512mb` and the like."""
    match = _NEAR.fullmatch(text.strip()) if "cpu" not in name else None
    return f"write {match[1]}{match[2].upper()}i" if match else ""
