"""Saved plans: `diff --save-plan` writes one, and `deploy --plan` compares new plans with it."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from shlex import quote

from runnerops import __version__
from runnerops.engine.options import Flags
from runnerops.engine.plans.planned import Planned, Plans, left_for_maintenance
from runnerops.engine.project import Project
from runnerops.engine.requester import find_requester
from runnerops.engine.runs.not_begun import in_sync
from runnerops.errors import PlanError, RunneropsError, UsageError
from runnerops.frozen import frozen
from runnerops.inventory.sources import Where, folder_of, paths_of
from runnerops.model.common import Result
from runnerops.model.host_names import brief
from runnerops.model.inventory import Inventory, Requester
from runnerops.model.plan import Blocker
from runnerops.model.saved_plan import PLAN_FORMAT, PLAN_VERSION, SavedHost, SavedPlan
from runnerops.parsing.moments import to_the_second
from runnerops.reading import read_bytes
from runnerops.redact import Redactor
from runnerops.report.history import origin_text
from runnerops.report.plan_differences import differences
from runnerops.report.saved_plan import Digests, saved_host

_CLOCK_SKEW_S = 600
"""Seconds by which the clocks of two machines may differ."""
_LATEST_EPOCH_S = 2**36
"""The latest second that a calendar date can express. The file may contain any number."""
SAVE_AGAIN = "save a new plan and review it: `runnerops diff --save-plan FILE`"


@frozen
class Origin:
    """What a plan is bound to beside its hosts: the inventory, by its path in the repository, and who asks at which
    commit.
    """

    inventory: str
    requester: Requester


def origin_of(inventory: Where, environ: Mapping[str, str], root: Path) -> Origin:
    """`root` is that of the repository. Outside of it, the inventory is identified by its name alone."""
    name = ", ".join(_path_from(root, path) for path in paths_of(inventory))
    return Origin(name, find_requester(environ, folder_of(inventory)))


def _path_from(root: Path, path: Path) -> str:
    where = Path(os.path.relpath(path.resolve(), root.resolve()))
    return path.name if where.parts[:1] == ("..",) else where.as_posix()


def make_saved_plan(project: Project, plans: Plans, flags: Flags, origin: Origin, redactor: Redactor) -> SavedPlan:
    """Makes a saved plan. All hosts must have a plan, except those in maintenance, which are left out. Raises
    RunneropsError.
    """
    resting = [name for name, planned in plans.items() if left_for_maintenance(planned)]
    bad = [name for name, planned in plans.items() if isinstance(planned, Exception) and name not in resting]
    if len(resting) == len(plans):
        raise RunneropsError("not saved: all hosts are in maintenance", "there is nothing to deploy")
    if bad:
        hint = f"leave out the hosts that cannot be reached: {' '.join(quote(f'!{name}') for name in bad)}"
        raise RunneropsError(f"not saved: there is no plan for {', '.join(bad)}", hint)
    good = [(name, planned) for name, planned in plans.items() if isinstance(planned, Planned)]
    return SavedPlan(
        runnerops=__version__,
        created_at=int(time.time()),
        requested_by=origin.requester,
        inventory=origin.inventory,
        hosts=tuple(_saved_host(project, name, planned, redactor) for name, planned in good),
        allow={code: tuple(sorted(hosts)) for code, hosts in sorted(flags.allow.items())},
        kill_jobs=flags.kill_jobs,
        only=tuple(sorted(flags.only)),
    )


def write_plan(path: Path, saved: SavedPlan) -> None:
    """Writes the file completely or not at all. Raises RunneropsError."""
    beside = path.with_name(f".runnerops-plan.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(saved), indent=1, ensure_ascii=False) + "\n"
        beside.write_bytes(text.encode("utf-8", "replace"))  # a name from the environment may not be UTF-8
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise RunneropsError(
            f"{path}: {error.strerror or error}", "name a file that can be written: `--save-plan FILE`"
        ) from None


def read_plan(path: Path) -> SavedPlan:
    """Raises UsageError if there is no such file, and PlanError if this release cannot read it as a plan."""
    try:
        content = read_bytes(path)
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror or error}", "`runnerops diff --save-plan FILE` writes the file to name here"
        ) from None
    try:
        tree = json.loads(content)
    except (ValueError, RecursionError) as error:
        place = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise PlanError(f"{path}: not a saved plan: this is not JSON, or is incomplete{place}", SAVE_AGAIN) from None
    if not isinstance(tree, dict) or tree.get("format") != PLAN_FORMAT:
        raise PlanError(f'{path}: not a saved plan: there is no "format": "{PLAN_FORMAT}" in it', SAVE_AGAIN)
    version = tree.get("version")
    if isinstance(version, int) and version > PLAN_VERSION:
        text = f"{path}: written by a newer runnerops (format {version}, this one reads {PLAN_VERSION})"
        raise PlanError(text, "upgrade runnerops on this machine")
    if tree.get("runnerops") != __version__:
        text = f"{path}: written by runnerops {tree.get('runnerops')}, but this is {__version__}"
        raise PlanError(text, f"use the same release in both jobs, or {SAVE_AGAIN}")
    return _validated(path, content)


def _validated(path: Path, content: bytes) -> SavedPlan:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(SavedPlan).validate_json(content, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise PlanError(f"{path}: not a saved plan: {place}: {first['msg'].lower()}", SAVE_AGAIN) from None


def check_plan(path: Path, saved: SavedPlan, origin: Origin, age_s: int) -> None:
    """Checks that the plan was made recently from this inventory at this commit. Raises PlanError. No host is
    contacted.
    """
    if saved.inventory != origin.inventory:
        raise PlanError(f"{path}: a plan of {saved.inventory}, but this is {origin.inventory}", SAVE_AGAIN)
    commit_here, commit_there = origin.requester.commit, saved.requested_by.commit
    if commit_here != commit_there:
        texts = [f"commit {commit[:12]}" if commit else "no commit" for commit in (commit_there, commit_here)]
        raise PlanError(f"{path}: a plan of {texts[0]}, but this is {texts[1]}", SAVE_AGAIN)
    age = time.time() - min(saved.created_at, _LATEST_EPOCH_S)
    if age > age_s:
        raise PlanError(
            f"{path}: {_duration_text(age)} old, but may be at most {_duration_text(age_s)}",
            f"{SAVE_AGAIN}, or set --plan-age",
        )
    if age < -_CLOCK_SKEW_S:
        raise PlanError(
            f"{path}: from the future ({to_the_second(min(saved.created_at, _LATEST_EPOCH_S))})",
            f"correct the clock of this machine, or {SAVE_AGAIN}",
        )


def hosts_of_plan(path: Path, saved: SavedPlan, loaded: Inventory, targets: frozenset[str]) -> tuple[str, ...]:
    """The hosts of the plan. `targets` are the hosts named on the command line, if any. Raises PlanError."""
    names = tuple(host.host for host in saved.hosts)
    if not names:
        raise PlanError(f"{path}: a plan without hosts", SAVE_AGAIN)
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise PlanError(f"{path}: a plan with duplicate hosts: {', '.join(brief(twice))}", SAVE_AGAIN)
    known_names = {host.name for host in loaded.hosts}
    if lost := [name for name in names if name not in known_names]:
        raise PlanError(f"{path}: a plan of hosts that are not in the inventory: {', '.join(brief(lost))}", SAVE_AGAIN)
    if targets and targets != set(names):
        raise PlanError(
            f"{path}: a plan of other hosts: {', '.join(brief(names))}",
            "leave the targets out: the plan names its hosts",
        )
    return names


def block_stale_plans(
    saved: SavedPlan, project: Project, plans: Plans, redactor: Redactor, replanned: Collection[str] = ()
) -> Plans:
    """Compares the plans with the saved one. If one differs, it gets a blocker with the differences, and so do
    all others that are not in sync.

    `replanned`: hosts on which a run of this deploy changed nothing because a managed system had written its own keys
    meanwhile.
    """
    saved_hosts = {host.host: host for host in saved.hosts}
    texts_by_host: dict[str, tuple[str, ...]] = {}
    for name, planned in plans.items():
        if isinstance(planned, Planned):
            current = _saved_host(project, name, planned, redactor)
            if name in replanned and _changed_nothing(planned, saved_hosts[name]):
                current = replace(current, last_run=saved_hosts[name].last_run)
            if not _is_done(planned, saved_hosts[name], current):
                texts_by_host[name] = differences(saved_hosts[name], current, planned.last)
    differing = [name for name, texts in texts_by_host.items() if texts]
    if not differing:
        return plans
    when = f"saved at {to_the_second(saved.created_at)} by {origin_text(saved.requested_by)}"
    return {
        name: _blocked(planned, f"not the plan that was {when}", texts)
        if isinstance(planned, Planned) and (texts := texts_by_host.get(name, ()))
        else _blocked(planned, f"the saved plan is outdated on {', '.join(differing)}, so nothing is done", ())
        if isinstance(planned, Planned) and not in_sync(planned.plan)
        else planned
        for name, planned in plans.items()
    }


def _changed_nothing(planned: Planned, saved: SavedHost) -> bool:
    """Whether the host's last run had this very plan and left the host as it was."""
    last = planned.last
    is_own_run = last is not None and (last.number, last.digest) == (saved.last_run.number + 1, planned.plan.digest)
    return is_own_run and last is not None and not last.running and last.result in {"failed", "rolled-back"}


def _is_done(planned: Planned, saved: SavedHost, current: SavedHost) -> bool:
    """Whether a run of this very plan is in progress or has ended well, because the CI job was retried. This deploy then
    only does what is still missing in GitLab.
    """
    last, plan = planned.last, planned.plan
    made = {creation.runner for creation in saved.creations}
    lacks_no_more = {update for update in current.updates if update.runner not in made} <= set(saved.updates)
    lacks_no_more = lacks_no_more and set(current.deletions) <= set(saved.deletions)
    if lacks_no_more and current == replace(saved, updates=current.updates, deletions=current.deletions):
        return True
    if last is None or last.number != saved.last_run.number + 1 or last.digest != plan.digest:
        return False
    if last.running or last.result != "applied":
        return last.running
    return lacks_no_more and not (plan.changes or plan.actions or planned.result is Result.REFUSED)


def _blocked(planned: Planned, message: str, details: tuple[str, ...]) -> Planned:
    blocker = Blocker("plan-differs", message, details)
    return replace(planned, plan=replace(planned.plan, blockers=(blocker, *planned.plan.blockers)))


def _saved_host(project: Project, name: str, planned: Planned, redactor: Redactor) -> SavedHost:
    host = next(host for host in project.hosts if host.name == name)
    digests = Digests(planned.key, project.displayable(host), redactor.text)
    return saved_host(planned.plan, project.rendered[name], planned.facts.machine, planned.last, digests)


def _duration_text(seconds: float) -> str:
    size, unit = next((pair for pair in ((3600, "h"), (60, "min")) if seconds >= 2 * pair[0]), (1, "s"))
    return f"{seconds / size:.0f} {unit}"
