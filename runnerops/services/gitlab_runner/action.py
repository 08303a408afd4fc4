"""What gitlab-runner must do so that a change takes effect: nothing, load its file, or restart. Pure.

A runner that already drains for an earlier run does not load its file any more. It is restarted, which costs nothing
then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runnerops.model.common import Verb, key_text
from runnerops.model.facts import Job, RunnerFacts
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, Policy
from runnerops.model.plan import Action, Change
from runnerops.services.gitlab_runner.format import NAME
from runnerops.services.gitlab_runner.loading import needs_restart
from runnerops.services.gitlab_runner.observe import NOT_THERE
from runnerops.services.gitlab_runner.version import version_of
from runnerops.services.steps import AROUND, DISABLED, still_intended


def minimal_action(
    host: Host,
    changes: Sequence[Change],
    observed: HostState,
    policy: Policy,
    before: Sequence[Action],
) -> Action | None:
    """Load the file if that is enough, else restart; start if it is stopped. An intent counts until it is completed.

    Also called for an unmanaged runner that has an intent, because it was stopped for docker.
    """
    runner = observed.facts.runner
    if runner is None or runner.unit.active == NOT_THERE:
        return None
    keys = tuple(dict.fromkeys(key_text(key_change.key) for change in changes for key_change in change.key_changes))
    if NAME in host.stopped:
        why = "removed" if NAME in host.removed else "state: stopped"
        return _stop(runner, (why, *keys), observed, policy, before)
    disabled = (DISABLED,) if NAME in host.sections and runner.unit.enabled == "disabled" else ()
    because = (*disabled, *keys)
    if not runner.may_have_jobs:
        return Action(NAME, Verb.RESTART, ("gitlab-runner is stopped", *because), operation="start")
    verb = Verb.RELOAD if disabled and changes else Verb.VERIFY
    if keys:
        unloaded = any(needs_restart(change, version_of(runner.version)) for change in changes)
        verb = Verb.RESTART if NAME in host.always_restart or unloaded else Verb.RELOAD
    intent = observed.intent_for(NAME)
    if intent and still_intended(intent, runner.unit.invocation):
        because = (*because, f"unfinished since run {intent.run}")
        verb = max(verb, Verb.RESTART if intent.verb >= Verb.RESTART else Verb.RELOAD)
    if runner.ending and not runner.returning:
        because, verb = ("gitlab-runner is being stopped", *because), Verb.RESTART
    if verb is Verb.VERIFY and not disabled:
        return None
    if runner.returning:
        because, verb = (*because, "draining already"), Verb.RESTART
    if verb is Verb.RESTART or stopped(before):
        return _restart(because, runner, policy, before)
    return Action(NAME, verb, because, operation="enable" if verb is Verb.VERIFY else "")


def _restart(because: tuple[str, ...], runner: RunnerFacts, policy: Policy, before: Sequence[Action]) -> Action:
    if stopped(before):  # the jobs are a cost of the earlier action
        return Action(NAME, Verb.RESTART, because, operation=AROUND)
    return _drained(Action(NAME, Verb.RESTART, because), runner, policy)


def _stop(
    runner: RunnerFacts, because: tuple[str, ...], observed: HostState, policy: Policy, before: Sequence[Action]
) -> Action | None:
    """The runner stays stopped, and is not started at boot."""
    rests = runner.unit.active in {"inactive", "failed"} and not runner.returning
    if rests and not observed.intent_for(NAME) and runner.unit.enabled != "enabled":
        return None
    action = Action(NAME, Verb.RESTART, because, operation="stop")
    return action if rests or stopped(before) else _drained(action, runner, policy)


def _drained(action: Action, runner: RunnerFacts, policy: Policy) -> Action:
    jobs, waited = len(runner.draining), 0 if policy.kill_jobs else len(runner.draining)
    stops = frozenset({NAME})
    return replace(action, jobs_lost=jobs - waited, requires_stopped=stops, jobs_waited=waited, jobs=runner.draining)


def stopped(actions: Sequence[Action]) -> bool:
    """Whether an action needs the runner stopped."""
    return any(NAME in action.requires_stopped for action in actions)


def count(jobs: Sequence[Job]) -> str:
    """`1 job`, `2 jobs`."""
    return "1 job" if len(jobs) == 1 else f"{len(jobs)} jobs"
