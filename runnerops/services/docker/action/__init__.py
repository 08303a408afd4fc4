"""What the Docker daemon must do so that a change takes effect: nothing, reload, or restart. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runnerops.model.common import ServiceName, Tree, Value, Verb, key_text
from runnerops.model.facts import DockerFacts
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, Policy
from runnerops.model.plan import Action, Change, KeyChange
from runnerops.services.docker.action.store import decides_store, differences, flags_of
from runnerops.services.docker.diff import loaded, path_of, read, tree_of
from runnerops.services.docker.format import NAME
from runnerops.services.docker.schema import KEYS, mirrors_of, neutral, reloads
from runnerops.services.docker.schema.features import flag_reloads
from runnerops.services.shared.daemon import running
from runnerops.services.shared.versions import version_of
from runnerops.services.shared.ways import KEYS as WAYS
from runnerops.services.steps import DISABLED, still_intended


def daemon_action(host: Host, changes: Sequence[Change], observed: HostState, policy: Policy) -> Action | None:
    """The action for the changes, and for the unit's start at boot."""
    action, docker = _for_changes(host, changes, observed, policy), observed.facts.docker
    if docker is None or docker.flavour != "engine" or docker.unit.enabled != "disabled":
        return action
    if NAME not in host.sections or NAME in host.removed:
        return action
    if action:
        return replace(action, because=(*action.because, DISABLED))
    verb, operation = (Verb.RELOAD, "") if changes else (Verb.VERIFY, "enable")
    return Action(NAME, verb, (DISABLED,), operation=operation)


def _for_changes(host: Host, changes: Sequence[Change], observed: HostState, policy: Policy) -> Action | None:
    """Reload if that is enough, else restart; start if the daemon is down. An intent counts until it is completed.

    A key that only names the image store that is in effect already needs no restart.
    """
    docker = observed.facts.docker
    if docker is None or docker.flavour != "engine" or NAME not in host.sections:
        return None
    key_changes = [key_change for change in changes for key_change in change.key_changes]
    because = tuple(dict.fromkeys(key_text(key_change.key) for key_change in key_changes))
    if not running(docker):
        return Action(NAME, Verb.RESTART, ("docker is stopped", *because), operation="start")
    desired = desired_tree(changes, observed)
    verb = Verb.VERIFY
    if key_changes:  # if the host's file cannot be read, it is not known what was loaded from it
        is_readable = all(change.old.content is None or read(change.old.content) is not None for change in changes)
        same = not differences(tree_of(changes[0].old.content), desired, docker)
        telling = [key_change for key_change in key_changes if not (same and decides_store(key_change))]
        soft = (
            is_readable
            and NAME not in host.always_restart
            and all(_soft(key_change, desired, docker) for key_change in telling)
        )
        verb = Verb.RELOAD if soft else Verb.RESTART
    for name in unloaded(desired, docker):
        if name not in because:
            because = (*because, f"{name} not loaded")
            verb = max(verb, Verb.RELOAD)
    intent = observed.intent_for(NAME)
    if intent and still_intended(intent, docker.unit.invocation):
        because = (*because, f"unfinished since run {intent.run}")
        verb = max(verb, intent.verb)
    action = _action(verb, because, observed, policy)
    return replace(action, ways=WAYS & {str(change.key[0]) for change in key_changes}) if action else None


def _action(verb: Verb, because: tuple[str, ...], observed: HostState, policy: Policy) -> Action | None:
    """A restart ends a runner's jobs even with live-restore, so the runner is stopped meanwhile, whether it is managed
    here or not.
    """
    runner = observed.facts.runner
    if verb < Verb.RELOAD:
        return None
    if verb < Verb.RESTART or runner is None:
        return Action(NAME, verb, because)
    rests = not runner.may_have_jobs and not runner.comes_back
    waited = 0 if policy.kill_jobs else len(runner.draining)
    return Action(
        NAME,
        verb,
        because,
        jobs_lost=len(runner.jobs) - waited,
        jobs_waited=waited,
        requires_stopped=frozenset() if rests else frozenset({ServiceName.GITLAB_RUNNER}),
        jobs=runner.jobs,
    )


def desired_tree(changes: Sequence[Change], observed: HostState) -> Tree:
    """The tree of the file after the change, or of the file on the host if it does not change."""
    if changes:
        return tree_of(changes[0].new.content)
    return tree_of(observed.file(path_of(observed)).content)


def unloaded(desired: Tree, docker: DockerFacts) -> tuple[str, ...]:
    """Keys whose loaded value differs from the file, of those that the daemon tells."""
    return tuple(name for name, value in loaded(docker).items() if not _equal(name, value, desired))


def _equal(name: str, value: object, desired: Tree) -> bool:
    if name == "registry-mirrors":
        return mirrors_of(desired.get(name)) == tuple(value if isinstance(value, list) else ())
    return bool(desired.get(name)) is value


def _soft(key_change: KeyChange, desired: Tree, docker: DockerFacts) -> bool:
    """Whether a reload loads this change, because this version does not read the key only at its start.

    A sticky key that is removed is first written out, if possible (`transitions`).
    """
    name, version = str(key_change.key[0]), version_of(docker.version)
    if not reloads(name, version):
        return False
    is_removed = name not in desired or desired[name] is None
    if name == "authorization-plugins" and _names(key_change.new) - _names(key_change.old):
        return False  # a reload ends the daemon, and with it all containers, if it cannot reach a plugin
    if name == "features" and not all(flag_reloads(flag, version) for flag in flags_of(key_change)):
        return False
    stays = KEYS[name].sticky and is_removed and not neutral(name, key_change.old)
    return not stays or KEYS[name].neutral is not None


def _names(value: Value) -> frozenset[str]:
    return frozenset(map(str, value if isinstance(value, list) else ()))
