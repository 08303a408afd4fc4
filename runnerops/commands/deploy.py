"""`runnerops deploy`: plan, ask, apply, prove."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from runnerops.commands.busy import Patience
from runnerops.commands.planning import Flags
from runnerops.commands.project import open_project, refuse_unsound
from runnerops.commands.reach import Reach, plan_all
from runnerops.commands.rounds import Manner, carry_out
from runnerops.model import Exit
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
    project = open_project(path, targets, environ, screen.redactor)
    if refuse_unsound(project, screen):
        return Exit.FAILED
    patience = Patience(flags.lock_wait_s, screen)
    with Reach(project.inventory, environ, screen) as reach:
        plans = partial(plan_all, reach=reach, environ=environ, screen=screen, flags=flags, patience=patience)
        return carry_out(project, plans, reach, screen, manner, patience)
