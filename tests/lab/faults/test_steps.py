"""Every kind of step of a deploy meets every fault on a real host; the next deploy makes all well.

RUNNEROPS_FAULTS: `all`, or words that a case's line must have (`trixie`, `swap`, `the walker is killed`), with `+` between
for *and*, `,` for *or*.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import pytest

from tests.lab.faults.bench import Bench
from tests.lab.faults.cases import Case, Known, choose
from tests.lab.faults.scenarios import SCENARIOS, WHOLE, Scenario
from tests.lab.faults.strikes import FAULTS, takes
from tests.lab.host import LabHost
from tests.lab.lab import Lab, open_lab

Say = Callable[[str], None]


@pytest.fixture(name="say")
def fixture_say(request: pytest.FixtureRequest) -> Say:
    """Writes a line that is seen at once, of any thread."""
    reporter = request.config.get_terminal_writer()
    lock = Lock()

    def say(text: str) -> None:
        with lock:
            reporter.line(text)
            reporter.flush()

    return say


@pytest.fixture(name="labs")
def fixture_labs(lab: Lab) -> Iterator[tuple[Lab, ...]]:
    """Two hosts of each kind: a fault and its way back are waiting more than work."""
    with open_lab() as second:
        yield lab, second


@pytest.mark.timeout(4500, method="thread")  # the threads of the hosts end for nothing else
def test_every_step_meets_every_fault(labs: tuple[Lab, ...], tmp_path: Path, say: Say) -> None:
    wish = os.environ.get("RUNNEROPS_FAULTS", "")
    benches = [make_bench(tmp_path / f"{host.name}-{n}", lab, host) for n, lab in enumerate(labs) for host in lab.hosts]
    with ThreadPoolExecutor(len(benches)) as pool:
        looking = benches[: len(labs[0].hosts)]  # the second of a kind has the same steps
        found = dict(zip((bench.host.name for bench in looking), pool.map(look, looking), strict=True))
        known: Known = {key: kinds for one, _ in found.values() for key, kinds in one.items()}
        needed = {kind for _, kinds in found.values() for kind in kinds}
        cases = choose(known, everything=wish == "all")
        assert not missing(needed, cases), "steps without their faults"
        if wish != "all":
            cases = [case for case in cases if wished(case, wish)]
        began = time.monotonic()
        say(f"\nfaults: {len(cases)} cases, {len({case.kind for case in cases})} kinds of steps")
        waiting = {name: deque(case for case in cases if case.host == name) for name in found}
        ends = [n % 2 == 1 for n, lab in enumerate(labs) for _ in lab.hosts]
        done = list(
            pool.map(lambda bench, end: try_all(bench, left(waiting[bench.host.name], end), say), benches, ends)
        )
    wrong = [line for lines in done for line in lines]
    say(f"faults: {len(cases)} injected, {len(cases) - len(wrong)} converged ({time.monotonic() - began:.0f} s)")
    assert not wrong, "\n\n".join(wrong)


def wished(case: Case, wish: str) -> bool:
    return any(all(word in str(case) for word in words.split("+")) for words in wish.split(","))


def make_bench(folder: Path, lab: Lab, host: LabHost) -> Bench:
    folder.mkdir()
    return Bench(folder, lab, host)


def look(bench: Bench) -> tuple[dict[tuple[str, Scenario], frozenset[str]], frozenset[str]]:
    """The kinds of steps that each scenario has on this host, and those that must be tried."""
    name = bench.host.name
    fresh = {(name, scenario): bench.kinds(scenario) for scenario in SCENARIOS if scenario.fresh}
    bench.furnish()
    known = {(name, scenario): bench.kinds(scenario) for scenario in SCENARIOS if not scenario.fresh}
    return {**known, **fresh}, frozenset().union(*(bench.kinds(scenario) for scenario in WHOLE))


def missing(needed: set[str], cases: list[Case]) -> list[str]:
    """Steps of a deploy of everything that no case strikes with one of its faults."""
    tried = {(case.kind, case.fault) for case in cases}
    pairs = ((kind, fault) for kind in sorted(needed) for fault in FAULTS if takes(kind, fault))
    return [f"{kind}: {fault.name}" for kind, fault in pairs if (kind, fault) not in tried]


def left(waiting: deque[Case], end: bool) -> Iterator[Case]:
    """What no other host has taken. Two that begin at the two ends are not busy with the same at the same time."""
    while True:
        try:
            case = waiting.pop() if end else waiting.popleft()
        except IndexError:
            return
        yield case


def try_all(bench: Bench, cases: Iterable[Case], say: Say) -> list[str]:
    """What went wrong, case by case."""
    wrong: list[str] = []
    for case in cases:
        began = time.monotonic()
        try:
            ended = bench.try_case(case)
        except Exception as error:  # a case that fails ends no other
            ended = "WRONG"
            wrong.append(f"{case}\n{type(error).__name__}: {error}")
            say(wrong[-1])
            bench.furnish()
        say(f"{case}: {ended} ({time.monotonic() - began:.1f} s)")
    bench.reset()
    return wrong
