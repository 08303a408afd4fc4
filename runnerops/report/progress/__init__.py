"""Shows a deploy in progress: bars on a terminal, lines elsewhere (both to stderr), or JSON with one event per line."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from runnerops.model.plan import Plan
from runnerops.report.job_log import in_job_log
from runnerops.report.progress.bars import Bars
from runnerops.report.progress.lines import Lines
from runnerops.report.progress.show import Show
from runnerops.report.progress.stream import Stream
from runnerops.report.screen import Screen


def open_show(plans: Mapping[str, Plan], screen: Screen, stack: ExitStack, *, as_json: bool, verbose: int) -> Show:
    """The show for the runs of these plans. What it paints is removed when the stack ends."""
    if as_json:
        return Stream(screen, plans)
    if (
        screen.err.isatty()
        and not verbose
        and not in_job_log(screen.err)
        and any(not plan.empty for plan in plans.values())
    ):
        return stack.enter_context(Bars(screen, plans, verbose=verbose))
    return stack.enter_context(Lines(screen, plans, verbose=verbose))
