"""Which cases are tried. Pure.

The rule: every kind of step meets every fault once (one fault, where only brief scenarios have it). Hosts and scenarios that
have such a step take turns, so that each gets as much of the processor's time, not as many cases: all hosts end at about the
same time, and a scenario that takes long meets a kind of step seldom. The shells and the users take turns too. With
RUNNEROPS_FAULTS=all every kind meets every fault in every scenario on every host.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tests.lab.faults.kinds import ON_THE_WAY_BACK
from tests.lab.faults.scenarios import Scenario
from tests.lab.faults.strikes import FAULTS, Fault, takes

Known = Mapping[tuple[str, Scenario], frozenset[str]]
"""The kinds of steps in the plan of a scenario on the host of that name."""


@dataclass(frozen=True, slots=True)
class Case:
    """One fault at one step of one deploy."""

    host: str
    scenario: Scenario
    kind: str
    fault: Fault
    shell: str
    user: str
    turn: int
    """Which of several steps of that kind; and the disk that is full: under our state, or under the service's files."""

    def __str__(self) -> str:
        return f"{self.host} {self.shell} {self.user}: {self.scenario.name}: {self.kind}: {self.fault.name}"


_TENTHS = {
    "a container's place is taken": 100,
    "all is removed": 100,
    "docker reloads": 12,
    "docker restarts": 25,
    "docker restarts under the caches": 45,
    "first deploy": 80,
    "first deploy of the runner": 30,
    "registry recreated": 32,
    "registry up": 25,
    "runner reloads": 12,
    "runner restarts": 15,
}
"""What a case takes, in tenths of a second of a core, on the host that takes least."""

_PERCENT = {"bookworm": 115, "docker28": 115}
"""As much of that it takes there: each call of Compose v1, each start of the newest Docker."""


_LAST = ("first deploy", "all is removed", "a container's place is taken", "first deploy of the runner")
"""In this order, after the cases that find everything on their host. From there to here, or back, it takes a deploy of all; a
look leaves a host with everything, and the second of a kind, which nobody has looked at, begins at the end."""


def choose(known: Known, everything: bool) -> list[Case]:
    """All cases, those of a host and a scenario side by side."""
    cases: list[Case] = []
    spent = dict.fromkeys((host for host, _ in known), 0)
    back = Counter[Scenario]()
    for at, kind in enumerate(dict.fromkeys(kind for kinds in known.values() for kind in sorted(kinds))):
        places = [place for place, kinds in known.items() if kind in kinds]
        used = [place for place in places if not place[1].brief] or places
        used = [place for place in used if not place[1].fresh] or used
        faults = [fault for fault in FAULTS if takes(kind, fault)]
        if all(scenario.brief for _, scenario in used) and not everything:
            faults = [faults[at % len(faults)]]
        given = back if kind.startswith(ON_THE_WAY_BACK) else Counter[Scenario]()  # there each kind has one fault
        for number, fault in enumerate(_turned(faults, at), start=at):
            for host, scenario in used if everything else [_in_turn(used, spent, given)]:
                shell = ("dash", "busybox")[number // 3 % 2]
                user = "deploy" if len(cases) % 3 == 2 else "root"
                cases.append(Case(host, scenario, kind, fault, shell, user, number))
    return sorted(cases, key=lambda case: (case.host, _place(case.scenario), case.scenario.name))


def _place(scenario: Scenario) -> int:
    return _LAST.index(scenario.name) if scenario.name in _LAST else -1


def _turned(faults: list[Fault], by: int) -> list[Fault]:
    """The same, begun elsewhere: else a scenario whose turn is late would meet the last ones only."""
    return [*faults[by % len(faults) :], *faults[: by % len(faults)]]


def _in_turn(
    places: list[tuple[str, Scenario]], spent: dict[str, int], given: Counter[Scenario]
) -> tuple[str, Scenario]:
    """On the host that has least to do so far, in the scenario that has had least of what was `given`."""
    least = min((host for host, _ in places), key=lambda host: spent[host])
    here = [scenario for host, scenario in places if host == least]
    scenario = min(here, key=lambda scenario: given[scenario] + _TENTHS[scenario.name])
    given[scenario] += _TENTHS[scenario.name]
    spent[least] += _TENTHS[scenario.name] * _PERCENT.get(least, 100)
    return least, scenario
