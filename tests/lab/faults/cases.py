"""Which cases are tried. Pure.

The rule: every kind of step meets every fault once (one fault, where only brief scenarios have it); hosts and scenarios that
have such a step take turns, and so do the shells and the users. With RUNNEROPS_FAULTS=all every kind meets every fault in
every scenario on every host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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


_SECONDS = {
    "first deploy": 16,
    "a container's place is taken": 20,
    "all is removed": 25,
    "docker restarts": 9,
    "docker restarts under the caches": 11,
    "runner restarts": 7,
}
"""What a case takes, roughly; others take 5. Only to end on all hosts at about the same time."""


_LAST = ("first deploy", "all is removed", "a container's place is taken", "first deploy of the runner")
"""In this order, after the cases that find everything on their host. From there to here, or back, it takes a deploy of all; a
look leaves a host with everything, and the second of a kind, which nobody has looked at, begins at the end."""


def choose(known: Known, everything: bool) -> list[Case]:
    """All cases, those of a host and a scenario side by side."""
    cases: list[Case] = []
    spent = dict.fromkeys((host for host, _ in known), 0)
    for at, kind in enumerate(dict.fromkeys(kind for kinds in known.values() for kind in sorted(kinds))):
        places = [place for place, kinds in known.items() if kind in kinds]
        used = [place for place in places if not place[1].brief] or places
        used = [place for place in used if not place[1].fresh] or used
        faults = [fault for fault in FAULTS if takes(kind, fault)]
        if all(scenario.brief for _, scenario in used) and not everything:
            faults = [faults[at % len(faults)]]
        for number, fault in enumerate(faults, start=at):
            for host, scenario in used if everything else [_in_turn(used, number, spent)]:
                shell = ("dash", "busybox")[number // 3 % 2]
                user = "deploy" if len(cases) % 3 == 2 else "root"
                cases.append(Case(host, scenario, kind, fault, shell, user, number))
    return sorted(cases, key=lambda case: (case.host, _place(case.scenario), case.scenario.name))


def _place(scenario: Scenario) -> int:
    return _LAST.index(scenario.name) if scenario.name in _LAST else -1


def _in_turn(places: list[tuple[str, Scenario]], number: int, spent: dict[str, int]) -> tuple[str, Scenario]:
    """On the host that has least to do so far."""
    least = min((host for host, _ in places), key=lambda host: spent[host])
    here = [place for place in places if place[0] == least]
    host, scenario = here[number // 2 % len(here)]
    spent[host] += _SECONDS.get(scenario.name, 5)
    return host, scenario
