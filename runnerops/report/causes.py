"""What is said of many hosts, host by host: where many say the same it is said once, with their names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from runnerops.frozen import frozen
from runnerops.model.host_names import first_few
from runnerops.model.run import Outcome
from runnerops.report.alike import FEWEST, Line, Told, block_lines
from runnerops.report.text import NAMED, outcome_lines

_PLACE = re.compile(r"[^@\s]+@(\[?[^\s\]]+?\]?:\d+): ")
"""How the way to a host is told: `root@192.0.2.1:22: connection refused`. Behind one address hosts have ports of their own."""


@frozen
class Said:
    """Of one host: a title, such as `unreachable`, in its style, and what stands below it. `shared`: the title of many."""

    told: Told
    style: str
    title: str
    shared: str


def said_once(every: Iterable[Said]) -> Iterator[Line]:
    """Each host's own lines; those of which the same is to be said are one block, where the first of them stands."""
    alike: dict[object, list[Said]] = {}
    for said in every:
        alike.setdefault((said.style, said.shared, said.told.without_own()), []).append(said)
    for block in alike.values():
        if len(block) >= FEWEST:
            told = [said.told for said in block]
            yield from block_lines(told, told[0].lines, (block[0].style, block[0].shared))
        else:
            for said in block:
                yield said.style, f"{said.told.name}: {said.title}"
                yield from said.told.lines


def outcomes_lines(outcomes: Sequence[Outcome]) -> Iterator[Line]:
    """How hosts ended, those of one cause as one."""
    yield from said_once(map(_said, outcomes))


def total_line(kinds: Mapping[str, Sequence[str]]) -> str:
    """`40 hosts: 38 work, 2 not reached (a, b)`: of the first kind hosts are counted, of all others named too."""
    first = next(iter(kinds))
    named = {kind: "" if kind == first else f" ({first_few(hosts, NAMED)})" for kind, hosts in kinds.items()}
    words = [f"{len(hosts)} {kind}{named[kind]}" for kind, hosts in kinds.items() if hosts or kind == first]
    return f"{sum(map(len, kinds.values()))} hosts: {', '.join(words)}"


def ending(outcome: Outcome) -> Told:
    """What is said of a host's end below its title."""
    place = _PLACE.match(outcome.message)
    return Told(outcome.host, place[1] if place else outcome.host, tuple(outcome_lines(outcome))[1:])


def _said(outcome: Outcome) -> Said:
    style, title = next(outcome_lines(outcome))
    return Said(ending(outcome), style, title.removeprefix(f"{outcome.host}: "), outcome.result)
