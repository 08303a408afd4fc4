"""Prints what is said about many hosts. What is the same for many is printed once, with their names. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from runnerops.frozen import frozen
from runnerops.model.host_names import first_few
from runnerops.model.run import Outcome
from runnerops.patterns import late_pattern
from runnerops.report.alike import MIN_BLOCK, HostText, Line, block_lines
from runnerops.report.text import NAMED, outcome_lines

_PLACE = late_pattern(r"[^@\s]+@(\[?[^\s\]]+?\]?:\d+): |the host key of (\S+) is unknown: ")
"""The place of a connection error: `root@192.0.2.1:22: connection refused`. Hosts at one address differ in ports."""


@frozen
class TitledText:
    """About one host: a title with its style, such as `unreachable`, and the lines below it. `shared`: the title for
    many hosts.
    """

    text: HostText
    style: str
    title: str
    shared_title: str


def grouped_lines(every: Iterable[TitledText]) -> Iterator[Line]:
    """The lines of each host. Hosts with the same lines form one block, at the place of the first of them."""
    alike: dict[object, list[TitledText]] = {}
    for titled in every:
        alike.setdefault((titled.style, titled.shared_title, titled.text.normalized()), []).append(titled)
    for block in alike.values():
        if len(block) >= MIN_BLOCK:
            texts = [titled.text for titled in block]
            yield from block_lines(texts, texts[0].lines, (block[0].style, block[0].shared_title))
        else:
            for titled in block:
                yield titled.style, f"{titled.text.name}: {titled.title}"
                yield from titled.text.lines


def outcomes_lines(outcomes: Sequence[Outcome]) -> Iterator[Line]:
    """How hosts ended. Those with the same cause are shown together."""
    yield from grouped_lines(map(_titled, outcomes))


def total_line(kinds: Mapping[str, Sequence[str]]) -> str:
    """`40 hosts: 38 work, 2 not reached (a, b)`. Hosts of the first kind are counted; all others are also named."""
    first = next(iter(kinds))
    in_brackets = {kind: "" if kind == first else f" ({first_few(hosts, NAMED)})" for kind, hosts in kinds.items()}
    words = [f"{len(hosts)} {kind}{in_brackets[kind]}" for kind, hosts in kinds.items() if hosts or kind == first]
    return f"{sum(map(len, kinds.values()))} hosts: {', '.join(words)}"


def outcome_text(outcome: Outcome) -> HostText:
    """The lines below the title of a host's end."""
    place = _PLACE.match(outcome.message)
    return HostText(outcome.host, (place[1] or place[2]) if place else outcome.host, tuple(outcome_lines(outcome))[1:])


def _titled(outcome: Outcome) -> TitledText:
    style, title = next(outcome_lines(outcome))
    return TitledText(outcome_text(outcome), style, title.removeprefix(f"{outcome.host}: "), outcome.result)
