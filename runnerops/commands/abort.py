"""`runnerops abort`: rolls back runs that are in progress, as an interrupt of the client that started them does."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from runnerops import inventory
from runnerops.engine.exit_codes import exit_of
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.hosts.looking import look_at
from runnerops.engine.hosts.targets import check_targets, select_hosts
from runnerops.engine.options import Invocation, UiOptions
from runnerops.engine.plans.review import failed_outcome
from runnerops.engine.runs.following import FollowHooks, follow_records
from runnerops.errors import HostError
from runnerops.frozen import frozen
from runnerops.model.common import Exit, Result
from runnerops.model.gitlab import PauseRecord, Pausing
from runnerops.model.host_names import brief
from runnerops.model.inventory import Host
from runnerops.model.plan import Plan
from runnerops.model.run import Outcome, Record
from runnerops.model.steps import Step, drains
from runnerops.planning.paused import left_paused, notes_on_still_paused
from runnerops.redact import step_title
from runnerops.remote import protocol
from runnerops.remote.history import History, read_history
from runnerops.report.causes import outcomes_lines
from runnerops.report.document import summary_document
from runnerops.report.paused import paused_lines
from runnerops.report.runs_together import HostRun, merged_history_lines
from runnerops.report.screen import Screen
from runnerops.report.text import Line, summary_line

_SECONDS = 60.0
_IDLE = "no run is going on"
_BACK = {Result.ROLLED_BACK, Result.FAILED}
"""How an aborted run ends: after it had changed something, or before."""


def abort(invocation: Invocation, ui: UiOptions) -> Exit:
    """Exit 0 if every run was rolled back; 1 if one ended before it could be, or a host was not reached; 5 as in `deploy`."""
    path, targets, environ, screen = invocation
    loaded = inventory.load(path)
    check_targets(loaded, targets)
    ui.check("abort", screen, f"history {shlex.join(targets)}")
    with ConnectionPool(loaded, environ, screen) as pool:
        hosts = {host.name: host for host in select_hosts(loaded, targets, pool)}
        results = look_at(list(hosts), lambda name: read_history(name, pool.reader(hosts[name])), screen)
        failed = [failed_outcome(name, error) for name, error in results.items() if isinstance(error, Exception)]
        live = {
            name: run
            for name, result in results.items()
            if isinstance(result, History) and (run := _active_run(result))
        }
        idle = [name for name, result in results.items() if isinstance(result, History) and name not in live]
        if not ui.as_json:
            screen.lines(outcomes_lines(failed))
            show(results, live, hosts, screen)
        if live and not ui.yes and not screen.ask(f"take back the run on {', '.join(brief(list(live)))}?"):
            screen.say("nothing was changed")
            return Exit.PENDING

        back = _AbortHooks(
            pool, loaded.folder, {name: history for name, history in results.items() if isinstance(history, History)}
        )
        runs = [(hosts[name], record) for name, record in live.items()]
        outcomes = follow_records(runs, pool, as_json=ui.as_json, verbose=ui.verbose, hooks=back)
    code = exit_of([*(outcome.result for outcome in failed), *map(_counts_as, outcomes)])
    if len(outcomes) > 1 and not ui.as_json:
        screen.say(summary_line(outcomes))
    if ui.as_json:
        outcomes += (Outcome(name, Result.UNCHANGED, message=_IDLE) for name in idle)
        screen.json(summary_document([*failed, *outcomes], code), indent=None)
    return code


@frozen
class _AbortHooks(FollowHooks):
    """Aborts each run before it is followed. `histories` has the history of each host, read before."""

    pool: ConnectionPool
    folder: Path
    histories: Mapping[str, History]

    @property
    def groups_outcomes(self) -> bool:
        """True, because the runs are aborted together and most of them end alike."""
        return True

    def before(self, host: Host) -> None:
        """Tells systemd to stop the run, whose unit then rolls back. Raises HostError."""
        run = _active_run(self.histories[host.name])
        assert run
        completed = self.pool.link(host).run(protocol.stop(run.run.number), b"", _SECONDS)
        if completed.status != 0:
            hint = f"`runnerops history {host.name}` shows its state"
            raise HostError(host.name, "systemd did not stop the run", hint)

    def after(self, host: Host, plan: Plan, outcome: Outcome) -> Outcome:
        """Unpauses the runners that are paused in GitLab, because the client that started the run may be gone."""
        pauses = left_paused("abort", host, self.histories[host.name].paused)
        if not pauses:
            return outcome
        from runnerops.engine.gitlab.context import GitlabContext
        from runnerops.engine.gitlab.pausing import Pauses

        gitlab_context = GitlabContext(
            self.folder, self.pool.environ, self.pool.screen.redactor, run=self.pool.run_command
        )
        plan = replace(plan, pausing=Pausing(left_paused=pauses))
        return Pauses(host, plan, gitlab_context, partial(self.pool.link, host), run=plan.run).after(outcome)


def _active_run(history: History) -> Record | None:
    return history.latest if history.latest and history.latest.run.running else None


def _counts_as(outcome: Outcome) -> Result:
    """The result for the exit code: an aborted run is a success; one that ended before it could be aborted is not."""
    if outcome.result in _BACK:
        return Result.APPLIED
    return Result.FAILED if outcome.result is Result.APPLIED else outcome.result


def show(
    results: Mapping[str, History | Exception], live: Mapping[str, Record], hosts: Mapping[str, Host], screen: Screen
) -> None:
    """Shows the runs that would be aborted and what their rollback does. Runs about which the same is to be said form one
    block.
    """
    histories = {name: history for name, history in results.items() if isinstance(history, History)}
    host_runs = [
        HostRun(
            name, run, histories[name].clock, (*cost_lines(run), *unpaused_lines(hosts[name], histories[name].paused))
        )
        for name, run in live.items()
    ]
    screen.lines(merged_history_lines(host_runs, show_all=True))  # each is to be agreed to
    if idle := [name for name in histories if name not in live]:
        screen.say(f"{', '.join(brief(idle))}: {_IDLE}")
    for name in idle:
        history = histories[name]
        screen.lines(paused_lines(name, history.paused, history.latest.run if history.latest else None))


def cost_lines(record: Record) -> Iterator[Line]:
    """What the rollback of this run would do now."""
    steps = list(started_rollback_steps(record))
    if record.command == "rotate" and not record.rollback:  # the first of its two runs
        yield (
            "warn",
            "  taking it back: a token that GitLab creates at this moment is lost, and the old one is then refused",
        )
        return
    if not steps:
        yield "plain", "  taking it back: nothing was changed yet, so it just ends"
        return
    yield "plain", "  taking it back:"
    yield from (("plain", f"    ← {title}") for title in dict.fromkeys(map(step_title, steps)))
    if any(drains(step) for step in _started_steps(record)):
        yield "plain", "  a runner that is draining starts again after its last job"


def unpaused_lines(host: Host, paused: Sequence[PauseRecord]) -> Iterator[Line]:
    """What happens to runners that are paused in GitLab after the run was rolled back."""
    yield from (
        ("plain", f"    ← unpause runner {pause.runner} in GitLab") for pause in left_paused("abort", host, paused)
    )
    yield from (("warn", f"  {text}") for text in notes_on_still_paused("abort", host, paused))


def started_rollback_steps(record: Record) -> Iterator[Step]:
    """The steps of the rollback whose phases have begun, without the verbs that only keep records."""
    begun = {step.args[0] for step in _started_steps(record) if step.verb == "phase"}
    phase = ""
    for step in record.rollback:
        if step.verb == "phase":
            phase = step.args[0]
        elif phase in begun and step.verb in {"swap", "run", "await"}:
            yield step


def _started_steps(record: Record) -> Iterator[Step]:
    """The forward steps that have begun."""
    for event in record.events:
        if event.list == "forward" and event.kind == "step" and 0 <= event.step < len(record.forward):
            yield record.forward[event.step]
