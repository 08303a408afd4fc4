"""Which host a case runs on where hosts take turns. Pure.

A test marked `hosts(…, turns=True)` proves what is ours and hardly depends on a host's versions: each of its cases runs
on one of its hosts. The next case has the next host, and every round begins one further, so that the values of two
parameters do not always meet the same host. RUNNEROPS_LAB_HOSTS=all runs every case on every host.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable

import pytest

from tests.lab.roots import GIVEN


def out_of_turn(items: Iterable[pytest.Item]) -> set[pytest.Item]:
    """Those that another host's turn makes superfluous; only hosts that are among the items have turns."""
    cases: dict[tuple[Hashable, ...], list[pytest.Item]] = {}
    for item in items:
        marker = item.get_closest_marker("hosts")
        if marker and marker.kwargs.get("turns") and host_of(item) not in ("", GIVEN.name if GIVEN else ""):
            cases.setdefault(case_of(item), []).append(item)
    numbers: Counter[object] = Counter()
    left: set[pytest.Item] = set()
    for (module, *_), of_case in cases.items():
        number = numbers[module]
        numbers[module] += 1
        left.update(of_case)
        left.remove(of_case[(number + number // len(of_case)) % len(of_case)])
    return left


def host_of(item: pytest.Item) -> str:
    """The name of the host that it runs on; none where it takes no `host`."""
    spec = getattr(item, "callspec", None)
    return str(spec.params.get("host", "")) if spec else ""


def case_of(item: pytest.Item) -> tuple[Hashable, ...]:
    """Module, test and parameters but for the host."""
    assert isinstance(item, pytest.Function)
    parameters = ((name, repr(value)) for name, value in item.callspec.params.items() if name != "host")
    return (item.path, item.originalname, *sorted(parameters))
