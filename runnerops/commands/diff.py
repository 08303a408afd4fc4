"""`runnerops diff`: what deploy would do on each host; changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from runnerops import inventory
from runnerops.engine.connections import ConnectionPool
from runnerops.engine.options import Flags
from runnerops.errors import UsageError
from runnerops.inventory import Where
from runnerops.model.common import Exit
from runnerops.report.screen import Screen


def diff(
    path: Where,
    targets: Sequence[str],
    environ: Mapping[str, str],
    screen: Screen,
    flags: Flags,
    *,
    as_json: bool,
    exit_code: bool,
    verbose: int,
    save_plan: Path | None = None,
) -> Exit:
    """Exit 0, or 3 with `exit_code` where changes are pending; 1 for errors, hosts unreachable or refused by name."""
    _check_file(save_plan)
    loaded = inventory.load(path)
    hosts = inventory.select(loaded, targets)
    with ConnectionPool(loaded, environ, screen) as pool:
        pool.connect_early(hosts)
        from runnerops.engine.planner import plan_all  # the rest is loaded while the hosts answer
        from runnerops.engine.project import open_project, refuse_unsound
        from runnerops.engine.review import exit_code_of, show_json, show_text

        project = open_project(loaded, hosts, environ, screen.redactor)
        if refuse_unsound(project, screen):
            return Exit.FAILED
        pool.allow_login()
        plans = plan_all(project, pool, flags)
    if as_json:
        show_json(project, plans, screen)
    else:
        show_text(project, plans, screen, verbose=verbose)
    if save_plan:
        from runnerops.commands.reports import repository_root
        from runnerops.engine.saved_plan import origin_of, write_plan

        origin = origin_of(path, environ, repository_root(environ, inventory.folder_of(path)))
        write_plan(save_plan, project, plans, flags, origin, screen.redactor)
        screen.say(f"saved: `runnerops deploy --plan {save_plan}` deploys just this")
    code = exit_code_of(plans)
    return Exit.OK if code is Exit.PENDING and not exit_code else code


def _check_file(save_plan: Path | None) -> None:
    if save_plan and save_plan.is_dir():
        raise UsageError(f"--save-plan {save_plan}: this is a folder", "name the file to write: --save-plan plan.json")
