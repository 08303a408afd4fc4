"""GitLab's part of a host's plan: settings, and runners to create, pause or delete; and the plan with new tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from runnerops.engine.plans.context import PlanContext
from runnerops.engine.plans.planned import Planned
from runnerops.frozen import frozen
from runnerops.model.gitlab import Created, Managed, SettingsUpdate, Unpaired
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, RenderedFile
from runnerops.model.plan import Blocker, Plan

if TYPE_CHECKING:
    from runnerops.planning.plan import Request


def plan_with_created(
    host: Host, request: Request, make: Callable[[Request], Planned], created: Mapping[str, Created]
) -> Plan:
    """Makes the same plan again, with the tokens from GitLab in place of the stand-ins."""
    from runnerops.engine.gitlab.deletions import with_created_runners
    from runnerops.planning.reconcile import reconcile

    host = replace(host, created=created)
    desired, _ = reconcile(host, request.rendered, request.observed)
    managed = with_created_runners(host, request.in_gitlab or {})
    return make(replace(request, desired=desired, in_gitlab=managed)).plan


@frozen
class GitlabPlan:
    """GitLab's part of a host's plan."""

    blockers: tuple[Blocker, ...] = ()
    notes: tuple[str, ...] = ()
    updates: tuple[SettingsUpdate, ...] = ()
    unpaired: Unpaired = field(default_factory=Unpaired)
    managed: Managed | None = None
    """What is recorded as managed in GitLab; None: the record stays as it is."""
    lost: frozenset[str] = frozenset()
    """Runners that deploys created and that somebody deleted in GitLab. They are created again."""


def reconcile_with_gitlab(
    context: PlanContext, host: Host, rendered: tuple[RenderedFile, ...], observed: HostState
) -> tuple[tuple[RenderedFile, ...], tuple[Blocker, ...], GitlabPlan]:
    """Reconciles, and asks GitLab. Only GitLab tells which runners were deleted there. If there are any, the files are
    reconciled once more.
    """
    from runnerops.planning.reconcile import reconcile

    desired, blockers = reconcile(host, rendered, observed)
    gitlab_plan = plan_in_gitlab(context, host, desired, observed)
    if gitlab_plan.lost <= host.lost:
        return desired, blockers, replace(gitlab_plan, lost=host.lost)
    return reconcile_with_gitlab(context, replace(host, lost=host.lost | gitlab_plan.lost), rendered, observed)


def plan_in_gitlab(
    context: PlanContext, host: Host, desired: Sequence[RenderedFile], observed: HostState
) -> GitlabPlan:
    """Asks GitLab about new runners, new tokens, settings and runners that leave, if the inventory names a GitLab. A
    rollback asks only whether GitLab accepts the tokens that would come back.
    """
    from runnerops.engine.gitlab.creation_records import plan_recorded_creations, record_names

    if host.gitlab is None:
        return GitlabPlan(
            notes=plan_recorded_creations(host, observed, context.gitlab_context()).notes if observed.begun else ()
        )
    from runnerops.engine.gitlab.deletions import DeletionPlanner, with_way_to_recreate
    from runnerops.engine.gitlab.new_runners import plan_creations, plan_leftovers
    from runnerops.engine.gitlab.settings import compare_settings
    from runnerops.engine.gitlab.tokens import check_new_tokens

    gitlab_context = context.gitlab_context()
    blockers, notes = check_new_tokens(host, desired, observed, gitlab_context.down)
    if context.command != "deploy":
        return GitlabPlan(tuple(with_way_to_recreate(blockers)), notes)
    new = plan_creations(host, desired, observed, gitlab_context)
    compared = compare_settings(host, desired, observed, gitlab_context)
    old = plan_leftovers(host, compared.updates, observed, gitlab_context)
    begun = plan_recorded_creations(host, observed, gitlab_context)
    leftovers = tuple(dict.fromkeys((*new.leftovers, *old.leftovers, *begun.leftovers)))
    hosts, policy = context.project.inventory.hosts, context.policy(host)
    deletion_plan = DeletionPlanner(host, hosts, observed, policy, gitlab_context).plan(desired)
    blockers = (*new.blockers, *compared.blockers, *blockers, *deletion_plan.blockers)
    notes = (*notes, *compared.notes, *old.notes, *begun.notes, *deletion_plan.notes)
    anew = tuple(f"runner {name} was deleted in GitLab: another one takes its place" for name in sorted(host.lost))
    unpaired = Unpaired(new.creations, leftovers, deletion_plan.deletions, begun.begun, record_names(observed))
    return GitlabPlan(blockers, (*anew, *notes), compared.updates, unpaired, deletion_plan.in_gitlab, compared.lost)


def with_pauses(context: PlanContext, planned: Planned, request: Request) -> Planned:
    """Adds the pauses to a plan. Whether the run drains the host is known only when the rest is planned."""
    host, plan = request.host, planned.plan
    managed = host.gitlab is not None and bool(host.gitlab_settings or host.gitlab_places)
    if context.command != "deploy" or not managed or request.policy.kill_jobs or not plan.drains:
        return planned
    if context.flags.no_wait:
        note = "no runner is paused in GitLab while it drains: with --no-wait nobody is there to unpause it"
        return replace(planned, plan=replace(plan, notes=(*plan.notes, note)))
    from runnerops.engine.gitlab.pausing import plan_pauses

    pauses, notes = plan_pauses(plan, request, context.gitlab_context())
    plan = replace(
        plan, pausing=replace(plan.pausing, paused_now=(*plan.pausing.paused_now, *pauses)), notes=(*plan.notes, *notes)
    )
    return replace(planned, plan=plan)
