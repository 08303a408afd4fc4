"""The contents that daemon.json goes through, forward and in a rollback, and how the daemon is brought to each. Pure.

Some lie between the old file and the new one, for a key that is only taken out of the file stays loaded, and
live-restore counts as the running process has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from runnerops.frozen import frozen
from runnerops.model.common import Tree, Verb
from runnerops.services.docker.action.context import ActionContext
from runnerops.services.docker.action.effects import DEFAULT_POOLS, own_bridge
from runnerops.services.docker.diff import path_of

Loads: TypeAlias = Literal["reload", "reload if it runs", "restart", "start", "return", "stop"]


@frozen
class Transition:
    """A content of daemon.json (None: no file), and how the daemon is brought to it."""

    content: bytes | None
    loads: Loads


def new_content(now: ActionContext) -> bytes | None:
    """The file as it will be; None where there will be none."""
    return now.change.new.content if now.change else now.observed.file(path_of(now.observed)).content


def there(now: ActionContext) -> Iterator[Transition]:
    """From the file as it is to the one asked for."""
    if now.action.verb is Verb.RELOAD:
        if now.change and (stuck := now.stuck()):
            yield Transition(now.with_keys(now.desired, stuck), "reload")
        yield Transition(new_content(now), "reload")
        return
    if now.sets_live_restore:
        yield Transition(new_content(now), "reload")
    beforehand: Tree = {**now.unloads_live_restore, **(_named_pools(now.desired) if now.frees_bridge else {})}
    if now.drops_live_restore:
        yield Transition(now.with_keys(now.desired, beforehand), "reload")
    if now.frees_bridge and now.up:
        yield Transition(now.with_keys(now.desired, beforehand), "restart")
    yield Transition(new_content(now), "restart" if now.up else "start")


def _named_pools(tree: Tree) -> Tree:
    """What makes a start remove docker0, whose address dockerd would take up again: pools by name, without live-restore.

    With `bridge: none` it would go too, but containers of the default network would lose their network for good.
    """
    return {} if tree.get("default-address-pools") else {"default-address-pools": list(DEFAULT_POOLS)}


def back(now: ActionContext) -> Iterator[Transition]:
    """From the one asked for to the file as it was; nothing where the file does not change."""
    if now.change is None:
        return
    old, forgotten = now.change.old.content, dict(now.forgotten())
    if not now.up:
        yield Transition(old, "stop")
    elif now.restarts and now.remakes_bridge:
        yield from _bridge_back(now, old)
    elif now.restarts and now.switches:
        yield from _unloads_live_restore(now)
        yield Transition(old, "return")
    elif now.restarts and not now.sets_live_restore:
        yield Transition(old, "return")
    else:
        if now.sets_live_restore:
            yield Transition(now.with_keys(now.old, {"live-restore": True}), "return")
        if forgotten:
            yield Transition(now.with_keys(now.old, forgotten), "reload")
        yield Transition(old, "reload")


def _bridge_back(now: ActionContext, old: bytes | None) -> Iterator[Transition]:
    """The bridge gets its old address by name, or dockerd would keep the new one; no container may outlive that restart."""
    if now.docker.live_restore is not False or now.desired.get("live-restore") is True:
        yield from _unloads_live_restore(now)
    if "bip" in now.old or not (now.moves_bridge and now.docker.bridge and own_bridge(now.old)):
        yield Transition(old, "return")
        return
    address = f"{now.docker.bridge}/{now.docker.bridge_prefix}"
    yield Transition(now.with_keys(now.old, {"bip": address}), "return")
    yield Transition(old, "reload")


def _unloads_live_restore(now: ActionContext) -> Iterator[Transition]:
    if not now.live_restore_is_flag:
        yield Transition(now.with_keys(now.old, now.unloads_live_restore), "reload if it runs")


def between(now: ActionContext, stations: Sequence[Transition]) -> tuple[bytes, ...]:
    """Contents that are neither the old file's nor the new one's."""
    ends = {new_content(now), now.change.old.content if now.change else None}
    contents = (station.content for station in stations)
    return tuple(dict.fromkeys(content for content in contents if content is not None and content not in ends))
