"""A host that a saved plan is about: as it was, what is asked of it, and its plan."""

from __future__ import annotations

from dataclasses import replace

from runnerops.engine.plans.planned import Planned
from runnerops.engine.project import Project
from runnerops.model.common import Result, Tree
from runnerops.model.host_state import HostState, Run, SecretFingerprints
from runnerops.model.inventory import Inventory, Requester
from tests.unit.plan_builders import CONFIG, RUNNER, a_host, ask, observed, plan
from tests.unit.services.builders import DAEMON, json_bytes

KEY = "5a" * 32
WAS: Tree = {"live-restore": True, "log-opts": {"max-size": "7m"}}
ASKED: Tree = {"live-restore": True, "log-opts": {"max-size": "8m"}}
LAST = Run(4, Requester("anna", "laptop"), "digest", "applied", running=False, started_at=1000)
NEW = RUNNER.replace(b"concurrent = 2", b"concurrent = 3")


def host_after(
    docker: Tree = WAS, config: bytes = RUNNER, *, key: str = KEY, jobs: int = 0, last: Run = LAST
) -> HostState:
    """A host whose files were `WAS` and `RUNNER` when our last run ended."""
    base = {DAEMON: json_bytes(WAS), CONFIG: RUNNER}
    host_state = observed(docker, config, jobs=jobs)
    ours = observed(WAS, RUNNER).applied
    return replace(
        host_state, applied=ours, base=base, since=last.number, last=last, secret_fingerprints=SecretFingerprints(key)
    )


HOST = a_host(*{file.spec.service for file in ask(ASKED, NEW)})
LOADED = Inventory("inventory.yml", (HOST,), {})
PROJECT = Project(LOADED, (HOST,), {"h": ask(ASKED, NEW)}, {"h": ()}, b"")


def planned(state: HostState, result: Result = Result.PENDING) -> Planned:
    made = plan(ask(ASKED, NEW), state, key=KEY)
    return Planned(made, (), result, state.last, state.facts, state.secret_fingerprints.key)
