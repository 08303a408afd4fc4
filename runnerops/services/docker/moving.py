"""The docker part of a run: swap, reload or restart, prove, and the way back. Pure.

The file goes through stations: contents, each loaded in its way. Some stations lie between the old file and the new
one, for a key that is only taken out of the file stays loaded, and live-restore counts as the running process has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from runnerops.model import Action, Change, Host, HostState, Moves, Policy, Step, Verb
from runnerops.services.base import sha256, staged_path
from runnerops.services.docker.document import NAME
from runnerops.services.docker.keys import key_of_flag, version_of
from runnerops.services.docker.meaning import path_of
from runnerops.services.docker.scene import LOADED, Scene, scene
from runnerops.services.steps import NOTHING, answers, owe, run, settle_debt, wait

RELOAD = (
    "last() { docker events --since 1h --until 0s --filter type=daemon --filter event=reload"
    " --format '{{.TimeNano}}' | tail -n 1; }; "
    'before=$(last); systemctl reload "$1" || exit 1; '
    'while after=$(last); [ "$after" = "$before" ]; do sleep 1; done'
)
"""Reloads, and waits for the daemon's own event: one that refuses its file ends `systemctl reload` with 0 too."""

RETURN = (
    'now=$(systemctl show -p InvocationID --value "$1"); '
    'if [ "$now" = "$2" ] && systemctl is-active -q "$1"; then systemctl reload "$1"; '
    'else systemctl reset-failed "$1"; systemctl restart "$1"; fi'
)
"""The way back is no harsher than the way there: a restart only where the daemon was restarted."""

RESET = 'systemctl reset-failed "$1" || :'
"""Good starts count against the unit's limit too (3 in 60 s). A unit that systemd has not loaded cannot be reset."""

BRIDGE = "{{(index .IPAM.Config 0).Gateway}}"

Loads: TypeAlias = Literal["reload", "restart", "start", "return", "stop"]


@dataclass(frozen=True, slots=True)
class Station:
    """A content of daemon.json (None: no file), and how the daemon is brought to it."""

    content: bytes | None
    loads: Loads


def moves(
    host: Host,
    action: Action,
    changes: Sequence[Change],
    have: HostState,
    policy: Policy,
    run: int,
    paused: bool,  # noqa: ARG001  nothing brings docker to rest
) -> Moves:
    """Guarded by what the daemon has loaded; judged by dockerd itself and by an answer of each new mirror."""
    now = scene(host, action, changes, have, policy)
    there, back = tuple(_there(now)), tuple(_back(now))
    between = _between(now, (*there, *back))
    return Moves(
        guard=tuple(_guard(now)),
        judge=(*_stage(now, between), *_judge(now)),
        todo=tuple(_todo(now, there, run)),
        undo=tuple(_undo(now, there, back)),
        files={f"between.{index}": content for index, content in enumerate(between, 1)},
    )


def pause(have: HostState, policy: Policy) -> Moves:  # noqa: ARG001
    """Docker rests for nobody."""
    return Moves()


def resume(have: HostState, policy: Policy, run: int) -> Moves:  # noqa: ARG001
    """Docker rests for nobody."""
    return Moves()


def _new(now: Scene) -> bytes | None:
    return now.change.new.content if now.change else now.have.file(path_of(now.have)).content


def _there(now: Scene) -> Iterator[Station]:
    if now.action.verb is Verb.RELOAD:
        yield Station(_new(now), "reload")
        return
    if now.sets_live_restore:
        yield Station(_new(now), "reload")
    if now.drops_live_restore:
        yield Station(now.with_keys(now.want, {"live-restore": False}), "reload")
    yield Station(_new(now), "restart" if now.up else "start")


def _back(now: Scene) -> Iterator[Station]:
    if now.change is None:
        return
    old, forgotten = now.change.old.content, dict(now.forgotten())
    if not now.up:
        yield Station(old, "stop")
    elif now.drops_live_restore:
        yield Station(now.with_keys(now.old, {"live-restore": False}), "reload")
        yield Station(old, "return")
    elif now.restarts and not now.sets_live_restore:
        yield Station(old, "return")
    else:
        if now.sets_live_restore:
            yield Station(now.with_keys(now.old, {"live-restore": True}), "return")
        if forgotten:
            yield Station(now.with_keys(now.old, forgotten), "reload")
        yield Station(old, "reload")


def _between(now: Scene, stations: Sequence[Station]) -> tuple[bytes, ...]:
    """Contents that are neither the old file's nor the new one's."""
    ends = {_new(now), now.change.old.content if now.change else None}
    contents = (station.content for station in stations)
    return tuple(dict.fromkeys(content for content in contents if content is not None and content not in ends))


def _stage(now: Scene, between: Sequence[bytes]) -> Iterator[Step]:
    if now.change is None:
        return
    spec = now.change.new.spec
    for index, content in enumerate(between, 1):
        yield Step("stage", (f"between.{index}", spec.path, spec.mode, spec.owner, sha256(content)))


def _guard(now: Scene) -> Iterator[Step]:
    unit = now.docker.unit
    yield Step("guard", (unit.active, "systemctl", "is-active", "docker"))
    if now.up:
        yield Step("guard", (unit.invocation, "systemctl", "show", "-p", "InvocationID", "--value", "docker"))
        if loaded := now.proof_now():
            yield Step("guard", (loaded, "docker", "info", "--format", LOADED))


def _judge(now: Scene) -> Iterator[Step]:
    change = now.change
    version = version_of(now.docker.version)
    if change and change.edits and change.new.content is not None and version and version >= (23, 0):
        staged = staged_path(change.new.spec.path, sha256(change.new.content))
        yield run(30, *_dockerd(now), "--validate", "--config-file", staged)
    if "unproven-mirror" not in now.policy.allow:
        for url in now.new_mirrors:
            yield wait(10, "ok", *answers(url, now.have.facts.tools))


def _dockerd(now: Scene) -> Iterator[str]:
    """dockerd as its unit starts it, but its file; a variable that systemd would fill in is not known."""
    follows = False
    for word in now.docker.unit.argv or ("dockerd",):
        if not (follows or word.startswith("$") or key_of_flag(word) == "config-file"):
            yield word
        follows = word == "--config-file"


def _todo(now: Scene, there: Sequence[Station], number: int) -> Iterator[Step]:
    yield owe(NAME, now.action.verb, number, now.docker.unit.invocation)
    at = now.change.old.content if now.change else _new(now)
    for index, station in enumerate(there):
        if now.change and (index == 0 or station.content != at):
            yield _swap(now, at, station.content)
        at = station.content
        yield from _load(now, station)
        if station.loads == "reload" and now.restarts:
            live_restore = "=true" if now.sets_live_restore else "=false"
            yield wait(30, live_restore, "docker", "info", "--format", "{{.LiveRestoreEnabled}}")
    yield _prove(now, now.proof())
    if bip := now.want.get("bip") if now.moves_bridge else None:
        address = str(bip).partition("/")[0]
        yield wait(30, f"={address}", "docker", "network", "inspect", "bridge", "--format", BRIDGE)
    yield Step("strike", (NAME,))


def _undo(now: Scene, there: Sequence[Station], back: Sequence[Station]) -> Iterator[Step]:
    """From wherever on the way there the run ended: a station passed half-way is first completed."""
    at = _new(now)
    for station in there:
        if station.content != at:
            yield _swap(now, station.content, at)
    for station in back:
        yield _swap(now, at, station.content)
        at = station.content
        yield from _load(now, station)
    if not back and now.restarts:
        yield run(10, "sh", "-c", RESET, "sh", "docker")
        yield run(120, "systemctl", "start", "docker")
    if now.up and back:
        yield _prove(now, now.proof_back())
    owed = now.have.owes(NAME)
    paid = owed is None or owed.invocation != (now.docker.unit.invocation or NOTHING)
    yield settle_debt(NAME, None if paid else owed)


def _swap(now: Scene, old: bytes | None, new: bytes | None) -> Step:
    assert now.change
    return Step("swap", (now.change.new.spec.path, sha256(old), sha256(new)))


def _load(now: Scene, station: Station) -> Iterator[Step]:
    if station.loads == "reload":
        yield run(60, "sh", "-c", RELOAD, "sh", "docker")
    elif station.loads == "return":
        yield run(150, "sh", "-c", RETURN, "sh", "docker", now.docker.unit.invocation or NOTHING)
    elif station.loads == "stop":
        yield run(120, "systemctl", "stop", "docker")
    else:
        yield run(10, "sh", "-c", RESET, "sh", "docker")
        yield run(120, "systemctl", station.loads, "docker")


def _prove(now: Scene, loaded: str | None) -> Step:
    if loaded is None:
        return wait(now.policy.prove_s, "ok", "docker", "version", "--format", "{{.Server.Version}}")
    return wait(now.policy.prove_s, f"={loaded}", "docker", "info", "--format", LOADED)
