"""The docker phase of a run: swap, reload or restart, verify, and its rollback. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runnerops.model.common import Verb
from runnerops.model.host_state import sha256
from runnerops.model.steps import ActionSteps, Step
from runnerops.services.base import ActionRequest
from runnerops.services.docker.action.context import LOADED, ActionContext, scene
from runnerops.services.docker.action.effects import BRIDGE, GATEWAY, SUBNET, shown
from runnerops.services.docker.format import NAME
from runnerops.services.docker.schema import key_of_flag
from runnerops.services.docker.steps.far_caches import ways_after, ways_before
from runnerops.services.docker.steps.transitions import Transition, back, between, new_content, there
from runnerops.services.scripts import script
from runnerops.services.shared.versions import version_of
from runnerops.services.steps import (
    NOTHING,
    answers,
    diagnose,
    guard,
    intend,
    restore_intent,
    run,
    staged_path,
    still_intended,
    wait,
    with_enablement,
)

RESET = 'systemctl reset-failed "$1" || :'
"""Successful starts count for the unit's limit too (3 in 60 s). A unit that systemd has not loaded cannot be reset."""

_FURTHER = "docker.{}"
"""The name of a content between the old and the new one in the payload."""

SSHD = 'curl -s -m 5 --noproxy "*" --http0.9 "$1" 2>/dev/null | head -n 1'
"""URL: the first line that the SSH server there sends."""


def action_steps(request: ActionRequest) -> ActionSteps:
    """Guarded by what the daemon has loaded; validated by dockerd itself and by an answer of each new mirror."""
    context = scene(request.host, request.action, request.changes, request.observed, request.policy)
    if context.action.verb is Verb.VERIFY:
        return with_enablement(ActionSteps(), context.docker.unit, "enabled")
    onward, homeward = tuple(there(context)), tuple(back(context))
    further = between(context, (*onward, *homeward))
    mirrors = tuple(_mirrors(context))
    steps = ActionSteps(
        guard=tuple(_guard(context)),
        validate=(*_stage(context, further), *_judge(context), *mirrors, *ways_before(context)),
        forward=tuple(_forward(context, onward, request.run)),
        rollback=tuple(_rollback(context, onward, homeward)),
        diagnostics=(diagnose("docker"),),
        files={_FURTHER.format(index): content for index, content in enumerate(further, 1)},
        overrides=dict.fromkeys(mirrors, "unproven-mirror"),
    )
    return steps if NAME in request.host.removed else with_enablement(steps, context.docker.unit, "enabled")


def _stage(context: ActionContext, further: Sequence[bytes]) -> Iterator[Step]:
    if context.change is None:
        return
    spec = context.change.new.spec
    for index, content in enumerate(further, 1):
        yield Step("stage", (_FURTHER.format(index), spec.path, spec.mode, spec.owner, sha256(content)))


def _guard(context: ActionContext) -> Iterator[Step]:
    unit = context.docker.unit
    yield guard(unit.active, "systemctl", "is-active", "docker", title=f"check that docker is still {unit.active}")
    if context.up:
        argv = ("systemctl", "show", "-p", "InvocationID", "--value", "docker")
        yield guard(unit.invocation, *argv, title="check that docker was not restarted meanwhile")
        if loaded := context.loaded_now():
            title = "check that docker still has the same mirrors and live-restore loaded"
            yield guard(loaded, "docker", "info", "--format", LOADED, title=title)


def _judge(context: ActionContext) -> Iterator[Step]:
    change = context.change
    version = version_of(context.docker.version)
    if change and change.key_changes and change.new.content is not None and version and version >= (23, 0):
        staged = staged_path(change.new.spec.path, sha256(change.new.content))
        yield run(
            30, *_dockerd(context), "--validate", "--config-file", staged, title="let dockerd validate its new file"
        )


def _mirrors(context: ActionContext) -> Iterator[Step]:
    if "unproven-mirror" not in context.policy.allow:
        for url in context.new_mirrors:
            yield wait(
                10, "ok", *answers(url, context.observed.facts.tools), title=f"wait until the mirror {url} answers"
            )


def _dockerd(context: ActionContext) -> Iterator[str]:
    """The command line of dockerd as its unit starts it, without its file. Variables that systemd would fill in are not
    known.
    """
    follows = False
    for word in context.docker.unit.argv or ("dockerd",):
        if not (follows or word.startswith("$") or key_of_flag(word) == "config-file"):
            yield word
        follows = word == "--config-file"


def _forward(context: ActionContext, onward: Sequence[Transition], number: int) -> Iterator[Step]:
    yield intend(NAME, context.action.verb, number, context.docker.unit.invocation)
    at = context.change.old.content if context.change else new_content(context)
    for index, station in enumerate(onward):
        if context.change and (index == 0 or station.content != at):
            yield _swap(context, at, station.content)
        at = station.content
        yield from _load(context, station)
        if station.loads == "reload" and context.restarts:
            live_restore, word = ("=true", "on") if context.sets_live_restore else ("=false", "off")
            title = f"wait until live-restore is {word}"
            yield wait(30, live_restore, "docker", "info", "--format", "{{.LiveRestoreEnabled}}", title=title)
    yield _verify(context, context.loaded_after())
    yield from _prove_bridge(context.bip if context.restarts or context.remakes_bridge else "")
    if context.frees_bridge:
        yield wait(30, "~.", *BRIDGE, SUBNET, title="wait until the default network has a subnet")
    for name, argv, text in shown(context.changed, context.old, context.desired, version_of(context.docker.version)):
        yield wait(30, f"={text}", *argv, title=f"wait until {name} is in effect")
    yield from _prove_store(context)
    if context.action.verb is Verb.RESTART:
        yield from _prove_way_back(context)
        yield from ways_after(context)
    yield Step("complete", (NAME,))


def _prove_way_back(context: ActionContext) -> Iterator[Step]:
    """Verifies that the host still reaches the client that deployed, and answers at the address that it used. The
    client need not answer.
    """
    client_route = context.docker.client
    if client_route.device:
        title = "verify that the host still reaches the client"
        yield wait(
            15,
            f"={client_route.device} {client_route.source}",
            *script("client-route.sh", client_route.address),
            title=title,
        )
    if client_route.server and "curl" in context.observed.facts.tools:
        server = f"[{client_route.server}]" if ":" in client_route.server else client_route.server
        url, title = f"http://{server}:{client_route.port}/", f"verify that SSH answers at {server}:{client_route.port}"
        yield wait(15, "~SSH-", "sh", "-c", SSHD, "sh", url, title=title)


def _rollback(context: ActionContext, onward: Sequence[Transition], homeward: Sequence[Transition]) -> Iterator[Step]:
    """Undoes a run from any step: a content that was being loaded is first loaded completely."""
    at = new_content(context)
    for content in dict.fromkeys(station.content for station in onward):
        if content != at:
            yield _swap(context, content, at)
    for station in homeward:
        yield _swap(context, at, station.content)
        at = station.content
        yield from _load(context, station)
    if not homeward and context.restarts:
        yield _reset()
        yield run(120, "systemctl", "start", "docker", title="start docker")
    if context.up and homeward:
        yield _verify(context, context.loaded_before())
        yield from _prove_bridge(context.docker.bridge if context.remakes_bridge and context.moves_bridge else "")
    intent = context.observed.intent_for(NAME)
    yield restore_intent(NAME, intent if still_intended(intent, context.docker.unit.invocation) else None)


def _swap(context: ActionContext, old: bytes | None, new: bytes | None) -> Step:
    assert context.change
    return Step("swap", (context.change.new.spec.path, sha256(old), sha256(new)))


def _load(context: ActionContext, station: Transition) -> Iterator[Step]:
    if station.loads == "reload":
        yield run(60, *script("docker-reload.sh", "docker"), title="reload docker")
    elif station.loads == "reload if it runs":
        yield run(60, *script("docker-reload.sh", "--if-active", "docker"), title="reload docker if it runs")
    elif station.loads == "return":
        life = context.docker.unit.invocation or NOTHING
        yield run(
            150, *script("docker-return.sh", "docker", life), title="reload docker, or restart it if it was restarted"
        )
    elif station.loads == "stop":
        yield run(120, "systemctl", "stop", "docker", title="stop docker")
    else:
        yield _reset()
        yield run(120, "systemctl", station.loads, "docker", title=f"{station.loads} docker")


def _reset() -> Step:
    return run(10, "sh", "-c", RESET, "sh", "docker", title="forget failed starts of docker")


def _prove_bridge(address: str) -> Iterator[Step]:
    if address:
        yield wait(30, f"={address}", *BRIDGE, GATEWAY, title=f"wait until docker0 has the address {address}")


def _prove_store(context: ActionContext) -> Iterator[Step]:
    """Verifies that the daemon uses the requested store, as far as it tells."""
    for switch in context.switches:
        if switch.key == "data-root" and not context.desired.get("userns-remap"):
            yield _stored(switch.key, f"={switch.after}", "{{.DockerRootDir}}")
        elif switch.key == "userns-remap" and switch.after != "off":
            yield _stored(switch.key, "~name=userns", "{{.SecurityOptions}}")
        elif switch.key == "image store" and switch.after.startswith("containerd"):
            yield _stored(switch.key, "~io.containerd.snapshotter", "{{.DriverStatus}}")
        elif switch.key in {"image store", "storage-driver"} and context.desired.get("storage-driver"):
            yield _stored(switch.key, f"={context.desired['storage-driver']}", "{{.Driver}}")


def _stored(key: str, condition: str, form: str) -> Step:
    return wait(30, condition, "docker", "info", "--format", form, title=f"wait until docker runs with its new {key}")


def _verify(context: ActionContext, loaded: str | None) -> Step:
    if loaded is None:
        argv = ("docker", "version", "--format", "{{.Server.Version}}")
        return wait(context.policy.verify_s, "ok", *argv, title="wait until docker answers")
    title = "wait until docker has its mirrors and live-restore loaded"
    return wait(context.policy.verify_s, f"={loaded}", "docker", "info", "--format", LOADED, title=title)
