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


def new_content(context: ActionContext) -> bytes | None:
    """The content after the change; None if there will be no file."""
    return context.change.new.content if context.change else context.observed.file(path_of(context.observed)).content


def there(context: ActionContext) -> Iterator[Transition]:
    """From the old file to the desired one."""
    if context.action.verb is Verb.RELOAD:
        if context.change and (stuck := context.stuck()):
            yield Transition(context.with_keys(context.desired, stuck), "reload")
        yield Transition(new_content(context), "reload")
        return
    if context.sets_live_restore:
        yield Transition(new_content(context), "reload")
    beforehand: Tree = {
        **context.unloads_live_restore,
        **(_named_pools(context.desired) if context.frees_bridge else {}),
    }
    if context.drops_live_restore:
        yield Transition(context.with_keys(context.desired, beforehand), "reload")
    if context.frees_bridge and context.up:
        yield Transition(context.with_keys(context.desired, beforehand), "restart")
    yield Transition(new_content(context), "restart" if context.up else "start")


def _named_pools(tree: Tree) -> Tree:
    """Keys with which a start deletes docker0, whose address dockerd would otherwise keep: explicit pools, without
    live-restore.

    `bridge: none` would delete it too, but containers of the default network would then lose their network for good.
    """
    return {} if tree.get("default-address-pools") else {"default-address-pools": list(DEFAULT_POOLS)}


def back(context: ActionContext) -> Iterator[Transition]:
    """From the desired file back to the old one; nothing if the file does not change."""
    if context.change is None:
        return
    old, forgotten = context.change.old.content, dict(context.forgotten())
    if not context.up:
        yield Transition(old, "stop")
    elif context.restarts and context.remakes_bridge:
        yield from _bridge_back(context, old)
    elif context.restarts and context.switches:
        yield from _unloads_live_restore(context)
        yield Transition(old, "return")
    elif context.restarts and not context.sets_live_restore:
        yield Transition(old, "return")
    else:
        if context.sets_live_restore:
            yield Transition(context.with_keys(context.old, {"live-restore": True}), "return")
        if forgotten:
            yield Transition(context.with_keys(context.old, forgotten), "reload")
        yield Transition(old, "reload")


def _bridge_back(context: ActionContext, old: bytes | None) -> Iterator[Transition]:
    """Sets the old address of the bridge explicitly, because dockerd would keep the new one. No container may outlive
    that restart.
    """
    if context.docker.live_restore is not False or context.desired.get("live-restore") is True:
        yield from _unloads_live_restore(context)
    if "bip" in context.old or not (context.moves_bridge and context.docker.bridge and own_bridge(context.old)):
        yield Transition(old, "return")
        return
    address = f"{context.docker.bridge}/{context.docker.bridge_prefix}"
    yield Transition(context.with_keys(context.old, {"bip": address}), "return")
    yield Transition(old, "reload")


def _unloads_live_restore(context: ActionContext) -> Iterator[Transition]:
    if not context.live_restore_is_flag:
        yield Transition(context.with_keys(context.old, context.unloads_live_restore), "reload if it runs")


def between(context: ActionContext, stations: Sequence[Transition]) -> tuple[bytes, ...]:
    """Contents that are neither the old file nor the new one."""
    ends = {new_content(context), context.change.old.content if context.change else None}
    contents = (station.content for station in stations)
    return tuple(dict.fromkeys(content for content in contents if content is not None and content not in ends))
