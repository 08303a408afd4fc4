"""One host under test: a case is struck there, looked at, deployed again and looked at again."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from runnerops.model.common import Result
from runnerops.model.plan import Plan
from tests.lab.faults import answers, truth
from tests.lab.faults.cases import Case
from tests.lab.faults.commands import Planning, planning, planning_removal, type_deploy, type_diff, type_remove
from tests.lab.faults.disk import free_again, small_disk
from tests.lab.faults.kinds import kinds
from tests.lab.faults.run import Struck, line
from tests.lab.faults.scenarios import ALL, FIRST, START_FOREIGN, Scenario, Values, entry
from tests.lab.faults.strikes import CUT, FULL, POWER_OTHER, STRUCK
from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project
from tests.lab.proxy import Proxy

STATE = "/var/lib/runnerops"


class Bench:
    """For one thread. `values` are those last asked for."""

    def __init__(self, folder: Path, lab: Lab, host: LabHost) -> None:
        self.project = Project(folder, lab)
        self.lab = lab
        self.host = host
        self.values: Values = FIRST
        self.furnished = False

    def furnish(self) -> None:
        """Everything deployed on an untouched host."""
        self.reset()
        self.ask(ALL)
        type_deploy(self.project)
        self.furnished = True

    def reset(self) -> None:
        """Untouched."""
        if self.host.container.running():
            self.host.run("ln -sfn dash /bin/sh")
        self.host.reset()
        self.furnished = False

    def prepare(self, scenario: Scenario) -> None:
        """The host as the scenario finds it."""
        if scenario.fresh:
            self.reset()
        elif not self.furnished:
            self.furnish()
        if scenario.foreign:
            self.host.run(START_FOREIGN.format(hub=self.lab.hub.url, image=self.host.registry_image))

    def planning(self, scenario: Scenario) -> AbstractContextManager[Planning]:
        """Of the command that is struck."""
        return planning_removal(self.project) if scenario.command == "remove" else planning(self.project)

    def ask(self, services: tuple[str, ...], user: str = "root", proxy: Proxy | None = None) -> None:
        """Write the inventory."""
        wanted = entry(self.host, self.lab.hub, self.values, services, user)
        if proxy:
            wanted |= {"address": "127.0.0.1", "ssh": {"user": user, "port": proxy.port}}
        self.project.write({"hosts": {self.host.name: wanted}})

    def kinds(self, scenario: Scenario) -> frozenset[str]:
        """The kinds of steps that this scenario's deploy has here; a first deploy only on an untouched host."""
        self.prepare(scenario)
        now, self.values = self.values, scenario.next(self.values)
        self.ask(scenario.services)
        self.values = now
        with self.planning(scenario) as found:
            return frozenset(kinds(found.plan))

    def try_case(self, case: Case) -> str:
        """How the struck run ended. Raises AssertionError and LabError."""
        self.prepare(case.scenario)
        self.host.run(f"ln -sfn {case.shell} /bin/sh && rm -f {STRUCK}")
        self.values = case.scenario.next(self.values)
        target = Path(answers.PATHS[case.scenario.services[0]][0]).parent
        folder = STATE if case.turn % 2 or case.scenario.foreign else str(target)
        with ExitStack() as stack:
            if case.fault is FULL:
                stack.enter_context(small_disk(self.host, folder))
            result = self._strike(case, folder)
            if case.fault is FULL:
                free_again(self.host, folder)
            if case.fault is POWER_OTHER:
                self.values = case.scenario.next(self.values)
            self.ask(case.scenario.services, case.user)
            self._make_all_well(case.scenario)
        return result.value if result else "power lost"

    def _make_all_well(self, scenario: Scenario) -> None:
        """What a user types next. A container whose place was taken comes back with a removal, whatever has struck."""
        if scenario.command == "deploy":
            unchanged = type_deploy(self.project)
            self.wait_for(truth.converged)
            if not unchanged:  # else a diff has nothing to tell that this deploy has not
                type_diff(self.project)
        if scenario.foreign or scenario.command == "remove":
            type_remove(self.project)
            runner = "inactive dead" if "gitlab_runner" in scenario.services else "active running"
            self.wait_for(lambda told: truth.removed(told, runner))
        if scenario.foreign:
            self.wait_for(truth.place_is_held)
        if scenario.fresh or scenario.command == "remove":
            self.furnished = scenario.services == ALL and scenario.command == "deploy"

    def _strike(self, case: Case, folder: str) -> Result | None:
        with ExitStack() as stack:
            proxy = stack.enter_context(line(self.project, self.host)) if case.fault is CUT else None
            self.ask(case.scenario.services, case.user, proxy)
            now = stack.enter_context(self.planning(case.scenario))
            indexes = kinds(now.plan).get(case.kind)
            assert indexes, f"the plan has no such step, but: {sorted(kinds(now.plan))}"
            index = indexes[case.turn % len(indexes)]
            struck = Struck(self.host, self.project, now, case.fault, index + case.fault.after, folder, proxy)
            result = struck.run()
            self._look(case, now.plan, result, struck.log)
            return result

    def _look(self, case: Case, plan: Plan, result: Result | None, log: Callable[[], str]) -> None:
        now = answers.ask(self.host)
        assert result is None or now.struck == str(plan.run), f"the fault did not strike:\n{log()}"
        truth.old_or_new(now, plan, result)
        assert result is None or result in case.fault.results, f"the run ended {result}:\n{log()}"
        truth.private(now)
        gone = case.scenario.command == "remove" and result not in (Result.FAILED, Result.ROLLED_BACK)
        services = tuple(name for name in case.scenario.services if not gone or name != "gitlab_runner")
        self.wait_for(lambda told: truth.acted_or_owed(told, services), now)
        if case.scenario.foreign:
            self.wait_for(truth.place_is_held)

    def wait_for(self, check: Callable[[answers.Truth], None], now: answers.Truth | None = None) -> None:
        """A runner needs 3 s to see its file, and one that comes back later a second more. A look costs more than a wait."""
        ends, pause = time.monotonic() + 12, 0.2
        while True:
            try:
                return check(now or answers.ask(self.host))
            except AssertionError:
                if time.monotonic() > ends:
                    raise
            now = None
            time.sleep(pause)
            pause = min(2 * pause, 1)
