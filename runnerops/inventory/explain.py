"""Where each value of a host comes from, and what it overrode: the data of `hosts --explain`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runnerops.model import Key, Mark, Value


@dataclass(frozen=True, slots=True)
class Layer:
    """A value as one layer wrote it; `source` is `defaults`, `groups.NAME` or `hosts.NAME`."""

    source: str
    mark: Mark
    value: Value


@dataclass(frozen=True, slots=True)
class Explained:
    """A value of a host. `over` is what it overrode, nearest first. A value may be secret: print it masked.

    `source` is a layer's, or `filled in` (then `mark` is None) for what runnerops itself provides. `value` None was
    taken away.
    """

    key: Key
    value: Value
    source: str
    mark: Mark | None
    over: tuple[Layer, ...] = ()


def explain(path: Path, host: str) -> tuple[Explained, ...]:
    """Every value of `host`, in the order of its sections. Raises as `load` does; UsageError for an unknown host."""
    raise NotImplementedError
