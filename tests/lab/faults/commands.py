"""What a user types, run in this process: no interpreter has to start for it. The same functions as the command line's."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from runnerops import inventory
from runnerops.commands.deploy import deploy
from runnerops.commands.diff import DiffOptions, diff
from runnerops.commands.remove import HostRemoval, remove
from runnerops.engine.gitlab.context import GitlabContext
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.options import Flags, Invocation, UiOptions
from runnerops.engine.planner import plan_all
from runnerops.engine.plans.planned import Planned
from runnerops.engine.project import Project as Opened
from runnerops.engine.project import open_project
from runnerops.engine.requester import find_requester
from runnerops.engine.runs.apply import apply
from runnerops.model.common import Exit, Result
from runnerops.model.inventory import Host
from runnerops.model.plan import Plan
from runnerops.model.run import Event, Outcome
from runnerops.model.steps import Step
from runnerops.report.screen import Screen
from runnerops.secrets import Resolver
from runnerops.services import SERVICES
from tests.lab.host import LabHost
from tests.lab.project import Project

RUNS = "/var/lib/runnerops/runs"
FLAGS = Flags({}, drain_s=60)
"""There is no job: who waits longer for one waits in vain."""

WAIT = "while [ ! -e go ]; do sleep 0.1; done"


@dataclass(frozen=True, slots=True)
class Planning:
    """A plan, and the way to its host."""

    plan: Plan
    host: Host
    reach: ConnectionPool
    screen: Screen

    def apply(self, plan: Plan, watch: Callable[[Event], None] = lambda _: None) -> Outcome:
        """This plan, or one with a fault in it."""
        return apply(plan, self.reach.host_link(self.host), self.screen.redactor, watch)


@contextmanager
def planning_removal(project: Project) -> Iterator[Planning]:
    """What a removal of all would do now on the inventory's one host, the connection kept open."""
    screen, environ = _screen(), project.environ
    loaded = inventory.load(project.folder / "inventory.yml")
    (host,) = loaded.hosts
    opened = Opened(loaded, (host,), {}, {}, b"key of the test")
    services = tuple(service.NAME for service in SERVICES)
    with ConnectionPool(loaded, environ, screen) as reach:
        requester = find_requester(environ, project.folder)
        asking = GitlabContext(project.folder, environ, screen.redactor)
        removing = HostRemoval(opened, host, services, False, FLAGS, requester, asking)
        planned = removing.plan(reach.reader(host))
        assert planned.ready, planned.plan.blockers
        yield Planning(planned.plan, host, reach, screen)


def type_remove(project: Project) -> None:
    """`remove HOST --yes`, which must end with 0."""
    screen = _screen()
    path = project.folder / "inventory.yml"
    (name,) = project.tree["hosts"]
    ui = UiOptions(yes=True, as_json=False, verbose=False)
    _well("remove", remove(Invocation(path, [name], project.environ, screen), "", FLAGS, ui, forget=False), screen)


HELD = Step("run", ("120", "sh", "-c", WAIT))
"""A step that waits until somebody lets its run go on."""


def let_go(host: LabHost, run: int) -> None:
    """Ends that wait."""
    host.run(f"touch {RUNS}/{run}/go")


def type_deploy(project: Project) -> bool:
    """`deploy --yes`, which must end with 0; whether it had nothing to do."""
    screen = _screen()
    path = project.folder / "inventory.yml"
    code = deploy(
        Invocation(path, (), project.environ, screen), FLAGS, UiOptions(yes=True, as_json=False, verbose=False)
    )
    return Result.UNCHANGED in _well("deploy", code, screen)


def type_diff(project: Project) -> None:
    """`diff --exit-code`, which must find nothing to do."""
    screen = _screen()
    path = project.folder / "inventory.yml"
    code = diff(Invocation(path, (), project.environ, screen), FLAGS, DiffOptions(exit_code=True, verbose=1))
    _well("diff --exit-code", code, screen)


@contextmanager
def planning(project: Project, flags: Flags = FLAGS) -> Iterator[Planning]:
    """What a deploy would do now on the inventory's one host, the connection kept open."""
    screen, environ = _screen(), project.environ
    loaded = inventory.load(project.folder / "inventory.yml")
    opened = open_project(loaded, loaded.hosts, Resolver(environ, loaded.folder), screen.redactor)
    with ConnectionPool(opened.inventory, environ, screen) as reach:
        (host,) = opened.hosts
        planned = plan_all(opened, reach, flags)[host.name]
        if not isinstance(planned, Planned):
            raise planned
        assert planned.ready, (planned.plan.blockers, planned.plan.findings)
        yield Planning(planned.plan, host, reach, screen)


def _screen() -> Screen:
    output = io.StringIO()
    return Screen(out=output, err=output)


def _well(words: str, code: Exit, screen: Screen) -> str:
    assert isinstance(screen.out, io.StringIO)
    output = screen.out.getvalue()
    assert code is Exit.OK, f"{words} ends with {code.value}:\n{output}"
    return output
