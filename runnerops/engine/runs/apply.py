"""Applies a plan: one exec starts the run on its host and follows it. No decisions are made here.

The run does not depend on this client. If the connection is lost, the run continues, and the client connects again and
continues to read the log at the byte that it had reached.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field, replace

from runnerops.engine.runs.outcome import detached_outcome, held_outcome, lost_race_outcome, outcome_of, unknown_outcome
from runnerops.errors import HostError, LinkLostError
from runnerops.frozen import mutable
from runnerops.model.common import STATE_FOLDER, Result
from runnerops.model.host_state import Hold
from runnerops.model.plan import Plan
from runnerops.model.run import Event, Outcome
from runnerops.model.steps import ENDING, drains
from runnerops.planning.blockers import hold_blocker
from runnerops.redact import Redactor
from runnerops.remote import protocol
from runnerops.remote.links import HostLink

RECONNECT_DELAYS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds before each further attempt to connect to a host whose connection was lost."""

_WHY_NOT_STARTED = {
    protocol.NO_ROOM: f"check the free space and the permissions of {STATE_FOLDER} on the host",
    protocol.NO_UNIT: "systemd did not start its unit: check whether systemd-run works on the host",
    protocol.TAKEN_OVER: "another deploy treats the runners created for it in GitLab as left over: deploy again",
}
"""By the exit status of `start`, the hint if a run could not be started."""


@mutable
class _Run:
    """The state of a run as far as this client has seen it. `bytes_seen` counts bytes of its log."""

    plan: Plan
    redactor: Redactor
    watch: Callable[[Event], None]
    decoder: protocol.Decoder
    no_wait: bool = False
    bytes_seen: int = 0
    last_line: str = ""
    """The last line that is not an event. If no run began, it says why."""
    detached_at: Event | None = None
    """The event at which this client stopped following a run that waits for jobs (`no_wait`)."""
    events: list[Event] = field(default_factory=list)

    def follow(self, lines: Iterator[bytes]) -> None:
        """Follows until the output ends, or with `no_wait` until the run waits for jobs."""
        for line in lines:
            if not line.endswith(b"\n"):  # cut off with the connection; the next connection reads it from its beginning
                continue
            event = self.decoder.event(line.decode("utf-8", "replace"))
            self.bytes_seen += len(line)
            if not event:
                self.last_line = line.decode("utf-8", "replace").rstrip("\n")
            if event:
                safe = replace(event, text=self.redactor.text(event.text))
                self.events.append(safe)
                self.watch(safe)
                if self.no_wait and self._drains(safe):
                    self.detached_at = safe
                    return

    def _drains(self, event: Event) -> bool:
        """Whether the run waits for jobs now, even if it cannot count them. A process that ends without having had a job
        does not count.
        """
        waits = event.kind == "wait" and event.list == "forward" and event.step < len(self.plan.forward)
        return waits and drains(self.plan.forward[event.step]) and event.text not in {"", ENDING}


def apply(
    plan: Plan, host: HostLink, redactor: Redactor, watch: Callable[[Event], None], *, no_wait: bool = False
) -> Outcome:
    """Starts the run of the plan and follows it to its end.

    `no_wait`: stop following it as soon as it waits for running jobs. Raises HostError if no connection can be opened.
    """
    run = _Run(plan, redactor, watch, protocol.Decoder(plan.host), no_wait)
    status = _follow_to_end(run, host, protocol.start(plan), protocol.payload(plan))
    return _outcome_if_known(run) or _not_begun(run, status)


def follow(
    plan: Plan, host: HostLink, redactor: Redactor, watch: Callable[[Event], None], *, no_wait: bool = False
) -> Outcome:
    """Follows a run, which may have ended already, from its beginning. Of `plan`, only the number and the steps are
    used.

    Raises HostError if no connection can be opened.
    """
    run = _Run(plan, redactor, watch, protocol.Decoder(plan.host), no_wait)
    _follow_to_end(run, host, protocol.follow(plan.run, 0), b"")
    return _outcome_if_known(run) or unknown_outcome(plan)


def _outcome_if_known(run: _Run) -> Outcome | None:
    return detached_outcome(run.plan, run.detached_at) if run.detached_at else outcome_of(run.plan, run.events)


def _follow_to_end(run: _Run, host: HostLink, command: Sequence[str], stdin: bytes) -> int:
    """Returns the exit status of the last command; -1 if the connection was lost and no new one could be opened."""
    follows = host.link()
    try:
        run.follow(follows.lines(command, stdin))
    except LinkLostError:
        return _reconnect_and_follow(run, host)
    return follows.status


def _reconnect_and_follow(run: _Run, host: HostLink) -> int:
    """Follows the run over new connections. Returns the exit status of the last command; -1 if none could be opened."""
    for pause in RECONNECT_DELAYS_S:
        time.sleep(pause)
        try:
            follows = host.reconnect()
            run.follow(follows.lines(protocol.follow(run.plan.run, run.bytes_seen), b""))
        except (LinkLostError, HostError):
            continue
        return follows.status
    return -1


def _not_begun(run: _Run, status: int) -> Outcome:
    plan = run.plan
    if status == protocol.RUN_EXISTS:
        return lost_race_outcome(plan)
    if status == protocol.HELD and not run.events:
        return held_outcome(plan, hold_blocker(Hold.read(run.redactor.text(run.last_line))))
    if run.bytes_seen == 0 and status > 0:
        hint = _WHY_NOT_STARTED.get(status, "run the command again; `runnerops status` shows the state of the host")
        message = f"the run could not be started (exit status {status})"
        return Outcome(plan.host, Result.FAILED, message=message, hint=hint)
    return unknown_outcome(plan)
