"""The contents that daemon.json goes through, forward and in a rollback, and how the daemon loads each. Pure.

Some are between the old and the new file, because a key stays loaded if it is only removed, and because the running
process decides about live-restore.
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
    """A content of daemon.json (None: no file), and how the daemon loads it."""

    content: bytes | None
    loads: Loads


def new_content(now: ActionContext) -> bytes | None:
    """The content after the change; None if there will be no file."""
    return now.change.new.content if now.change else now.observed.file(path_of(now.observed)).content


def there(now: ActionContext) -> Iterator[Transition]:
    """From the old file to the desired one."""
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
    """Keys with which a start deletes docker0, whose address dockerd would otherwise keep: explicit pools, without
    live-restore.

    `bridge: none` would delete it too, but containers of the default network would then lose their network for good.
    """
    return {} if tree.get("default-address-pools") else {"default-address-pools": list(DEFAULT_POOLS)}


def back(now: ActionContext) -> Iterator[Transition]:
    """From the desired file back to the old one; nothing if the file does not change."""
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
    """Sets the old address of the bridge explicitly, because dockerd would keep the new one. No container may outlive
    that restart.
    """
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
    """Contents that are neither the old file nor the new one."""
    ends = {new_content(now), now.change.old.content if now.change else None}
    contents = (station.content for station in stations)
    return tuple(dict.fromkeys(content for content in contents if content is not None and content not in ends))
