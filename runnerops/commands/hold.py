"""`runnerops hold` and `release`: keep every run off hosts for a time, by a record on the hosts, and end that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from runnerops import inventory
from runnerops.engine.exit_codes import exit_of
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.hosts.looking import look_at
from runnerops.engine.hosts.targets import check_targets, select_hosts
from runnerops.engine.options import Invocation
from runnerops.engine.plans.review import failed_outcome
from runnerops.engine.requester import find_requester
from runnerops.errors import HostError, UsageError
from runnerops.frozen import frozen
from runnerops.inventory import Where
from runnerops.model.common import Exit
from runnerops.model.host_names import brief
from runnerops.model.host_state import Hold
from runnerops.parsing.moments import EXAMPLE, MomentError, in_utc, moment_or_span
from runnerops.remote import state_folder
from runnerops.report.causes import outcomes_lines
from runnerops.report.document import VERSION, outcome_document
from runnerops.report.screen import Screen
from runnerops.report.status import hold_document
from runnerops.ssh.link import Completed

_SECONDS = 60.0
_LONGEST = 200


def hold(invocation: Invocation, reason: str, until: str, *, as_json: bool = False) -> Exit:
    """Exit 1 if a host was not reached. An existing hold is replaced. A run in progress is not stopped."""
    reason = reason.strip()
    if not reason or not reason.isprintable():
        raise UsageError("--reason: must be one line of text", '--reason "disk swap"')
    if len(reason) > _LONGEST:
        raise UsageError(f"--reason: has {len(reason)} characters, and may have {_LONGEST}", '--reason "disk swap"')
    end = _end(until)
    requester = find_requester(invocation.environ, inventory.folder_of(invocation.inventory))
    new_hold = Hold(int(end.timestamp()) if end else 0, f"{requester.user}@{requester.machine}", reason)
    result = _HostResult(
        f"held{f' until {in_utc(new_hold.until)}' if end else ''}: {reason}",
        {"result": "held", **hold_document(new_hold)},
    )
    return _HostsCommand(*invocation, as_json).run(state_folder.hold(new_hold), lambda _: result)


def release(invocation: Invocation, *, as_json: bool = False) -> Exit:
    """Exit 1 if a host was not reached."""
    released, not_held = (
        _HostResult("released", {"result": "released"}),
        _HostResult("was not held", {"result": "not-held"}),
    )
    return _HostsCommand(*invocation, as_json).run(
        state_folder.release(), lambda status: not_held if status == state_folder.NOT_HELD else released
    )


def _end(until: str) -> datetime | None:
    """The time at which the hold ends; None: never. Raises UsageError."""
    if not until:
        return None
    moment = datetime.now(UTC)
    try:
        end = moment_or_span(until, moment)
    except MomentError as error:
        raise UsageError(f"--until: {error}", f"{EXAMPLE}; or a time from now: 4h, 3d") from None
    if end <= moment:
        raise UsageError(f"--until: {in_utc(end.timestamp())} has passed", "give a time in the future")
    return end


@frozen
class _HostResult:
    """What was done to a host, in words and as JSON values."""

    text: str
    document: Mapping[str, Any]


@frozen
class _HostsCommand:
    """One command on all target hosts at the same time."""

    path: Where
    targets: Sequence[str]
    environ: Mapping[str, str]
    screen: Screen
    as_json: bool

    def run(self, argv: tuple[str, ...], meaning: Callable[[int], _HostResult]) -> Exit:
        """Shows a line for all hosts to which the same was done, or a JSON object for each host. `meaning` makes them from
        the exit status of the command.
        """
        loaded = inventory.load(self.path)
        check_targets(loaded, self.targets)
        with ConnectionPool(loaded, self.environ, self.screen) as pool:
            hosts = {host.name: host for host in select_hosts(loaded, self.targets, pool)}
            results = look_at(
                list(hosts), lambda name: _status(name, pool.link(hosts[name]).run(argv, b"", _SECONDS)), self.screen
            )
        failed = {name: failed_outcome(name, error) for name, error in results.items() if isinstance(error, Exception)}
        meanings = {name: meaning(status) for name, status in results.items() if not isinstance(status, Exception)}
        if self.as_json:
            documents = [
                {"host": name, **meanings[name].document} if name in meanings else outcome_document(failed[name])
                for name in results
            ]
            self.screen.json({"version": VERSION, "hosts": documents})
            return exit_of([outcome.result for outcome in failed.values()])
        for text in dict.fromkeys(result.text for result in meanings.values()):
            names = brief([name for name, result in meanings.items() if result.text == text])
            self.screen.data(f"{', '.join(names)}: {text}", "good")
        self.screen.lines(outcomes_lines(list(failed.values())))
        return exit_of([outcome.result for outcome in failed.values()])


def _status(name: str, answer: Completed) -> int:
    """The exit status if the command succeeded. Raises HostError if it did not."""
    if answer.status in (0, state_folder.NOT_HELD):
        return answer.status
    last = answer.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
    raise HostError(
        name,
        f"exit status {answer.status}: {''.join(last)}",
        "check the host's disk, then run the command again",
        "failed",
    )
