"""The plans of several hosts as one review."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from io import StringIO

import pytest

from runnerops.engine.plans.planned import Planned
from runnerops.engine.plans.review import show_text
from runnerops.engine.project import Project
from runnerops.inventory.layers.ranges import expand
from runnerops.model.common import Result, ServiceName, SourceLocation, Verb
from runnerops.model.host_names import brief
from runnerops.model.inventory import Host, Inventory, Requester
from runnerops.model.plan import Action, Blocker, Finding, Plan
from runnerops.redact import MASK
from runnerops.report.alike import HostText, block_lines
from runnerops.report.screen import Screen
from runnerops.report.text import action_lines

CONFIG = "/etc/gitlab-runner/config.toml"
SHARED = Finding(
    "R012", "warning", CONFIG, ("runners", 1, "limit"), "is odd", "mend it", SourceLocation("i.yml", 3, 5), "build"
)
ME = Plan("h", 1, Requester("me", "here"))
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
        "7 hosts alike: a, c, d, e, f, g, h",
        "  i.yml:3:5: warning: runners[1].limit (build): is odd [R012] (also b)",
        "    hint: mend it",
        "b",
        "  /etc/docker/daemon.json: warning: is odd here [D003]",
    ]
    assert out.getvalue().count("R012") == 1


def fleet(names: Sequence[str], plan: Callable[[str, int], Plan], result: Result = Result.PENDING) -> list[str]:
    """What is shown of hosts at 10.0.0.1 and so on, whose plans these are."""
    hosts = tuple(Host(name, f"10.0.0.{number}") for number, name in enumerate(names, 1))
    plans = {name: Planned(plan(name, number), (), result) for number, name in enumerate(names, 1)}
    out = StringIO()
    show_text(Project(Inventory("i.yml", hosts, {}), hosts, {}, {}, b""), plans, Screen(out=out), verbose=0)
    return out.getvalue().splitlines()


def test_hosts_that_are_alike_but_for_what_is_their_own_are_one_block() -> None:
    def plan(name: str, number: int) -> Plan:
        blocker = Blocker("last-mirror", f"{name} at 10.0.0.{number} would have none")
        restart = Action(ServiceName.GITLAB_RUNNER, Verb.RESTART, ("concurrent",), jobs_waited=number % 3)
        notes = ("10.0.0.2 is a mirror",)  # of one host that is its own address, of the others it is not
        return replace(ME, host=name, blockers=(blocker,), actions=(restart,), notes=notes)

    lines = fleet([*(f"ci-{number:02}" for number in range(2, 6)), "cache-1"], plan)
    assert lines[:8] == [
        "4 hosts alike: ci-02, ci-04, ci-05, cache-1",
        "  blocked: last-mirror: HOST at ADDRESS would have none",
        "       override: --allow last-mirror@HOST",
        "  → restart gitlab-runner (concurrent) · waits for 4 jobs · 0 jobs interrupted",
        "  note: 10.0.0.2 is a mirror",
        "  HOST and ADDRESS: each host's own",
        "  jobs: ci-02 1, ci-05 1, cache-1 2",
        "ci-03",
    ]
    assert "  → restart gitlab-runner (concurrent) · waits for 2 jobs · 0 jobs interrupted" in lines[8:]


def test_a_host_is_found_in_the_middle_of_a_name() -> None:
    """Runners are called after their hosts: forty that are created are one block too."""

    def plan(name: str, number: int) -> Plan:
        restart = Action(ServiceName.GITLAB_RUNNER, Verb.RESTART, (f"runners[0] (ci-{name}-docker)",))
        return replace(ME, host=name, actions=(restart,), notes=(f"http://10.0.0.{number}:5000",))

    lines = fleet([f"runner-{number:02}" for number in range(1, 41)], plan)
    assert lines[:4] == [
        "40 hosts alike: runner-[01:40]",
        "  → restart gitlab-runner (runners[0] (ci-HOST-docker)) · 0 jobs interrupted",
        "  note: http://ADDRESS:5000",
        "  HOST and ADDRESS: each host's own",
    ]


def test_a_name_that_may_be_any_word_is_no_sign_of_a_host() -> None:
    plans = {name: replace(ME, host=name, notes=(f"{name} is odd",)) for name in ("docker", "runner", "ci")}
    assert [line for line in fleet(list(plans), lambda name, _: plans[name]) if "alike" in line] == []


def test_each_host_counts_its_runs_for_itself() -> None:
    """A rollback of many, and a plan after a deploy that failed on many."""
    lines = [
        ("plain", "  ~ /etc/x  changed · as before run NUMBER"),
        ("warn", "  last: run NUMBER by anna from laptop, at 2026-11-30 05:17:0NUMBER UTC: rolled-back"),
    ]
    hosts = [
        HostText(f"h-{n}", "", [(style, text.replace("NUMBER", str(n))) for style, text in lines]) for n in range(3)
    ]
    assert len({host.normalized() for host in hosts}) == 1
    assert [text for _, text in block_lines(hosts, hosts[0].lines)] == [
        "3 hosts alike: h-[0:2]",
        "  ~ /etc/x  changed · as before run RUN",
        "  last: run RUN by anna from laptop, at TIME: rolled-back",
        "  RUN and TIME: each host's own",
    ]


def test_a_block_shows_no_fingerprint_of_a_secret() -> None:
    hosts = [HostText(f"h{number}", "", [("new", f"+ token: {MASK} (ab{number}2)")]) for number in range(3)]
    assert len({host.normalized() for host in hosts}) == 1
    assert list(block_lines(hosts, hosts[0].lines)) == [
        ("host", "3 hosts alike: h[0:2]"),
        ("new", f"+ token: {MASK}"),
    ]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "b"], ["a", "b"]),
        (["r-01", "r-02"], ["r-01", "r-02"]),
        ([f"r-{number:02}" for number in range(8, 12)], ["r-[08:11]"]),
        ([f"r-{number:02}" for number in range(98, 102)], ["r-[98:101]"]),
        (["r-08", "r-9", "r-10"], ["r-08", "r-9", "r-10"]),
        (["r8", "r9", "r10", "r11", "r12"], ["r[8:12]"]),
        (["r1", "r2", "r3", "x", "r4", "r6", "r7", "r8"], ["r[1:3]", "x", "r4", "r[6:8]"]),
        (["1", "2", "3"], ["[1:3]"]),
    ],
)
def test_hosts_in_short_are_as_the_inventory_writes_ranges(names: list[str], expected: list[str]) -> None:
    assert brief(names) == expected
    assert [name for text in expected for name in expand(text)] == names


def test_the_last_line_counts_what_is_blocked() -> None:
    blocked = Plan("a", 1, Requester("me", "here"), blockers=(Blocker("last-mirror", "no mirror would be left"),))
    plans = {"a": Planned(blocked, (), Result.PENDING), "b": Planned(replace(blocked, blockers=()), (), Result.PENDING)}
    hosts = (Host("a", "a"), Host("b", "b"))
    out = StringIO()
    show_text(Project(Inventory("i.yml", hosts, {}), hosts, {}, {}, b""), plans, Screen(out=out), verbose=0)
    assert out.getvalue().splitlines()[-1] == "2 hosts: 2 to change (1 blocked), 0 in sync"


def test_many_keys_of_one_runner_are_counted_among_the_reasons() -> None:
    labels = {f"runners[0].{key}": f"runners[0].{key} (big one)" for key in "abcd"}
    many = ("concurrent", *labels, "runners[1].limit")
    ((_, line),) = action_lines(Action(ServiceName.GITLAB_RUNNER, Verb.RESTART, many), labels)
    assert "(concurrent, 4 keys of runners[0] (big one), runners[1].limit)" in line
    ((_, line),) = action_lines(Action(ServiceName.GITLAB_RUNNER, Verb.RESTART, many[:3]), labels)
    assert "(concurrent, runners[0].a (big one), runners[0].b (big one))" in line
