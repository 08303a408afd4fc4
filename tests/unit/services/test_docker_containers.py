"""Which containers a restart of Docker keeps running, starts again or ends, and which belong to CI jobs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnerops.model.common import Tree
from runnerops.model.plan import Plan
from runnerops.redact import Masker
from runnerops.report.text import plan_lines
from tests.unit.plan_builders import plan
from tests.unit.services.builders import ARGV, DAEMON, container, daemon, engine, host, json_bytes, our_container, state

JOB = {"com.gitlab.gitlab-runner.job.id": "7"}
RUNNING = (
    our_container(),
    container("web", restart="unless-stopped"),
    container("once", restart="no"),
    container("build", restart="no", labels=JOB),
    container("old", running=False),
)


def restart(host_tree: Tree, rendered: Tree, *, live: bool) -> Plan:
    observed = state({DAEMON: json_bytes(host_tree)}, engine(live=live, containers=RUNNING))
    return plan((daemon(rendered),), observed, host=host(rendered))


@pytest.mark.parametrize(
    ("host_tree", "rendered", "live", "touched"),
    [
        (
            {},
            {"mtu": 1400},
            False,
            {"come_back": ("runnerops-dockerhub-1", "web"), "end": ("once",), "jobs": ("build",)},
        ),
        (
            {"live-restore": True},
            {"live-restore": True, "init": True},
            True,
            {"keep_running": ("runnerops-dockerhub-1", "web", "once"), "jobs": ("build",)},
        ),
        (  # loaded by a reload before the restart
            {},
            {"live-restore": True, "init": True},
            False,
            {"keep_running": ("runnerops-dockerhub-1", "web", "once"), "jobs": ("build",)},
        ),
        (  # the default network is made anew only while nothing runs
            {"live-restore": True},
            {"live-restore": True, "mtu": 1400},
            True,
            {"come_back": ("runnerops-dockerhub-1", "web"), "end": ("once",), "jobs": ("build",)},
        ),
        (  # a bridge moves only while nothing runs
            {"live-restore": True},
            {"live-restore": True, "bip": "192.168.200.1/24"},
            True,
            {"come_back": ("runnerops-dockerhub-1", "web"), "end": ("once",), "jobs": ("build",)},
        ),
        ({}, {"debug": True}, False, {}),
    ],
)
def test_what_a_restart_does_to_each_container(
    host_tree: Tree, rendered: Tree, live: bool, touched: dict[str, tuple[str, ...]]
) -> None:
    (action,) = restart(host_tree, rendered, live=live).actions
    assert action.containers == touched


@pytest.mark.parametrize(
    ("rendered", "flag", "blocked"),
    [
        ({"mtu": 1400}, "--live-restore", True),
        ({"data-root": "/srv/docker"}, "--live-restore=true", True),
        ({"mtu": 1400}, "--live-restore=false", False),
        ({"mtu": 1400}, "--debug", False),
        ({"log-opts": {"max-size": "9m"}}, "--live-restore", False),
    ],
)
def test_live_restore_of_the_unit_stands_in_the_way_of_what_needs_every_container_to_end(
    rendered: Tree, flag: str, blocked: bool
) -> None:
    live = flag in {"--live-restore", "--live-restore=true"}
    facts = engine(live=live, containers=RUNNING, argv=(*ARGV, flag))
    made = plan((daemon(rendered),), state({DAEMON: b"{}"}, facts), host=host(rendered))
    blockers = [blocker for blocker in made.blockers if blocker.code == "live-restore-flag"]
    assert [blocker.details for blocker in blockers] == ([("runnerops-dockerhub-1", "web", "once")] if blocked else [])
    jobs = replace(facts, containers=tuple(one for one in RUNNING if one.labels == JOB))
    made = plan((daemon(rendered),), state({DAEMON: b"{}"}, jobs), host=host(rendered))
    assert not [blocker for blocker in made.blockers if blocker.code == "live-restore-flag"], "jobs are waited for"


def test_docker0_keeps_its_address_under_a_live_restore_of_the_unit() -> None:
    """Also while nothing runs; an address that is named moves it."""
    facts = engine(live=True, argv=(*ARGV, "--live-restore"), bridge="172.18.0.1")
    observed = state({DAEMON: json_bytes({"bip": "172.18.0.1/16"})}, facts)
    cases: tuple[tuple[Tree, bool], ...] = (({}, True), ({"bip": "172.17.0.1/16"}, False))
    for rendered, stopped in cases:
        made = plan((daemon(rendered),), observed, host=host(rendered))
        pairs = [blocker.details for blocker in made.blockers if blocker.code == "live-restore-flag"]
        assert pairs == ([("172.18.0.1",)] if stopped else [])


def test_a_plan_shows_what_happens_to_containers() -> None:
    lines = [text for _, text in plan_lines(restart({}, {"mtu": 1400}, live=False), Masker(), ())]
    note = " ".join(" ".join(lines).split())
    assert (
        "containers: 2 end and come back (runnerops-dockerhub-1, web); 1 ends for good (once); 1 of a CI job (build)"
        in note
    )


def test_a_bridge_that_is_not_where_its_file_says_is_told_and_moved_with_the_next_restart() -> None:
    bip: Tree = {"bip": "192.168.200.1/24"}
    observed = state({DAEMON: json_bytes(bip)}, engine())
    requires_stopped = plan((daemon(bip),), observed, host=host(bip))
    assert (requires_stopped.changes, requires_stopped.actions) == ((), ())
    assert any("172.17.0.1" in note and "192.168.200.1/24" in note for note in requires_stopped.notes)
    rendered: Tree = {**bip, "mtu": 1400}
    made = plan((daemon(rendered),), observed, host=host(rendered))
    assert any("=192.168.200.1" in step.args for step in made.forward)
