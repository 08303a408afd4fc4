"""Targets that depend on the last runs of hosts: `@failed`, `@changed`, `@running`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from runnerops import inventory
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.hosts.looking import look_at
from runnerops.engine.hosts.maintenance import in_maintenance
from runnerops.engine.options import Flags
from runnerops.errors import RunneropsError, UsageError
from runnerops.inventory.only import only
from runnerops.inventory.targets import STATES, state_of
from runnerops.model.common import Result, ServiceName
from runnerops.model.host_names import brief
from runnerops.model.inventory import Host, Inventory
from runnerops.report.screen import Screen

if TYPE_CHECKING:
    from runnerops.model.run import Record

_FAILED = {Result.FAILED, Result.ROLLED_BACK, Result.NEEDS_ATTENTION, Result.UNKNOWN}


def select_hosts(loaded: Inventory, targets: Sequence[str], pool: ConnectionPool) -> tuple[Host, ...]:
    """Like `inventory.select`. Hosts are asked only if a target depends on their runs; hosts in maintenance are not
    asked.

    A host that cannot be asked is reported and not selected. If no host matches, this is reported, and none is
    selected. Raises UsageError, and RunneropsError if no host at all could be asked.
    """
    wanted = {state for target in targets if (state := state_of(target))}
    if not wanted:
        return inventory.select(loaded, targets)
    from runnerops.remote.history import read_history

    _check_states(wanted)
    hosts = {host.name: host for host in loaded.hosts if not in_maintenance(host, Flags({}))}
    histories = look_at(list(hosts), lambda name: read_history(name, pool.reader(hosts[name])), pool.screen)
    for error in histories.values():
        if isinstance(error, RunneropsError):
            pool.screen.say(f"{error.message}: left out, because its last run is not known", "warn")
        elif isinstance(error, Exception):
            raise error
    last = {
        name: record
        for name, result in histories.items()
        if not isinstance(result, Exception) and (record := result.latest)
    }
    chosen = inventory.select(loaded, targets, {state: _names(last, _IS[state]) for state in STATES})
    if not chosen and histories and all(isinstance(result, Exception) for result in histories.values()):
        raise RunneropsError(f"{' '.join(targets)}: no host could be asked", "see above for the reasons")
    if not chosen:
        meanings = "; ".join(f"{state} is a host whose last run {_MEANING[state]}" for state in sorted(wanted))
        pool.screen.say(f"{' '.join(targets)}: no host matches, so there is nothing to do ({meanings})")
    return chosen


def select_hosts_offline(
    loaded: Inventory, targets: Sequence[str], environ: Mapping[str, str], screen: Screen
) -> tuple[Host, ...]:
    """Like `select_hosts`, for a command that otherwise contacts no host."""
    if not any(map(state_of, targets)):
        return inventory.select(loaded, targets)
    check_targets(loaded, targets)
    with ConnectionPool(loaded, environ, screen) as pool:
        return select_hosts(loaded, targets, pool)


def check_targets(loaded: Inventory, targets: Sequence[str], flags: Flags | None = None) -> None:
    """Checks targets and flags before a host is contacted or the user is asked for a password. Raises UsageError."""
    for code, hosts in flags.allow.items() if flags else ():
        for host in sorted(hosts - {""}):
            inventory.check_named(loaded, f"--allow {code}@{host}", [host])
    states = {state for target in targets if (state := state_of(target))}
    if not states:
        services = flags.only if flags else frozenset[ServiceName]()
        check_canary(loaded, only(inventory.select(loaded, targets), services), services)
        return
    _check_states(states)
    for target in targets:
        if not state_of(target):
            inventory.select(loaded, [target.removeprefix("!")])


def check_canary(loaded: Inventory, hosts: Sequence[Host], services: Collection[ServiceName]) -> None:
    """Checks that a canary that was named for this command is one of its hosts, if it has any. Raises UsageError.

    The inventory's canary need not be one of the hosts: a deploy to others goes without it, and says so. `services`:
    those of `--only`.
    """
    rollout = loaded.rollout
    canary = rollout.canary or rollout.last
    if not (rollout.canary_named and hosts) or canary in {host.name for host in hosts}:
        return
    its_own = inventory.the_host(loaded, canary).sections
    left_out = services and not its_own.keys() & services
    hint = f"--only leaves {canary} out" if left_out else f"name one of them, or add {canary} to the targets"
    them = ", ".join(brief([host.name for host in hosts]))
    raise UsageError(f"--canary {canary}: not one of the targets, which are {them}", hint)


def _check_states(wanted: set[str]) -> None:
    from runnerops.parsing.near import did_you_mean

    if unknown := sorted(wanted - STATES):
        states = sorted(STATES)
        raise UsageError(
            f"{unknown[0]}: no such state{did_you_mean(unknown[0], states)}", f"known: {', '.join(states)}"
        )


def _names(last: Mapping[str, Record], matches: Callable[[Record], bool]) -> tuple[str, ...]:
    return tuple(name for name, record in last.items() if matches(record))


def _failed(record: Record) -> bool:
    return not record.run.running and record.result in _FAILED


def _changed(record: Record) -> bool:
    return record.result is Result.APPLIED and bool(record.swapped or record.actions)


def _running(record: Record) -> bool:
    return record.run.running


_MEANING = {"@failed": "did not end well", "@changed": "changed something", "@running": "is still going on"}
_IS: Mapping[str, Callable[[Record], bool]] = {"@failed": _failed, "@changed": _changed, "@running": _running}
