"""The way from a host's observation to its plan, shared by every command that plans. Reads hosts, never writes to one."""

from __future__ import annotations

import secrets as random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from runnerops.engine.learning import learn_secrets
from runnerops.engine.maintenance import check_maintenance, in_maintenance
from runnerops.engine.observe import Reader, observe
from runnerops.engine.options import Flags
from runnerops.engine.planned import Planned
from runnerops.engine.project import Project
from runnerops.engine.requester import find_job, find_requester
from runnerops.engine.scheduling import side_by_side
from runnerops.model.common import Result
from runnerops.model.gitlab import Created, Managed, SettingsUpdate, Unpaired, Wish
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, Policy, RenderedFile, Requester
from runnerops.model.plan import Blocker, Plan
from runnerops.redact import Redactor
from runnerops.report.looking import Looking
from runnerops.secrets.commands import RunCommand, run_command
from runnerops.services import load_planning
from runnerops.services.base import ParseError

if TYPE_CHECKING:
    from runnerops.engine.connections import ConnectionPool
    from runnerops.engine.gitlab import Asking, Down
    from runnerops.engine.locks import LockWait
    from runnerops.planning.plan import Request


@dataclass(frozen=True, slots=True)
class Planning:
    """What all hosts of a command are planned with. `deployed` names the hosts that the same command brings up to date."""

    project: Project
    flags: Flags
    requester: Requester
    redactor: Redactor
    deployed: frozenset[str] = frozenset()
    command: str = "deploy"
    gitlabs_down: Down = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Where the token of GitLab's API may stand."""
    run: RunCommand = run_command
    wishes: list[Wish] = field(default_factory=list)
    """What of runners in GitLab was compared so far, of all hosts."""

    def asking(self) -> Asking:
        """What GitLab is asked with."""
        from runnerops.engine.gitlab import Asking

        folder, down = self.project.inventory.folder, self.gitlabs_down
        return Asking(folder, self.environ, self.redactor, down, self.run, self.wishes)

    def policy(self, host: Host) -> Policy:
        """What the command line allows, and for a deploy what the host's inventory does too."""
        policy = self.flags.policy(host)
        return replace(policy, allow=policy.allow | set(host.allow)) if self.command == "deploy" else policy


def plan_host(planning: Planning, host: Host, reader: Reader) -> Planned:
    """Observe, reconcile, lint, plan. Raises HostError."""
    rendered = planning.project.rendered[host.name]
    return plan_from(planning, host, rendered, observe(host, rendered, reader))


def plan_from(
    planning: Planning,
    host: Host,
    rendered: tuple[RenderedFile, ...],
    observed: HostState,
    *,
    written: Host | None = None,
) -> Planned:
    """Reconcile, lint, plan. `written`: the host of the inventory, where `host` is another: it tells what is no secret."""
    from runnerops.planning.dependencies import brings_caches, with_cache_clients  # by now `load_rest` has all of these
    from runnerops.planning.left_out import carried, note
    from runnerops.planning.plan import Request
    from runnerops.planning.reconcile import reconcile

    project = planning.project
    whole = next((one for one in project.inventory.hosts if one.name == host.name), host)
    host = host if planning.command == "deploy" else replace(host, gitlab_places={})
    desired, blockers = reconcile(host, rendered, observed)
    in_gitlab = _in_gitlab(planning, host, desired, observed)
    request = Request(
        host=with_cache_clients(host, project.inventory.hosts),
        rendered=rendered,
        desired=desired,
        observed=observed,
        policy=planning.policy(host),
        requester=planning.requester,
        blockers=(*blockers, *in_gitlab.blockers),
        notes=(*note(host, whole), *in_gitlab.notes),
        updates=in_gitlab.updates,
        unpaired=in_gitlab.unpaired,
        in_gitlab=in_gitlab.managed,
        findings=project.lint(host, desired, observed.facts),
        deployed=planning.deployed - {host.name} if brings_caches(host) else frozenset(),
        key=random.token_hex(32),
        command=planning.command,
    )
    shown, others = project.shown(written or host), carried(host, whole, observed)
    make = partial(plan_request, redactor=planning.redactor, clear=shown, carried=others)
    created = partial(_with_created, host, request, make) if request.unpaired.creations else None
    return replace(_with_pauses(planning, make(request), request), with_created=created)


def _with_created(
    host: Host, request: Request, make: Callable[[Request], Planned], created: Mapping[str, Created]
) -> Plan:
    """The same plan once GitLab has given the tokens that it has stand-ins for."""
    from runnerops.engine.leaving import with_created
    from runnerops.planning.reconcile import reconcile

    host = replace(host, created=created)
    desired, _ = reconcile(host, request.rendered, request.observed)
    managed = with_created(host, request.in_gitlab or {})
    return make(replace(request, desired=desired, in_gitlab=managed)).plan


@dataclass(frozen=True, slots=True)
class _InGitlab:
    """What GitLab makes of a plan."""

    blockers: tuple[Blocker, ...] = ()
    notes: tuple[str, ...] = ()
    updates: tuple[SettingsUpdate, ...] = ()
    unpaired: Unpaired = field(default_factory=Unpaired)
    managed: Managed | None = None
    """What is to be on record as managed there; None: what is."""


def _in_gitlab(planning: Planning, host: Host, desired: Sequence[RenderedFile], observed: HostState) -> _InGitlab:
    """What GitLab says of new runners, new tokens, runners' settings and runners that leave; a deploy asks it, where the
    inventory names one. A rollback only asks whether it takes what would come back."""
    if host.gitlab is None:
        return _InGitlab()
    from runnerops.engine.gitlab import ask_of_new_tokens, compare_settings
    from runnerops.engine.leaving import Departures, gone_for_good
    from runnerops.engine.new_runners import plan_creations, plan_leftovers

    asking = planning.asking()
    blockers, notes = ask_of_new_tokens(host, desired, observed, asking.down)
    if planning.command != "deploy":
        return _InGitlab(tuple(gone_for_good(blockers)), notes)
    new = plan_creations(host, desired, observed, asking)
    compared = compare_settings(host, desired, observed, asking)
    old = plan_leftovers(host, compared.updates, observed, asking)
    leftovers = tuple(dict.fromkeys((*new.leftovers, *old.leftovers)))
    hosts, policy = planning.project.inventory.hosts, planning.policy(host)
    leavers = Departures(host, hosts, observed, policy, asking).plan(desired)
    blockers = (*new.blockers, *compared.blockers, *blockers, *leavers.blockers)
    notes = (*notes, *compared.notes, *old.notes, *leavers.notes)
    unpaired = Unpaired(new.creations, leftovers, leavers.deletions)
    return _InGitlab(blockers, notes, compared.updates, unpaired, leavers.in_gitlab)


def _with_pauses(planning: Planning, planned: Planned, request: Request) -> Planned:
    """With what is paused in GitLab while the host drains: only now it is known whether it does."""
    host, plan = request.host, planned.plan
    managed = host.gitlab is not None and bool(host.gitlab_settings or host.gitlab_places)
    if planning.command != "deploy" or not managed or request.policy.kill_jobs or not plan.drains:
        return planned
    if planning.flags.no_wait:
        note = "no runner is paused in GitLab while it drains: with --no-wait nobody is there to unpause it"
        return replace(planned, plan=replace(plan, notes=(*plan.notes, note)))
    from runnerops.engine.pausing import plan_pauses

    now, notes = plan_pauses(plan, request, planning.asking())
    plan = replace(plan, pausing=replace(plan.pausing, now=(*plan.pausing.now, *now)), notes=(*plan.notes, *notes))
    return replace(planned, plan=plan)


def plan_request(
    request: Request, redactor: Redactor, clear: frozenset[str], carried: Sequence[RenderedFile] = ()
) -> Planned:
    """Plan; the redactor learns what is secret in the files of before and after. `clear`: what may be shown.

    `carried`: files that the run keeps though the plan is not of them.
    """
    from runnerops.planning.paused import left_paused, with_leaving
    from runnerops.planning.plan import make_plan

    observed = request.observed
    before = [*carried, *(RenderedFile(file.spec, observed.file(file.spec.path).content) for file in request.desired)]
    secret = _learn_readable(redactor, clear, [*before, *request.desired])
    plan = make_plan(request)
    left = left_paused(request.command, request.host, observed.paused)
    plan = replace(plan, pausing=with_leaving(left, request.unpaired.deletions, plan.run))
    if not plan.empty:
        plan = replace(plan, secrets=redactor.within((*secret, *_texts(plan, [*before, *request.desired]))))
    changed = {change.old.path for change in plan.changes}
    there = [
        (file.spec.path, observed.file(file.spec.path).path) for file in request.desired if file.content is not None
    ]
    in_sync = tuple(path for path, real in there if real not in changed)
    key = observed.secret_fingerprints.key
    return Planned(plan, in_sync, result_of(plan), observed.last, observed.facts, key)


def plan_all(
    project: Project, pool: ConnectionPool, flags: Flags, lock_wait: LockWait | None = None
) -> dict[str, Planned | Exception]:
    """Every host's plan, observed side by side; a host's error stands in its place. `lock_wait` waits for busy hosts."""
    requester = find_requester(pool.environ, project.folder)
    flags = replace(flags, job=find_job(pool.environ))
    hosts = {host.name: host for host in project.hosts}
    deployed = frozenset(name for name, host in hosts.items() if not in_maintenance(host, flags))
    planning = Planning(
        project, flags, requester, pool.screen.redactor, deployed, environ=pool.environ, run=pool.run_command
    )
    first = threading.Lock()

    def inspect(name: str) -> Planned:
        host = hosts[name]
        check_maintenance(host, flags)
        looking.say(name, "connecting")
        pool.link(host)
        looking.say(name, "looking")
        if first.acquire(blocking=False):  # of all hosts' threads
            threading.Thread(target=load_rest, daemon=True).start()
        reader = pool.reader(host)
        plan = partial(plan_host, planning, host, reader)
        return lock_wait.plan_free(reader, plan) if lock_wait else plan()

    with Looking(pool.screen, len(hosts)) as looking:
        return told_apart(side_by_side(list(hosts), looking.each(inspect)), planning.wishes)


def told_apart(plans: dict[str, Planned | Exception], wishes: Sequence[Wish] = ()) -> dict[str, Planned | Exception]:
    """With what blocks the names that turned out to be one machine, and runners that turned out to be one in GitLab; and
    notes of machines that GitLab cannot tell apart."""
    from runnerops.planning.disagreeing import as_gitlab_tells
    from runnerops.planning.machines import clone_texts, same_machines

    facts = {name: one.facts for name, one in plans.items() if isinstance(one, Planned)}
    machines = same_machines(facts)
    for name, note in clone_texts(facts).items():
        planned = plans[name]
        assert isinstance(planned, Planned)
        plans[name] = replace(planned, plan=replace(planned.plan, notes=(*planned.plan.notes, note)))
    for name, blocker in (*machines.items(), *as_gitlab_tells(wishes).items()):
        planned = plans[name]
        if isinstance(planned, Planned):
            plan = replace(planned.plan, blockers=(blocker, *planned.plan.blockers))
            plans[name] = replace(planned, plan=plan, result=result_of(plan))
    return plans


def load_rest() -> None:
    """Imports what is needed once a host has answered, in the time that it takes to."""
    import runnerops.engine.executor
    import runnerops.planning.plan
    import runnerops.planning.reconcile  # noqa: F401

    load_planning()


def result_of(plan: Plan, *, pending: bool = False) -> Result:
    """What `diff` calls it; `pending`: there is something to do, whatever the plan changes."""
    if any(not blocker.overridable and not blocker.here for blocker in plan.blockers) or any(
        finding.severity == "error" for finding in plan.findings
    ):
        return Result.REFUSED
    return Result.PENDING if pending or plan.changes or plan.actions or plan.tells_gitlab else Result.UNCHANGED


def _learn_readable(redactor: Redactor, clear: frozenset[str], files: Sequence[RenderedFile]) -> frozenset[str]:
    """What is secret in the files, of before too, ere anything of them is shown. What cannot be parsed is never shown."""
    found: set[str] = set()
    for file in files:
        with suppress(ParseError):
            found |= learn_secrets(redactor, clear, [file])
    return frozenset(found)


def _texts(plan: Plan, files: Sequence[RenderedFile]) -> Iterator[str]:
    """All that this host has, gets or is asked to do, in which a secret may stand."""
    contents = (*(file.content or b"" for file in files), *plan.files.values())
    yield from (content.decode("utf-8", "replace") for content in contents)
    yield from (word for step in (*plan.forward, *plan.rollback, *plan.diagnostics) for word in step.args)
