"""A plan onto its host: one exec that starts the run and follows it. Encodes, calls, decodes; decides nothing.

The run is the host's own: whether this client sees its end or not, it goes on to an end. A client that lost its
connection comes back and follows from the byte it had.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from runnerops.errors import HostError, LinkLostError
from runnerops.model import ENDS, Event, Outcome, Plan, Result, Step, step_text
from runnerops.redact import Redactor
from runnerops.remote import protocol

COME_BACK_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Pauses before each attempt to come back to a host whose connection was lost."""

_MESSAGES = {
    Result.FAILED: "failed before anything was swapped: the host is as it was",
    Result.ROLLED_BACK: "failed, and the host is back as it was",
    Result.NEEDS_PERSON: "failed, and the way back failed too: a person has to look",
    Result.LOCKED: "another run came in between; nothing was changed",
    Result.REFUSED: "refused on the host; nothing was changed",
}

_REFUSALS = {
    "unproven-mirror": (
        "a mirror does not answer from this host; nothing was changed",
        "mend the mirror's host, or go on without the proof",
    ),
    "upstream-down": (
        "the upstream of a cache does not answer, and the cache would not come up again; nothing was changed",
        "wait until it does, or go on all the same",
    ),
}
"""What it means that a step did not hold which a code of `--allow` leaves out, and what can be done."""


class Follows(Protocol):
    """A connection that streams a command's output; `ssh.Link` in production."""

    def lines(self, command: Sequence[str], stdin: bytes) -> Iterator[bytes]:
        """The output line by line, newlines included; ends with the command. Raises LinkLostError."""

    @property
    def status(self) -> int:
        """The exit status of the last command that ended."""


@dataclass(slots=True)
class _Run:
    """A run as far as this client has seen it. `seen` counts bytes of its log."""

    plan: Plan
    redactor: Redactor
    watch: Callable[[Event], None]
    decoder: protocol.Decoder
    seen: int = 0
    events: list[Event] = field(default_factory=list)

    def take(self, lines: Iterator[bytes]) -> None:
        """Follows until the output ends."""
        for line in lines:
            if not line.endswith(b"\n"):  # cut off with its connection: the next one sends it whole
                continue
            event = self.decoder.event(line.decode("utf-8", "replace"))
            self.seen += len(line)
            if event:
                safe = replace(event, text=self.redactor.text(event.text))
                self.events.append(safe)
                self.watch(safe)

    @property
    def ended(self) -> str:
        """The word the run ended with; empty while its end was not seen."""
        return self.events[-1].text if self.events and self.events[-1].kind == "end" else ""


def apply(
    plan: Plan,
    link: Callable[[], Follows],
    again: Callable[[], Follows],
    redactor: Redactor,
    watch: Callable[[Event], None],
) -> Outcome:
    """Starts the plan's run and follows it to its end. `again` gives a new connection in place of a lost one.

    Raises HostError where not even a connection could be had.
    """
    run = _Run(plan, redactor, watch, protocol.Decoder(plan.host))
    status = _to_end(run, link, again, protocol.start(plan), protocol.payload(plan, redactor.lines))
    return _outcome(run) if run.ended else _no_end(run, status)


def follow(
    plan: Plan,
    link: Callable[[], Follows],
    again: Callable[[], Follows],
    redactor: Redactor,
    watch: Callable[[Event], None],
) -> Outcome:
    """Follows a run that is going on, or is over, from its beginning to its end. Only its number and steps count.

    Raises HostError where not even a connection could be had.
    """
    run = _Run(plan, redactor, watch, protocol.Decoder(plan.host))
    _to_end(run, link, again, protocol.follow(plan.run, 0), b"")
    return _outcome(run) if run.ended else _unseen(plan)


def _to_end(
    run: _Run,
    link: Callable[[], Follows],
    again: Callable[[], Follows],
    command: Sequence[str],
    stdin: bytes,
) -> int:
    """The exit status of the last command; -1 where no connection could be had any more."""
    follows = link()
    try:
        run.take(follows.lines(command, stdin))
    except LinkLostError:
        return _come_back(run, again)
    return follows.status


def _come_back(run: _Run, again: Callable[[], Follows]) -> int:
    """Follows on over new connections; the exit status of the last, or -1 where none could be had."""
    for pause in COME_BACK_SECONDS:
        time.sleep(pause)
        try:
            follows = again()
            run.take(follows.lines(protocol.follow(run.plan.run, run.seen), b""))
        except (LinkLostError, HostError):
            continue
        return follows.status
    return -1


def _outcome(run: _Run) -> Outcome:
    plan = run.plan
    result = ENDS.get(run.ended, Result.UNKNOWN)
    failed = _failed(run)
    if result is Result.FAILED and failed and failed.verb == "await":  # only answers are awaited before the first swap
        result = Result.REFUSED
    code = plan.lifts.get(failed, "") if failed else ""
    message = _REFUSALS.get(code, ("", ""))[0] or _MESSAGES.get(result, "")
    if failed:
        message = f"{message}\n  did not hold: {step_text(failed)}"
    look = tuple(event.text for event in run.events if event.kind in {"note", "fail"} and event.text)
    return Outcome(plan.host, result, failed, message, look if failed else (), _hint(plan, result, code))


def _failed(run: _Run) -> Step | None:
    index = next((event.step for event in run.events if event.kind == "fail" and event.list == "todo"), None)
    return run.plan.todo[index] if index is not None else None


def _hint(plan: Plan, result: Result, code: str = "") -> str:
    if result is Result.NEEDS_PERSON:
        return f"look at the host; what was done is in {protocol.STATE}/runs/{plan.run}/log there"
    if result is Result.LOCKED:
        return "deploy again: it plans anew"
    if code:
        return f"{_REFUSALS[code][1]}: --allow {code}@{plan.host}"
    return ""


def _no_end(run: _Run, status: int) -> Outcome:
    plan = run.plan
    if status == protocol.RUN_EXISTS:
        return Outcome(plan.host, Result.LOCKED, message=_MESSAGES[Result.LOCKED], hint=_hint(plan, Result.LOCKED))
    if run.seen == 0 and status > 0:
        hint = f"look whether there is room and write permission in {protocol.STATE}, and whether systemd-run works"
        return Outcome(
            plan.host, Result.FAILED, message=f"the run could not be started (exit status {status})", hint=hint
        )
    return _unseen(plan)


def _unseen(plan: Plan) -> Outcome:
    message = f"the end of run {plan.run} was not seen; it goes on by itself, or its way back does"
    hint = f"`runnerops history {plan.host} --follow` tells how it ends"
    return Outcome(plan.host, Result.UNKNOWN, message=message, hint=hint)
