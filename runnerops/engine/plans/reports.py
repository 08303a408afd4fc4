"""The plans as a value from which reports are written."""

from __future__ import annotations

from collections import Counter

from runnerops.engine.plans.planned import Planned, Plans
from runnerops.engine.plans.review import host_lines, plans_summary
from runnerops.engine.project import Project
from runnerops.model.common import Result, Verb
from runnerops.redact import Redactor
from runnerops.report.differ import state_of
from runnerops.report.formats.plans import HostReport, PlanReport

_KINDS = {"new": "create", "removed": "delete"}


def plan_report(project: Project, plans: Plans, redactor: Redactor) -> PlanReport:
    """All that `diff` shows, without secrets."""
    hosts = tuple(
        HostReport(name, tuple((style, redactor.text(text)) for style, text in lines), _is_told(plans[name]))
        for name, lines in host_lines(project, plans, verbose=0)
    )
    counts: Counter[str] = Counter()
    for planned in plans.values():
        if isinstance(planned, Planned):
            counts += _counted(planned)
    return PlanReport(hosts, plans_summary(plans), counts["create"], counts["update"], counts["delete"])


def _is_told(planned: Planned | Exception) -> bool:
    return isinstance(planned, Exception) or planned.result is not Result.UNCHANGED or bool(planned.plan.blockers)


def _counted(planned: Planned) -> Counter[str]:
    changes = planned.plan.changes
    counts = Counter(_KINDS.get(state_of(change), "update") for change in changes)
    explained = {change.new.spec.service for change in changes}
    counts["update"] += len(planned.plan.updates) + len(planned.plan.pausing.left_paused)
    counts["create"] += len(planned.plan.unpaired.creations)
    counts["delete"] += len(planned.plan.unpaired.leftovers) + len(planned.plan.unpaired.deletions)
    counts["update"] += sum(
        action.verb is not Verb.VERIFY and action.service not in explained for action in planned.plan.actions
    )
    return counts
