"""Several hosts' plans as they are read together."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from runnerops.engine.planned import Planned
from runnerops.engine.project import Project
from runnerops.engine.review import show_text
from runnerops.model.common import Result, SourceLocation
from runnerops.model.inventory import Host, Inventory, Requester
from runnerops.model.plan import Blocker, Finding, Plan
from runnerops.report.screen import Screen

CONFIG = "/etc/gitlab-runner/config.toml"
SHARED = Finding(
    "R012", "warning", CONFIG, ("runners", 1, "limit"), "is odd", "mend it", SourceLocation("i.yml", 3, 5), "build"
)
OWN = Finding("D003", "warning", "/etc/docker/daemon.json", (), "is odd here")


def test_a_finding_that_several_hosts_have_is_shown_with_the_first_and_names_the_others() -> None:
    names = ["a", "b", "c", "d", "e", "f", "g", "h"]
    hosts = tuple(Host(name, name) for name in names)
    plans = {
        name: Planned(
            Plan(name, 1, Requester("me", "here"), findings=(SHARED, OWN) if name == "b" else (SHARED,)),
            (),
            Result.UNCHANGED,
        )
        for name in names
    }
    out = StringIO()
    project = Project(Inventory("i.yml", hosts, {}), hosts, {}, {}, b"")
    show_text(project, plans, Screen(out=out, err=StringIO()), verbose=0)
    assert out.getvalue().splitlines()[:5] == [
        "a",
        "  i.yml:3:5: runners[1].limit (build): is odd [R012] (also b, c, d, e, f and 2 more)",
        "    hint: mend it",
        "b",
        "  /etc/docker/daemon.json: is odd here [D003]",
    ]
    assert out.getvalue().count("R012") == 1


def test_the_last_line_counts_what_is_blocked() -> None:
    blocked = Plan("a", 1, Requester("me", "here"), blockers=(Blocker("last-mirror", "no mirror would be left"),))
    plans = {"a": Planned(blocked, (), Result.PENDING), "b": Planned(replace(blocked, blockers=()), (), Result.PENDING)}
    hosts = (Host("a", "a"), Host("b", "b"))
    out = StringIO()
    show_text(Project(Inventory("i.yml", hosts, {}), hosts, {}, {}, b""), plans, Screen(out=out), verbose=0)
    assert out.getvalue().splitlines()[-1] == "2 hosts: 2 to change (1 blocked), 0 in sync"
