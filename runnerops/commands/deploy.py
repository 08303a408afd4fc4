"""`runnerops deploy`: plan, ask, apply, prove."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from runnerops import inventory
from runnerops.engine.connections import Reach
from runnerops.engine.options import Flags, Manner
from runnerops.model.common import Exit
from runnerops.report.screen import Screen


def deploy(
    path: Path,
    targets: Sequence[str],
    environ: Mapping[str, str],
    screen: Screen,
    flags: Flags,
    manner: Manner,
) -> Exit:
    """The worst of the hosts' results is the exit code."""
    manner.check("deploy", screen, "diff")
    loaded = inventory.load(path)
    hosts = inventory.select(loaded, targets)
    with Reach(loaded, environ, screen) as reach:
        reach.begin(hosts)
        from runnerops.engine.locks import Patience  # the rest is loaded while the hosts answer
        from runnerops.engine.loop import carry_out
        from runnerops.engine.planner import plan_all
        from runnerops.engine.project import open_project, refuse_unsound

        project = open_project(loaded, hosts, environ, screen.redactor)
        if refuse_unsound(project, screen):
            return Exit.FAILED
        reach.admit()
        patience = Patience(flags.lock_wait_s, screen)
        plans = partial(plan_all, reach=reach, environ=environ, screen=screen, flags=flags, patience=patience)
        return carry_out(project, plans, reach, screen, manner, patience)
