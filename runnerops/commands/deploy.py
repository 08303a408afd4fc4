"""`runnerops deploy`: shows the plan, asks, applies it and verifies the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from runnerops import inventory
from runnerops.engine.connections import ConnectionPool
from runnerops.engine.options import Flags, UiOptions
from runnerops.model.common import Exit
from runnerops.report.screen import Screen


def deploy(
    path: Path,
    targets: Sequence[str],
    environ: Mapping[str, str],
    screen: Screen,
    flags: Flags,
    ui: UiOptions,
) -> Exit:
    """The worst of the hosts' results is the exit code."""
    ui.check("deploy", screen, "diff")
    loaded = inventory.load(path)
    hosts = inventory.select(loaded, targets)
    with ConnectionPool(loaded, environ, screen) as pool:
        pool.connect_early(hosts)
        from runnerops.engine.locks import LockWait  # the rest is loaded while the hosts answer
        from runnerops.engine.loop import deploy_loop
        from runnerops.engine.planner import plan_all
        from runnerops.engine.project import open_project, refuse_unsound

        project = open_project(loaded, hosts, environ, screen.redactor)
        if refuse_unsound(project, screen):
            return Exit.FAILED
        pool.allow_login()
        lock_wait = LockWait(flags.lock_wait_s, screen)
        plans = partial(plan_all, pool=pool, flags=flags, lock_wait=lock_wait)
        return deploy_loop(project, plans, pool, ui, lock_wait)
