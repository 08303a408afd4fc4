"""The order on disk, as the kernel saw it: what must outlive a power cut is synced before what rests on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from runnerops.model.common import Result
from runnerops.model.plan import Plan
from runnerops.model.run import Event
from runnerops.services.steps import staged_path
from tests.lab.faults.bench import Bench
from tests.lab.faults.commands import HELD, let_go, planning
from tests.lab.faults.scenarios import ALL
from tests.lab.faults.strace import Call, read, traced
from tests.lab.host import LabHost
from tests.lab.lab import Lab

pytestmark = pytest.mark.hosts("bookworm", "trixie")

OWED = "/var/lib/runnerops/intents"
ACTS = {"docker": ("restart", "docker"), "registry": ("up", "-d"), "gitlab_runner": ("start", "gitlab-runner")}
"""The last words that make each service act in a first deploy, but a registry's, which go on."""


def test_a_first_deploy_syncs_in_order(lab: Lab, host: LabHost, tmp_path: Path) -> None:
    bench = Bench(tmp_path, lab, host)
    bench.ask(ALL)
    with planning(bench.project) as now:
        run = now.plan.run
        with traced(host, run, tmp_path / "trace") as attach:

            def watch(event: Event) -> None:
                if (event.list, event.step, event.kind) == ("forward", 0, "step"):
                    attach()
                    let_go(host, run)

            outcome = now.apply(replace(now.plan, forward=(HELD, *now.plan.forward)), watch)
    assert outcome.result is Result.APPLIED, outcome
    calls = list(read(tmp_path / "trace"))
    swaps = [step.args[0] for step in now.plan.forward if step.verb == "swap"]
    assert len(swaps) == 4
    staged_before_owed(calls, now.plan)
    for service in ALL:
        owed_before_swapped(calls, service, [path for path in swaps if path in paths_of(now.plan, service)])


def staged_before_owed(calls: Sequence[Call], plan: Plan) -> None:
    """Each staged file and its folder is on disk before anything is owed."""
    first = min(at for at, call in enumerate(calls) if call.name == "rename" and call.words[-1].startswith(f"{OWED}/"))
    staged = [staged_path(step.args[1], step.args[4]) for step in plan.forward if step.verb == "stage"]
    assert staged
    for path in staged:
        file = sync(calls, path)
        assert file < sync(calls, folder(path), file) < first


def owed_before_swapped(calls: Sequence[Call], service: str, swaps: Sequence[str]) -> None:
    """What is owed is on disk before the first rename, each rename before the service acts."""
    written = sync(calls, f"{OWED}/.{service}")
    renamed = rename(calls, f"{OWED}/{service}", written)
    listed = sync(calls, OWED, renamed)
    assert swaps
    acts = next(at for at, call in enumerate(calls) if at > listed and call.name == "exec" and acting(call, service))
    for path in swaps:
        swapped = rename(calls, path, listed)
        assert swapped < sync(calls, folder(path), swapped) < acts


def acting(call: Call, service: str) -> bool:
    words = ACTS[service]
    return any(call.words[at : at + len(words)] == words for at in range(len(call.words)))


def sync(calls: Sequence[Call], path: str, after: int = -1) -> int:
    """Where that path is synced first after that place."""
    return index_of(calls, Call("sync", (path,)), after)


def rename(calls: Sequence[Call], path: str, after: int) -> int:
    positions = (at for at, call in enumerate(calls) if at > after and call.name == "rename" and call.words[-1] == path)
    at = next(positions, None)
    assert at is not None, f"no rename to {path} after call {after}"
    return at


def index_of(calls: Sequence[Call], wanted: Call, after: int) -> int:
    at = next((at for at, call in enumerate(calls) if at > after and call == wanted), None)
    assert at is not None, f"no {wanted.name} of {wanted.words} after call {after}"
    return at


def folder(path: str) -> str:
    return path.rpartition("/")[0]


def paths_of(plan: Plan, service: str) -> set[str]:
    return {change.old.path for change in plan.changes if change.new.spec.service == service}
