"""`runnerops history`: the runs that a host keeps, and the one that is going on there."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from functools import partial

from runnerops import inventory
from runnerops.engine import apply
from runnerops.engine.connections import ConnectionPool
from runnerops.engine.outcome import plan_of
from runnerops.engine.scheduling import exit_of
from runnerops.inventory import Where
from runnerops.model.common import Exit
from runnerops.model.inventory import Host
from runnerops.model.run import Outcome, Record
from runnerops.remote.history import History, read_history
from runnerops.report.document import summary_document
from runnerops.report.history import history_document, record_lines
from runnerops.report.progress import open_show
from runnerops.report.screen import Screen


def history(
    path: Where,
    name: str,
    environ: Mapping[str, str],
    screen: Screen,
    *,
    follow: bool,
    as_json: bool,
    verbose: int,
) -> Exit:
    """Exit 0; with `follow` that of the run that was followed, or else of the last one."""
    loaded = inventory.load(path)
    host = inventory.the_host(loaded, name)
    with ConnectionPool(loaded, environ, screen) as pool:
        found = read_history(name, pool.reader(host))
        if follow:
            return _follow(host, found, pool, as_json=as_json, verbose=verbose)
    if as_json:
        screen.json(history_document(name, found.records))
    else:
        show_history(host.name, found, screen, verbose=verbose)
    return Exit.OK


def show_history(name: str, found: History, screen: Screen, *, verbose: int) -> None:
    """Newest first, so one that is going on stands at the top."""
    if not found.records:
        screen.data(f"{name}: no run yet")
    for record in found.records:
        screen.lines(record_lines(record, name, found.clock, verbose=verbose))


def _follow(host: Host, found: History, pool: ConnectionPool, *, as_json: bool, verbose: int) -> Exit:
    """The run that is going on; where none is, the last one tells how it ended."""
    screen = pool.screen
    if not found.records:
        screen.say(f"{host.name}: no run yet")
        return Exit.OK
    record = found.records[0]
    if not as_json:
        screen.lines(record_lines(record, host.name, found.clock, verbose=0))
    if not (record.run.running or as_json):
        return exit_of([record.result])
    outcome = follow_record(host, record, pool, as_json=as_json, verbose=verbose)
    code = exit_of([outcome.result])
    if as_json:
        screen.json(summary_document([outcome], code), indent=None)
    return code


def follow_record(host: Host, record: Record, pool: ConnectionPool, *, as_json: bool, verbose: int) -> Outcome:
    """To the end of a run, from its beginning."""
    plan = plan_of(host.name, record)
    with contextlib.ExitStack() as stack:
        show = open_show({host.name: plan}, pool.screen, stack, as_json=as_json, verbose=verbose)
        outcome = apply.follow(
            plan, partial(pool.link, host), partial(pool.reconnect, host), pool.screen.redactor, show.watch
        )
        show.end(outcome)
    return outcome
