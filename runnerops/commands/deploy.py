"""`runnerops deploy`: shows the plan, confirms, applies it and verifies the result. A saved plan must still be the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from runnerops import inventory
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.hosts.maintenance import in_maintenance
from runnerops.engine.hosts.targets import check_canary, check_targets, select_hosts
from runnerops.engine.options import Flags, Invocation, UiOptions
from runnerops.errors import UsageError
from runnerops.frozen import frozen
from runnerops.inventory import Where
from runnerops.inventory.only import only
from runnerops.model.common import Exit
from runnerops.model.inventory import Inventory
from runnerops.model.rollout import Rollout

if TYPE_CHECKING:
    from runnerops.engine.plans.planned import Plans
    from runnerops.engine.project import Project
    from runnerops.engine.runs.locks import LockWait
    from runnerops.model.saved_plan import SavedPlan


@frozen
class PlanFile:
    """Where a saved plan is, and how old it may be."""

    path: Path
    age_s: int = 86400


def deploy(
    invocation: Invocation,
    flags: Flags,
    ui: UiOptions,
    rollout: Callable[[Rollout], Rollout] = lambda usual: usual,
    plan: PlanFile | None = None,
) -> Exit:
    """The exit code is that of the worst result. With `plan`, the flags come from the saved plan, and a host whose new plan
    differs from it is blocked.

    `rollout` applies the flags of the command line to the inventory's rollout.
    """
    path, targets, environ, screen = invocation
    saved = _saved(plan, flags, path, environ) if plan else None
    loaded = _rolled_out(inventory.load(path), rollout)
    if plan and saved:
        targets = _targets(plan.path, saved, loaded, targets)
        allow = {code: frozenset(hosts) for code, hosts in saved.allow.items()}
        flags = replace(flags, allow=allow, kill_jobs=saved.kill_jobs, only=frozenset(saved.only))
    check_targets(loaded, targets, flags)
    ui.check("deploy", screen, "diff")
    with ConnectionPool(loaded, environ, screen) as pool:
        hosts = only(select_hosts(loaded, targets, pool), flags.only)
        check_canary(loaded, hosts, flags.only)
        pool.connect_early([host for host in hosts if not in_maintenance(host, flags)])
        from runnerops.engine.project import open_project, show_errors  # loaded while the hosts exchange keys

        project = open_project(loaded, hosts, pool.resolver(), screen.redactor)
        if show_errors(project, screen):
            return Exit.FAILED
        pool.allow_login()
        from runnerops.engine.loop import DeployLoop
        from runnerops.engine.planner import plan_all
        from runnerops.engine.runs.locks import LockWait  # the rest is loaded while the hosts let us in

        lock_wait = LockWait(flags.lock_wait_s, screen)
        plans = partial(plan_all, pool=pool, flags=flags, lock_wait=lock_wait)
        checked_plans = _held(saved, plans, lock_wait) if saved else plans
        return DeployLoop(pool, ui, lock_wait).run(project, checked_plans)


def _rolled_out(loaded: Inventory, rollout: Callable[[Rollout], Rollout]) -> Inventory:
    """The inventory with the rollout changed by the command line. Raises UsageError."""
    loaded = replace(loaded, rollout=rollout(loaded.rollout))
    canary = loaded.rollout.canary or loaded.rollout.last
    inventory.check_named(loaded, f"--canary {canary}", [canary] if canary else [])
    return loaded


def _saved(plan: PlanFile, flags: Flags, path: Where, environ: Mapping[str, str]) -> SavedPlan:
    """Reads the saved plan, which must be of this inventory and commit. Raises UsageError and PlanError."""
    from runnerops.commands.reports import repository_root
    from runnerops.engine.saved_plan import check_plan, origin_of, read_plan

    if flags.allow or flags.kill_jobs or flags.only:
        raise UsageError(
            "--plan: a saved plan has its --allow, --kill-jobs and --only",
            "give them to `runnerops diff --save-plan FILE`, where they are reviewed",
        )
    saved = read_plan(plan.path)
    origin = origin_of(path, environ, repository_root(environ, inventory.folder_of(path)))
    check_plan(plan.path, saved, origin, plan.age_s)
    return saved


def _targets(plan: Path, saved: SavedPlan, loaded: Inventory, targets: Sequence[str]) -> Sequence[str]:
    from runnerops.engine.saved_plan import hosts_of_plan

    names = frozenset(host.name for host in inventory.select(loaded, targets)) if targets else frozenset()
    return hosts_of_plan(plan, saved, loaded, names)


def _held(saved: SavedPlan, plans: Callable[[Project], Plans], lock_wait: LockWait) -> Callable[[Project], Plans]:
    from runnerops.engine.saved_plan import block_stale_plans

    redactor, again = lock_wait.screen.redactor, lock_wait.planned_again
    return lambda project: block_stale_plans(saved, project, plans(project), redactor, again)
