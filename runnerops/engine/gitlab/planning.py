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
    from runnerops.engine.gitlab.leaving import with_created
    from runnerops.planning.reconcile import reconcile

    host = replace(host, created=created)
    desired, _ = reconcile(host, request.rendered, request.observed)
    managed = with_created(host, request.in_gitlab or {})
    return make(replace(request, desired=desired, in_gitlab=managed)).plan


@frozen
class InGitlab:
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
) -> tuple[tuple[RenderedFile, ...], tuple[Blocker, ...], InGitlab]:
    """Reconciles, and asks GitLab. Only GitLab tells which runners were deleted there. If there are any, the files are
    reconciled once more.
    """
    from runnerops.planning.reconcile import reconcile

    desired, blockers = reconcile(host, rendered, observed)
    told = in_gitlab(context, host, desired, observed)
    if told.lost <= host.lost:
        return desired, blockers, replace(told, lost=host.lost)
    return reconcile_with_gitlab(context, replace(host, lost=host.lost | told.lost), rendered, observed)


def in_gitlab(context: PlanContext, host: Host, desired: Sequence[RenderedFile], observed: HostState) -> InGitlab:
    """Asks GitLab about new runners, new tokens, settings and runners that leave, if the inventory names a GitLab. A
    rollback asks only whether GitLab accepts the tokens that would come back.
    """
    from runnerops.engine.gitlab.begun import names_of, plan_begun

    if host.gitlab is None:
        return InGitlab(notes=plan_begun(host, observed, context.asking()).notes if observed.begun else ())
    from runnerops.engine.gitlab.leaving import Departures, gone_for_good
    from runnerops.engine.gitlab.new_runners import plan_creations, plan_leftovers
    from runnerops.engine.gitlab.settings import compare_settings
    from runnerops.engine.gitlab.tokens import ask_of_new_tokens

    asking = context.asking()
    blockers, notes = ask_of_new_tokens(host, desired, observed, asking.down)
    if context.command != "deploy":
        return InGitlab(tuple(gone_for_good(blockers)), notes)
    new = plan_creations(host, desired, observed, asking)
    compared = compare_settings(host, desired, observed, asking)
    old = plan_leftovers(host, compared.updates, observed, asking)
    begun = plan_begun(host, observed, asking)
    leftovers = tuple(dict.fromkeys((*new.leftovers, *old.leftovers, *begun.leftovers)))
    hosts, policy = context.project.inventory.hosts, context.policy(host)
    leavers = Departures(host, hosts, observed, policy, asking).plan(desired)
    blockers = (*new.blockers, *compared.blockers, *blockers, *leavers.blockers)
    notes = (*notes, *compared.notes, *old.notes, *begun.notes, *leavers.notes)
    anew = tuple(f"runner {name} was deleted in GitLab: another one takes its place" for name in sorted(host.lost))
    unpaired = Unpaired(new.creations, leftovers, leavers.deletions, begun.begun, names_of(observed))
    return InGitlab(blockers, (*anew, *notes), compared.updates, unpaired, leavers.in_gitlab, compared.lost)


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

    now, notes = plan_pauses(plan, request, context.asking())
    plan = replace(plan, pausing=replace(plan.pausing, now=(*plan.pausing.now, *now)), notes=(*plan.notes, *notes))
    return replace(planned, plan=plan)
