"""`runnerops history`: the runs that a host keeps, and the one that is going on there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runnerops import inventory
from runnerops.engine.connections import ConnectionPool
from runnerops.engine.following import follow_records
from runnerops.engine.options import Invocation
from runnerops.engine.review import failure
from runnerops.engine.scheduling import exit_of, side_by_side
from runnerops.engine.targets import check_targets, choose
from runnerops.model.common import Exit
from runnerops.model.inventory import Host
from runnerops.model.run import Outcome, Record
from runnerops.remote.history import History, read_history
from runnerops.report.causes import outcomes_lines
from runnerops.report.document import VERSION, outcome_document, summary_document
from runnerops.report.history import history_document, record_lines
from runnerops.report.paused import paused_lines
from runnerops.report.screen import Screen


def history(
    invocation: Invocation,
    *,
    follow: bool,
    as_json: bool,
    verbose: int,
) -> Exit:
    """Exit 0, or 1 where a host was not reached; with `follow` that of the worst run: followed, or the host's last."""
    path, targets, environ, screen = invocation
    loaded = inventory.load(path)
    check_targets(loaded, targets)
    with ConnectionPool(loaded, environ, screen) as pool:
        hosts = {host.name: host for host in choose(loaded, targets, pool)}
        seen = side_by_side(list(hosts), lambda name: read_history(name, pool.reader(hosts[name])))
        found = {name: one for name, one in seen.items() if isinstance(one, History)}
        failed = [failure(name, one) for name, one in seen.items() if isinstance(one, Exception)]
        if follow:
            followed = _Following(hosts, found, pool, as_json=as_json, verbose=verbose)
            return followed.run(failed)
    if as_json:
        screen.json(_document(seen))
    else:
        for index, (name, one) in enumerate(found.items()):
            if len(hosts) > 1:
                screen.data(f"{'' if index == 0 else chr(10)}{name}", "host")
            show_history(name, one, screen, verbose=verbose)
        _show_failed(failed, screen)
    return exit_of([one.result for one in failed])


def _document(seen: Mapping[str, History | Exception]) -> dict[str, Any]:
    """Of one host that was reached its own; else a list in the inventory's order."""
    hosts = [
        outcome_document(failure(name, one))
        if isinstance(one, Exception)
        else {key: value for key, value in history_document(name, one.records, one.paused).items() if key != "version"}
        for name, one in seen.items()
    ]
    alone = len(hosts) == 1 and "runs" in hosts[0]
    return {"version": VERSION, **hosts[0]} if alone else {"version": VERSION, "hosts": hosts}


def _show_failed(failed: Sequence[Outcome], screen: Screen) -> None:
    screen.lines(outcomes_lines(failed))


def show_history(name: str, found: History, screen: Screen, *, verbose: int) -> None:
    """Newest first, so one that is going on stands at the top."""
    if not found.records:
        screen.data(f"{name}: no run yet")
    for record in found.records:
        screen.lines(record_lines(record, name, found.clock, verbose=verbose))
    show_paused(name, found, screen)


def show_paused(name: str, found: History, screen: Screen) -> None:
    """Runners that are paused in GitLab by a run of this host, and who unpauses them."""
    screen.lines(paused_lines(name, found.paused, found.latest.run if found.latest else None))


@dataclass(frozen=True, slots=True)
class _Following:
    """Runs that are going on, to their ends; of a host where none is, the last one tells how it ended."""

    hosts: Mapping[str, Host]
    found: Mapping[str, History]
    pool: ConnectionPool
    as_json: bool
    verbose: int

    def run(self, failed: Sequence[Outcome]) -> Exit:
        """The worst of all; `failed` are hosts that were not reached."""
        screen, results = self.pool.screen, [one.result for one in failed]
        if not self.as_json:
            _show_failed(failed, screen)
        begun: list[tuple[Host, Record]] = []
        for name, found in self.found.items():
            record = found.latest
            if not record:
                screen.say(f"{name}: no run yet")
                continue
            if not self.as_json:
                if len(self.hosts) > 1:
                    screen.data(name, "host")
                screen.lines(record_lines(record, name, found.clock, verbose=0))
                show_paused(name, found, screen)
            if record.run.running or self.as_json:
                begun.append((self.hosts[name], record))
            else:
                results.append(record.result)
        outcomes = follow_records(begun, self.pool, as_json=self.as_json, verbose=self.verbose)
        code = exit_of([*results, *(one.result for one in outcomes)])
        if self.as_json:
            screen.json(summary_document([*failed, *outcomes], code), indent=None)
        return code
