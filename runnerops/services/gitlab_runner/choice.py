"""What gitlab-runner must do for a change to take effect: nothing, load its file, or restart. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runnerops.model import Action, Change, Host, HostState, Policy, ServiceName, Verb, key_text
from runnerops.services.gitlab_runner.document import NAME
from runnerops.services.gitlab_runner.keys import RESTART
from runnerops.services.gitlab_runner.observation import NOT_THERE
from runnerops.services.steps import owed_to

RUNNING = "active"
"""`activating` counts as stopped: it is the wait between two starts, and there is no main process."""


def choose(
    host: Host,
    changes: Sequence[Change],
    have: HostState,
    policy: Policy,
    before: Sequence[Action],  # noqa: ARG001  a runner at rest is brought back by its own action, or by `resume`
) -> Action | None:
    """Load where that is enough, else restart; start where it is stopped. What is owed counts until it is paid."""
    runner = have.facts.runner
    if runner is None or runner.unit.active == NOT_THERE:
        return None
    keys = tuple(dict.fromkeys(key_text(edit.key) for change in changes for edit in change.edits))
    names = {edit.key[0] for change in changes for edit in change.edits}
    if runner.unit.active != RUNNING:
        return Action(NAME, Verb.RESTART, ("gitlab-runner is stopped", *keys))
    verb = Verb.PROVE
    if names:
        verb = Verb.RESTART if NAME in host.blunt or names & RESTART else Verb.RELOAD
    because = keys
    owed = have.owes(NAME)
    if owed and owed_to(owed, runner.unit.invocation):
        because = (*because, f"owed since run {owed.run}")
        verb = max(verb, Verb.RESTART if owed.verb >= Verb.RESTART else Verb.RELOAD)
    if verb is Verb.PROVE:
        return None
    lost = len(runner.jobs) if policy.kill_jobs and verb is Verb.RESTART else 0
    return Action(NAME, verb, because, jobs_lost=lost)


def rests(actions: Sequence[Action]) -> bool:
    """Whether an action of this plan needs the runner at rest: another service's, or its own restart."""
    return any(ServiceName.GITLAB_RUNNER in action.idle for action in actions)
