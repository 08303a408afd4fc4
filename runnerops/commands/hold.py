"""`runnerops hold` and `release`: keep every run off hosts for a time, on the hosts themselves, and let them go again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from runnerops import inventory
from runnerops.engine.connections import ConnectionPool
from runnerops.engine.options import Invocation
from runnerops.engine.requester import find_requester
from runnerops.engine.review import failure
from runnerops.engine.scheduling import exit_of, side_by_side
from runnerops.engine.targets import check_targets, choose
from runnerops.errors import HostError, UsageError
from runnerops.frozen import frozen
from runnerops.inventory import Where
from runnerops.model.common import Exit
from runnerops.model.host_state import Hold
from runnerops.parsing.moments import EXAMPLE, MomentError, in_utc, moment_or_span
from runnerops.remote import state_folder
from runnerops.remote.link import Completed
from runnerops.report.causes import outcomes_lines
from runnerops.report.screen import Screen

_SECONDS = 60.0
_LONGEST = 200


def hold(invocation: Invocation, reason: str, until: str) -> Exit:
    """Exit 1 where a host was not reached. A hold that is there is replaced; a run that goes on is not stopped."""
    reason = reason.strip()
    if not reason or not reason.isprintable():
        raise UsageError("--reason: must be one line that says something", '--reason "disk swap"')
    if len(reason) > _LONGEST:
        raise UsageError(f"--reason: has {len(reason)} characters, and may have {_LONGEST}", '--reason "disk swap"')
    end = _end(until)
    requester = find_requester(invocation.environ, inventory.folder_of(invocation.inventory))
    kept = Hold(int(end.timestamp()) if end else 0, f"{requester.user}@{requester.machine}", reason)
    said = f"held{f' until {in_utc(end)}' if end else ''}: {reason}"
    return _Everywhere(*invocation).run(state_folder.hold(kept), lambda _: said)


def release(invocation: Invocation) -> Exit:
    """Exit 1 where a host was not reached."""
    words = {state_folder.NOT_HELD: "was not held"}
    return _Everywhere(*invocation).run(state_folder.release(), lambda status: words.get(status, "released"))


def _end(until: str) -> datetime | None:
    """When the hold ends; None for never. Raises UsageError."""
    if not until:
        return None
    now = datetime.now(UTC)
    try:
        end = moment_or_span(until, now)
    except MomentError as error:
        raise UsageError(f"--until: {error}", f"{EXAMPLE}; or a time from now: 4h, 3d") from None
    if end <= now:
        raise UsageError(f"--until: {in_utc(end)} is over", "give a time that is to come")
    return end


@frozen
class _Everywhere:
    """One command on all hosts that are meant, side by side."""

    path: Where
    targets: Sequence[str]
    environ: Mapping[str, str]
    screen: Screen

    def run(self, argv: tuple[str, ...], said: Callable[[int], str]) -> Exit:
        """A line for each host: what `said` makes of the command's exit status."""
        loaded = inventory.load(self.path)
        check_targets(loaded, self.targets)
        with ConnectionPool(loaded, self.environ, self.screen) as pool:
            hosts = {host.name: host for host in choose(loaded, self.targets, pool)}
            done = side_by_side(list(hosts), lambda name: _done(name, pool.link(hosts[name]).run(argv, b"", _SECONDS)))
        failed = {name: failure(name, one) for name, one in done.items() if isinstance(one, Exception)}
        for name, status in done.items():
            if not isinstance(status, Exception):
                self.screen.data(f"{name}: {said(status)}", "good")
        self.screen.lines(outcomes_lines(list(failed.values())))
        return exit_of([one.result for one in failed.values()])


def _done(name: str, answer: Completed) -> int:
    """The exit status of a command that did what it should. Raises HostError."""
    if answer.status in (0, state_folder.NOT_HELD):
        return answer.status
    last = answer.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
    raise HostError(
        name, f"exit status {answer.status}: {''.join(last)}", "look at the host's disk, then say it again", "failed"
    )
