"""Outcomes of hosts whose run is not begun: in sync, refused, or held back by another host. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from runnerops.engine.plans.planned import Planned
from runnerops.engine.runs.locks import locked_outcome
from runnerops.engine.runs.scheduling import HoldReason
from runnerops.model.common import Result
from runnerops.model.plan import Plan
from runnerops.model.run import Outcome

_WHY_HELD: Mapping[HoldReason, tuple[str, str]] = {
    "drains": (
        "{} still waits for its jobs, and not all hosts may be without a runner at the same time",
        "deploy again when it has ended",
    ),
    "cache": ("it uses the cache of {}, which did not start", "{first}, then deploy both again"),
    "canary": (
        "the canary {} did not end well",
        "{first}, then deploy again (or continue without it: --resume)",
    ),
    "failures": ("the deploy stopped at {}", "{first}, then deploy again (--max-failures allows more failures)"),
}
_AGAIN: Mapping[HoldReason, str] = {
    "drains": "try again when it has ended",
    "cache": "{first}, then try both again",
    "canary": "{first}, then try again",
    "failures": "{first}, then try again (`rollout.max_failures` allows more failures)",
}
"""The hints of commands other than `deploy`, which have no flags for the rollout."""


def why_held(why: HoldReason, whom: str, command: str, *, interrupted: bool = False) -> tuple[str, str]:
    """Why a host is held back because of another, and what to do. `command` is that of the plan.

    `interrupted`: nothing failed on the other host, but somebody ended its run (`runnerops abort`).
    """
    problem, hint = _WHY_HELD[why]
    if not command.startswith("deploy"):
        problem, hint = problem.replace("the deploy", f"the {command.partition(' ')[0]}"), _AGAIN[why]
    first = f"find out who interrupted the run on {whom}" if interrupted else f"repair {whom} first"
    return problem.format(whom), hint.format(first=first)


def in_sync(plan: Plan) -> bool:
    """Whether there is nothing to do on the host, nothing to record there and nothing to set in GitLab."""
    return plan.empty and not plan.tells_gitlab


def not_begun_with(planned: Planned) -> Outcome | None:
    """The outcome of a host that is refused or in sync, or None."""
    if refused := _refusal(planned):
        return refused
    return Outcome(planned.plan.host, Result.UNCHANGED) if in_sync(planned.plan) else None


def _refusal(planned: Planned) -> Outcome | None:
    """Why this host is not touched, or None."""
    plan = planned.plan
    if planned.live_run:
        return locked_outcome(planned.live_run, plan.host)
    errors = tuple(finding for finding in plan.findings if finding.severity == "error")
    if plan.blockers or errors:
        words = [*(blocker.code for blocker in plan.blockers), *(finding.rule for finding in errors)]
        message = f"not touched: {', '.join(dict.fromkeys(words))} (see above)"
        refused = Outcome(plan.host, Result.REFUSED, message=message, blockers=plan.blockers, findings=errors)
        stale = next((blocker for blocker in plan.blockers if blocker.code == "plan-differs"), None)
        hint = "save a new plan and have it reviewed: `runnerops diff --save-plan FILE`"
        return replace(refused, result=Result.STALE_PLAN, diagnostics=stale.details, hint=hint) if stale else refused
    return None
