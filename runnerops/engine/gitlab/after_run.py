"""What a deploy does in GitLab after the host's own run has ended well, and the outcome of that."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from runnerops.engine.gitlab.context import GitlabContext
from runnerops.engine.gitlab.deletions import delete_runners
from runnerops.engine.gitlab.new_runners import NewRunners, delete_leftovers
from runnerops.engine.gitlab.settings import update_settings
from runnerops.engine.plans.planned import Planned
from runnerops.model.common import Result
from runnerops.model.inventory import Host
from runnerops.model.plan import Plan
from runnerops.model.run import Outcome


def set_in_gitlab(
    host: Host, planned: Planned, outcome: Outcome, gitlab_context: GitlabContext, new: NewRunners | None
) -> Outcome:
    """Carries out GitLab's part of the plan. What fails remains as a difference for the next deploy. `new`: runners
    that were created for this run.

    The marks of created runners are removed last, because the next deploy recognises unfinished work by them.
    """
    plan, began = planned.plan, time.monotonic()
    errors = delete_leftovers(host, plan.unpaired.leftovers, gitlab_context) if plan.unpaired.leftovers else ()
    errors = errors or (*update_settings(host, plan.updates, gitlab_context), *(new.finish() if new else ()))
    errors = (*errors, *delete_runners(host, planned, gitlab_context))
    outcome = replace(outcome, seconds=outcome.seconds + time.monotonic() - began)
    if not errors:
        return replace(outcome, message="\n".join((outcome.message, *_done_lines(plan, new))).strip())
    messages = tuple(dict.fromkeys(error.message for error in errors))
    hints = dict.fromkeys(error.hint for error in errors if error.hint)
    undone = _undone(plan, outcome)
    return replace(undone, diagnostics=messages, hint="; ".join(hints) or undone.hint)


def interrupted(plan: Plan, outcome: Outcome) -> Outcome:
    """The host's outcome if GitLab's part is interrupted; `outcome` is that of its own run."""
    return replace(_undone(plan, outcome), diagnostics=("interrupted while GitLab was updated",))


def _undone(plan: Plan, outcome: Outcome) -> Outcome:
    deployed, again, hint = "its files are deployed", "deploy", "deploy again"
    if plan.command.startswith("remove"):
        deployed, again, hint = "its files are off the host", "removal", "remove it again"
    if plan.empty:
        deployed = "its files were in sync"
    message = f"{deployed}; not everything is set in GitLab; the next {again} completes it"
    return replace(outcome, result=Result.FAILED, deployed=True, message=message, hint=hint)


def _done_lines(plan: Plan, new: NewRunners | None) -> Iterator[str]:
    if new:
        yield f"  created in GitLab: {', '.join(new.created)}"
    if plan.updates:
        yield f"  set in GitLab: {', '.join(update.runner for update in plan.updates)}"
    if deleted := (*(str(leftover.id) for leftover in plan.unpaired.leftovers), *map(str, plan.unpaired.deletions)):
        yield f"  deleted in GitLab: runner {', '.join(deleted)}"
