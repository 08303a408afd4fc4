"""One case on one remote, and what is compared."""

from __future__ import annotations

from typing import Protocol

from runnerops.engine.runs.apply import apply
from runnerops.model.inventory import Requester
from runnerops.model.plan import Plan
from runnerops.model.run import Event
from runnerops.redact import Redactor
from runnerops.remote.links import FollowLink, HostLink
from tests.contract.cases import FILES, SECRET, Case, File
from tests.contract.memory import Memory


class Remote(Protocol):
    """A host on which cases are walked, one after the other."""

    def clear(self) -> None:
        """No file of an earlier case is there."""

    def put(self, path: str, content: bytes, mode: str) -> None: ...

    def get(self, path: str) -> File | None: ...

    def next_run(self) -> int:
        """The number that no run has."""

    def link(self) -> FollowLink: ...


def walk(case: Case, remote: Remote) -> list[Event]:
    """Sets the files up, and applies the steps as `deploy` does."""
    remote.clear()
    for path, (content, mode) in case.before.items():
        remote.put(path, content, mode)
    plan = Plan(
        "host",
        remote.next_run(),
        Requester("me", "here"),
        forward=case.forward,
        rollback=case.rollback,
        files=FILES,
        secrets=frozenset({SECRET}),
    )
    events: list[Event] = []
    apply(plan, HostLink(remote.link, remote.link), Redactor([SECRET]), events.append)
    return events


def without_times(events: list[Event]) -> list[tuple[str, int, str, str]]:
    """All of an event but its time."""
    return [(event.list, event.step, event.kind, event.text) for event in events]


def check(case: Case, remote: Remote) -> None:
    """Ends as it must, says what it must, leaves the files that it must; and every remote does so event for event."""
    events = walk(case, remote)
    assert events, case.name
    assert (events[-1].kind, events[-1].text) == ("end", case.ends)
    assert tuple(event.text for event in events if event.kind == "note") == case.notes
    assert {path: remote.get(path) for path in case.after} == dict(case.after)
    assert without_times(events) == without_times(walk(case, Memory()))
