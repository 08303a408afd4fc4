"""What gitlab-runner must do for a change to take effect: nothing, load its file, or restart. Pure.

One that drains already, for an earlier run, loads no file any more: it is restarted, which costs nothing then.
"""

from __future__ import annotations

from collections.abc import Sequence

from runnerops.model.common import Verb, key_text
from runnerops.model.host_state import HostState, Job
from runnerops.model.inventory import Host, Policy
from runnerops.model.plan import Action, Change
from runnerops.services.gitlab_runner.format import NAME
from runnerops.services.gitlab_runner.observe import NOT_THERE
from runnerops.services.gitlab_runner.schema import RESTART
from runnerops.services.steps import still_intended


def minimal_action(
    host: Host,
    changes: Sequence[Change],
    observed: HostState,
    policy: Policy,
    before: Sequence[Action],
) -> Action | None:
    """Load where that is enough, else restart; start where it is stopped. What is owed counts until it is paid.

    Asked of a runner that is not managed, too, where something is owed to it: it rested for docker.
    """
    runner = observed.facts.runner
    if runner is None or runner.unit.active == NOT_THERE:
        return None
    keys = tuple(dict.fromkeys(key_text(key_change.key) for change in changes for key_change in change.key_changes))
    names = {key_change.key[0] for change in changes for key_change in change.key_changes}
    if not runner.lives:
        return Action(NAME, Verb.RESTART, ("gitlab-runner is stopped", *keys), operation="start")
    verb = Verb.VERIFY
    if names:
        verb = Verb.RESTART if NAME in host.always_restart or names & RESTART else Verb.RELOAD
    because = keys
    intent = observed.intent_for(NAME)
    if intent and still_intended(intent, runner.unit.invocation):
        because = (*because, f"owed since run {intent.run}")
        verb = max(verb, Verb.RESTART if intent.verb >= Verb.RESTART else Verb.RELOAD)
    if verb is Verb.VERIFY:
        return None
    if runner.returning:
        because, verb = (*because, "draining already"), Verb.RESTART
    if verb is not Verb.RESTART or stopped(before):  # then its jobs are the earlier action's cost
        return Action(NAME, verb, because)
    jobs, waited = len(runner.draining), 0 if policy.kill_jobs else len(runner.draining)
    return Action(NAME, verb, because, jobs - waited, frozenset({NAME}), jobs_waited=waited)


def stopped(actions: Sequence[Action]) -> bool:
    """Whether an action needs the runner at rest."""
    return any(NAME in action.requires_stopped for action in actions)


def count(jobs: Sequence[Job]) -> str:
    """`1 job`, `2 jobs`."""
    return "1 job" if len(jobs) == 1 else f"{len(jobs)} jobs"
