"""Shows the plans of all hosts, in the order of the inventory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from types import MappingProxyType
from typing import Any

from runnerops.engine.exit_codes import exit_of
from runnerops.engine.plans.planned import Planned, Plans, left_for_maintenance
from runnerops.engine.project import Project
from runnerops.errors import HostError, RunneropsError
from runnerops.model.common import Exit, Result
from runnerops.model.inventory import Host
from runnerops.model.plan import Action, Finding
from runnerops.model.run import Outcome
from runnerops.redact import Masker
from runnerops.report.alike import MIN_BLOCK, HostText, block_lines, job_lines
from runnerops.report.causes import outcome_text, outcomes_lines
from runnerops.report.document import VERSION, outcome_document, plan_document
from runnerops.report.history import last_run_lines
from runnerops.report.screen import Screen
from runnerops.report.text import Line, outcome_lines, plan_lines


def exit_code_of(plans: Plans) -> Exit:
    """Returns the worst result of the hosts."""
    results = [
        plan.result if isinstance(plan, Planned) else failed_outcome(name, plan).result for name, plan in plans.items()
    ]
    return exit_of(results)


def show_text(project: Project, plans: Plans, screen: Screen, *, verbose: int) -> None:
    """Shows every host's plan in the order of the inventory, with equal plans as one, and a last line that sums up."""
    shown = host_lines(project, plans, verbose=verbose) if verbose else _grouped_lines(project, plans)
    for name, lines in shown:
        planned = plans[name]
        quiet = isinstance(planned, Planned) and planned.result is Result.UNCHANGED and not planned.plan.blockers
        screen.section(f"runnerops_{os.getpid()}_{name}", lines, folded=quiet)  # a job's log may have several commands
    screen.data(plans_summary(plans), "host")


def host_lines(project: Project, plans: Plans, *, verbose: int) -> Iterator[tuple[str, Iterator[Line]]]:
    """The lines for each host, by name. A finding of several hosts is shown at the first one."""
    shared = _hosts_by_finding(
        {name: planned.plan.findings for name, planned in plans.items() if isinstance(planned, Planned)}
    )
    for host in project.hosts:
        planned = plans[host.name]
        if isinstance(planned, Planned):
            first = tuple(finding for finding in planned.plan.findings if shared[finding][0] == host.name)
            plan, also = replace(planned.plan, findings=first), {finding: shared[finding][1:] for finding in first}
            masker = _masker(project, host, planned)
            lines = plan_lines(plan, masker, planned.in_sync, verbose=verbose, also=also)
            yield host.name, chain(lines, last_run_lines(planned.last, host.name) if planned.last else ())
        else:
            yield host.name, iter(outcome_lines(failed_outcome(host.name, planned)))


def _grouped_lines(project: Project, plans: Plans) -> Iterator[tuple[str, Iterator[Line]]]:
    """Like `host_lines`, but hosts that differ only in names, addresses and numbers of jobs are shown as one, at the
    first of them.
    """
    alike: dict[object, list[Host]] = {}
    texts: dict[str, HostText] = {}
    for host in project.hosts:
        planned = plans[host.name]
        if isinstance(planned, Planned):
            result, text = planned.result, _comparable_text(project, host, planned, planned.plan.findings)
        else:
            outcome = failed_outcome(host.name, planned)
            result, text = outcome.result, outcome_text(outcome)
        texts[host.name] = text
        alike.setdefault((result, text.normalized()), []).append(host)
    blocks = {block[0].name: block for block in alike.values() if len(block) >= MIN_BLOCK}
    inside = {host.name for block in blocks.values() for host in block}
    for name, lines in host_lines(project, plans, verbose=0):
        if name in blocks:
            yield name, _block(project, plans, blocks[name], texts)
        elif name not in inside:
            yield name, lines


def _comparable_text(project: Project, host: Host, planned: Planned, findings: tuple[Finding, ...]) -> HostText:
    """All that is shown about a host below its name, without numbers of jobs."""
    actions = tuple(replace(action, jobs_lost=0, jobs_waited=0, jobs=()) for action in planned.plan.actions)
    plan = replace(planned.plan, actions=actions, findings=findings)
    return HostText(host.name, host.address, tuple(_detail_lines(project, host, replace(planned, plan=plan))))


def _detail_lines(
    project: Project, host: Host, planned: Planned, also: Mapping[Finding, Sequence[str]] = MappingProxyType({})
) -> Iterator[Line]:
    yield from islice(plan_lines(planned.plan, _masker(project, host, planned), planned.in_sync, also=also), 1, None)
    yield from last_run_lines(planned.last, host.name) if planned.last else ()


def _block(project: Project, plans: Plans, block: Sequence[Host], texts: Mapping[str, HostText]) -> Iterator[Line]:
    """The lines of a block of equal hosts, of which `texts` has what is said about each. Numbers of jobs are the sum over
    its hosts; a finding is shown at its first host.
    """
    failed = [failed_outcome(host.name, error) for host in block if not isinstance(error := plans[host.name], Planned)]
    if failed:
        yield from outcomes_lines(failed)
        return
    members = {host.name: planned for host in block if isinstance(planned := plans[host.name], Planned)}
    shared = _hosts_by_finding(
        {name: planned.plan.findings for name, planned in plans.items() if isinstance(planned, Planned)}
    )
    first = members[block[0].name]
    indexes = [index for index, finding in enumerate(first.plan.findings) if shared[finding][0] in members]
    findings = {name: tuple(planned.plan.findings[index] for index in indexes) for name, planned in members.items()}
    also = {finding: [name for name in shared[finding] if name not in members] for finding in findings[block[0].name]}
    of_all = tuple(map(_merged_action, zip(*(member.plan.actions for member in members.values()), strict=True)))
    planned_host = replace(first, plan=replace(first.plan, actions=of_all, findings=findings[block[0].name]))
    if len(indexes) < len(first.plan.findings):
        texts = {host.name: _comparable_text(project, host, members[host.name], findings[host.name]) for host in block}
    shown = list(_detail_lines(project, block[0], planned_host, also))
    yield from block_lines([texts[host.name] for host in block], shown)
    yield from job_lines({name: _jobs(planned) for name, planned in members.items()})


def _merged_action(actions: Sequence[Action]) -> Action:
    lost, waited = (sum(action.jobs_lost for action in actions), sum(action.jobs_waited for action in actions))
    return replace(actions[0], jobs_lost=lost, jobs_waited=waited, jobs=())


def _jobs(planned: Planned) -> int:
    return max((action.jobs_lost + action.jobs_waited for action in planned.plan.actions), default=0)


def plans_summary(plans: Plans) -> str:
    """How many hosts will change, are in sync, or neither."""
    good = [planned for planned in plans.values() if isinstance(planned, Planned)]
    pending = sum(planned.result is Result.PENDING for planned in good)
    in_sync = sum(planned.result is Result.UNCHANGED for planned in good)
    blocked = sum(planned.result is Result.PENDING and bool(planned.plan.blockers) for planned in good)
    words = [f"{pending} to change{f' ({blocked} blocked)' if blocked else ''}", f"{in_sync} in sync"]
    resting = sum(map(left_for_maintenance, plans.values()))
    other = len(plans) - pending - in_sync - resting
    words += [f"{other} refused or not reached"] if other else []
    words += [f"{resting} in maintenance"] if resting else []
    return f"{len(plans)} host{'s' if len(plans) != 1 else ''}: {', '.join(words)}"


def _hosts_by_finding(findings: Mapping[str, Sequence[Finding]]) -> Mapping[Finding, list[str]]:
    """By finding, the hosts that have it. It is shown at the first of them."""
    hosts: dict[Finding, list[str]] = {}
    for host, other_findings in findings.items():
        for finding in dict.fromkeys(other_findings):
            hosts.setdefault(finding, []).append(host)
    return hosts


def show_json(project: Project, plans: Plans, screen: Screen) -> None:
    """Prints all plans as one JSON document."""
    screen.json({"version": VERSION, "hosts": host_documents(project, plans)})


def host_documents(project: Project, plans: Plans) -> list[dict[str, Any]]:
    """The plan of each host as JSON values."""
    hosts: list[dict[str, Any]] = []
    for host in project.hosts:
        planned = plans[host.name]
        if isinstance(planned, Planned):
            hosts.append(
                plan_document(
                    planned.plan, planned.result, _masker(project, host, planned), planned.in_sync, planned.last
                )
            )
        else:
            hosts.append(outcome_document(failed_outcome(host.name, planned)))
    return hosts


def _masker(project: Project, host: Host, planned: Planned) -> Masker:
    """The masker of a host. Its key is kept on the host by the first run, so two diffs of one host can be compared."""
    return project.masker(host, planned.plan.secret_fingerprints.display_key)


def failed_outcome(name: str, error: Exception) -> Outcome:
    """Makes an outcome of a host's exception. An exception that is not an error of ours is raised again, because it is
    a bug.
    """
    if isinstance(error, HostError):
        return Outcome(name, Result(error.result), message=error.message.removeprefix(f"{name}: "), hint=error.hint)
    if isinstance(error, RunneropsError):
        message = error.message.removeprefix(f"{name}: ")
        return Outcome(name, Result.FAILED, message=message, hint=error.hint, problems=error.problems)
    raise error
