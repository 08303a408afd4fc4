"""`runnerops diff`: shows what `deploy` would do on each host, and changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runnerops import inventory
from runnerops.commands.reports import ReportFile, repository_root, write_plan_reports
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.hosts.maintenance import in_maintenance
from runnerops.engine.hosts.targets import check_targets, select_hosts
from runnerops.engine.options import Flags, Invocation
from runnerops.errors import UsageError
from runnerops.frozen import frozen
from runnerops.inventory.only import only
from runnerops.model.common import Exit
from runnerops.report.screen import Screen

if TYPE_CHECKING:
    from runnerops.engine.plans.planned import Plans
    from runnerops.engine.project import Project


@frozen
class DiffOptions:
    """How the plans are shown, and which files are written from them."""

    as_json: bool = False
    exit_code: bool = False
    verbose: int = 0
    save_plan: Path | None = None
    reports: Sequence[ReportFile] = ()
    no_login: bool = False


def diff(invocation: Invocation, flags: Flags, options: DiffOptions) -> Exit:
    """Exit 0, or 3 with `exit_code` if changes are pending; 1 if there are errors, or hosts that are unreachable or refused."""
    path, targets, environ, screen = invocation
    path_of_plan = options.save_plan
    if path_of_plan and path_of_plan.exists() and not path_of_plan.is_file():  # a device would be replaced by a file
        kind = "a folder" if path_of_plan.is_dir() else "not a regular file"
        raise UsageError(f"--save-plan {path_of_plan}: this is {kind}", "name a file: --save-plan plan.json")
    if options.no_login:
        return _no_login(invocation, flags, options)
    loaded = inventory.load(path)
    check_targets(loaded, targets, flags)
    with ConnectionPool(loaded, environ, screen) as pool:
        hosts = only(select_hosts(loaded, targets, pool), flags.only)
        pool.connect_early([host for host in hosts if not in_maintenance(host, flags)])
        from runnerops.engine.project import open_project, show_errors  # loaded while the hosts exchange keys

        project = open_project(loaded, hosts, pool.resolver(), screen.redactor)
        if show_errors(project, screen):
            return Exit.FAILED
        pool.allow_login()
        from runnerops.engine.planner import plan_all  # the rest is loaded while the hosts let us in
        from runnerops.engine.plans.review import exit_code_of

        plans = plan_all(project, pool, flags)
    _show(project, plans, screen, options)
    if options.save_plan:
        from runnerops.engine.saved_plan import make_saved_plan, origin_of, write_plan

        origin = origin_of(path, environ, repository_root(environ, inventory.folder_of(path)))
        write_plan(options.save_plan, make_saved_plan(project, plans, flags, origin, screen.redactor))
        screen.say(f"saved: `runnerops deploy --plan {options.save_plan}` deploys just this")
    code = exit_code_of(plans)
    return Exit.OK if code is Exit.PENDING and not options.exit_code else code


def _no_login(invocation: Invocation, flags: Flags, options: DiffOptions) -> Exit:
    from runnerops.commands.no_login import no_login

    if options.save_plan or options.reports:
        raise UsageError("--no-login: without a login there is no plan", "leave --save-plan and --report out")
    return no_login(invocation, flags, as_json=options.as_json)


def _show(project: Project, plans: Plans, screen: Screen, options: DiffOptions) -> None:
    from runnerops.engine.plans.review import show_json, show_text

    if options.as_json:
        show_json(project, plans, screen)
    else:
        show_text(project, plans, screen, verbose=options.verbose)
    if options.reports:
        from runnerops.engine.plans.reports import plan_report

        write_plan_reports(options.reports, plan_report(project, plans, screen.redactor))
