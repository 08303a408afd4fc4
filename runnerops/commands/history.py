"""`runnerops history`: shows the runs that a host keeps, and the one that is in progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from runnerops import inventory
from runnerops.engine.exit_codes import exit_of
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.hosts.looking import look_at
from runnerops.engine.hosts.targets import check_targets, select_hosts
from runnerops.engine.options import Invocation
from runnerops.engine.plans.review import failed_outcome
from runnerops.engine.runs.following import follow_records
from runnerops.frozen import frozen
from runnerops.model.common import Exit
from runnerops.model.host_names import brief
from runnerops.model.inventory import Host
from runnerops.model.run import Outcome, Record
from runnerops.remote.history import History, read_history
from runnerops.report.causes import outcomes_lines
from runnerops.report.document import VERSION, outcome_document, summary_document
from runnerops.report.history import history_document, record_lines
from runnerops.report.paused import paused_lines
from runnerops.report.runs_together import HostRun, merged_history_lines
from runnerops.report.screen import Screen
from runnerops.report.text import summary_line


def history(
    invocation: Invocation,
    *,
    follow: bool,
    as_json: bool,
    verbose: int,
) -> Exit:
    """Exit 0, or 1 if a host was not reached. With `follow`, the exit code of the worst run: the one that was followed, or
    else the host's last.
    """
    path, targets, environ, screen = invocation
    loaded = inventory.load(path)
    check_targets(loaded, targets)
    with ConnectionPool(loaded, environ, screen) as pool:
        hosts = {host.name: host for host in select_hosts(loaded, targets, pool)}
        results = look_at(list(hosts), lambda name: read_history(name, pool.reader(hosts[name])), screen)
        histories = {name: host_history for name, host_history in results.items() if isinstance(host_history, History)}
        failed = [failed_outcome(name, error) for name, error in results.items() if isinstance(error, Exception)]
        if follow:
            followed = _Following(hosts, histories, pool, targets, as_json=as_json, verbose=verbose)
            return followed.run(failed)
    if as_json:
        screen.json(_document(results))
    elif len(hosts) > 1 and not verbose:
        _show_together(histories, screen)
        _show_failed(failed, screen)
    else:
        for index, (name, host_history) in enumerate(histories.items()):
            if len(hosts) > 1 or name not in targets:  # of a group or a state, nobody knows which host it is
                screen.data(f"{'' if index == 0 else chr(10)}{name}", "host")
            show_history(name, host_history, screen, verbose=verbose)
        _show_failed(failed, screen)
    return exit_of([outcome.result for outcome in failed])


def _document(results: Mapping[str, History | Exception]) -> dict[str, Any]:
    """The document of the host if it is the only one and was reached; else a list in the order of the inventory."""
    hosts = [
        outcome_document(failed_outcome(name, error))
        if isinstance(error, Exception)
        else {
            key: value for key, value in history_document(name, error.records, error.paused).items() if key != "version"
        }
        for name, error in results.items()
    ]
    alone = len(hosts) == 1 and "runs" in hosts[0]
    return {"version": VERSION, **hosts[0]} if alone else {"version": VERSION, "hosts": hosts}


def _show_failed(failed: Sequence[Outcome], screen: Screen) -> None:
    screen.lines(outcomes_lines(failed))


def show_history(name: str, host_history: History, screen: Screen, *, verbose: int) -> None:
    """Shows the runs of one host, the newest first, so that a run in progress is at the top."""
    if not host_history.records:
        screen.data(f"{name}: no run yet")
    for record in host_history.records:
        screen.lines(record_lines(record, name, host_history.clock, verbose=verbose))
    show_paused(name, host_history, screen)


def _show_together(histories: Mapping[str, History], screen: Screen, *, show_all: bool = False) -> None:
    """Shows the runs of several hosts by deploy, not by host, the newest first."""
    runs = (
        HostRun(name, run, host_history.clock)
        for name, host_history in histories.items()
        for run in host_history.records
    )
    screen.lines(merged_history_lines(runs, show_all=show_all))
    if without := [name for name, host_history in histories.items() if not host_history.records]:
        screen.data(f"no run yet: {', '.join(brief(without))}")
    for name, host_history in histories.items():
        if host_history.paused:
            screen.data(name, "host")
            show_paused(name, host_history, screen)


def show_paused(name: str, host_history: History, screen: Screen) -> None:
    """Shows runners that are paused in GitLab by a run of this host, and who unpauses them."""
    screen.lines(paused_lines(name, host_history.paused, host_history.latest.run if host_history.latest else None))


@frozen
class _Following:
    """Follows runs that are in progress to their ends. For a host without one, the last run tells how it ended."""

    hosts: Mapping[str, Host]
    histories: Mapping[str, History]
    pool: ConnectionPool
    targets: Sequence[str]
    as_json: bool
    verbose: int

    def run(self, failed: Sequence[Outcome]) -> Exit:
        """The exit code of the worst result. `failed` are hosts that were not reached."""
        screen, results = self.pool.screen, [outcome.result for outcome in failed]
        if not self.as_json:
            _show_failed(failed, screen)
        latest = {name: record for name, host_history in self.histories.items() if (record := host_history.latest)}
        if not self.as_json:
            self._show_latest(latest)
        begun = [(self.hosts[name], record) for name, record in latest.items() if record.run.running or self.as_json]
        results += [record.result for record in latest.values() if not record.run.running and not self.as_json]
        outcomes = follow_records(begun, self.pool, as_json=self.as_json, verbose=self.verbose)
        code = exit_of([*results, *(outcome.result for outcome in outcomes)])
        if self.as_json:
            screen.json(summary_document([*failed, *outcomes], code), indent=None)
        elif len(outcomes) > 1:
            screen.say(summary_line(outcomes))
        return code

    def _show_latest(self, latest: Mapping[str, Record]) -> None:
        screen = self.pool.screen
        if len(self.hosts) > 1:
            last = {
                name: replace(host_history, records=_one(latest.get(name)))
                for name, host_history in self.histories.items()
            }
            _show_together(last, screen, show_all=True)
            return
        for name, host_history in self.histories.items():
            if record := latest.get(name):
                if name not in self.targets:
                    screen.data(name, "host")
                screen.lines(record_lines(record, name, host_history.clock, verbose=0))
                show_paused(name, host_history, screen)
            else:
                screen.say(f"{name}: no run yet")


def _one(record: Record | None) -> tuple[Record, ...]:
    return () if record is None else (record,)
