"""Overrides in the inventory of a host: they apply to a deploy only, show their reason, and are named if they are not
needed.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnerops.engine.options import Flags
from runnerops.engine.plans.context import PlanContext
from runnerops.engine.project import Project
from runnerops.model.common import Result
from runnerops.model.inventory import Host, Inventory, Requester
from runnerops.model.plan import Plan
from runnerops.planning.plan import Request, make_plan
from runnerops.planning.reconcile import reconcile
from runnerops.redact import Masker, Redactor
from runnerops.report.document import plan_document
from runnerops.report.text import plan_lines
from tests.unit.plan_builders import RUNNER, a_host, ask, observed

WHY = {"drop-runner": "moved to host b, 2026-11"}
TWO = RUNNER + RUNNER[RUNNER.index(b"\n[[") :].replace(b'"one"', b'"two"').replace(b"aaaa", b"bbbb")


def planned(host: Host, content: bytes, command: str = "deploy") -> Plan:
    """A plan that asks for one runner, of a host whose file has this content."""
    project = Project(Inventory("i.yml", (host,), {}), (host,), {}, {}, b"")
    planning = PlanContext(project, Flags({}), Requester("me", "here"), Redactor(), command=command)
    files, state = ask(None, RUNNER), observed(None, content)
    desired, blockers = reconcile(host, files, state)
    return make_plan(
        Request(host, files, desired, state, planning.policy(host), planning.requester, blockers, command=command)
    )


@pytest.fixture(name="host")
def fixture_host() -> Host:
    (spec,) = (file.spec for file in ask(None, RUNNER))
    return replace(a_host(spec.service), allow=WHY)


def test_it_overrides_with_its_reason(host: Host) -> None:
    plan = planned(host, TWO)
    assert ([runner.code for runner in plan.blockers], [runner.code for runner in plan.overridden]) == (
        [],
        ["drop-runner"],
    )
    lines = [text for _, text in plan_lines(plan, Masker(), ())]
    assert "       allowed in the inventory: moved to host b, 2026-11" in lines
    (shown,) = plan_document(plan, Result.PENDING, Masker(), ())["overridden"]
    assert (shown["code"], shown["reason"]) == ("drop-runner", WHY["drop-runner"])


def test_a_code_that_no_longer_arises_is_named(host: Host) -> None:
    plan = planned(host, RUNNER)
    assert plan.notes == ("hosts.h.allow.drop-runner does not occur any more: remove it from the inventory",)
    assert planned(replace(host, allow={}), RUNNER).notes == ()


def test_an_override_of_what_a_step_would_check_is_not_called_unused(host: Host) -> None:
    """With the override the step that asks is not there, so nobody knows."""
    host = replace(host, allow={"unproven-mirror": "the cache comes next week"})
    assert planned(host, TWO).actions
    assert planned(host, TWO).notes == ()
    assert planned(host, RUNNER).notes != ()


@pytest.mark.parametrize("command", ["rollback", "remove"])
def test_it_is_meant_for_deploys_alone(host: Host, command: str) -> None:
    plan = planned(host, TWO, command)
    assert [blocker.code for blocker in plan.blockers] == ["drop-runner"]
    assert (plan.reasons, planned(host, RUNNER, command).notes) == ({}, ())
