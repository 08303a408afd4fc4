"""Two names of the inventory that lead to the same machine are found by its machine-id."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnerops.engine.planner import block_duplicates
from runnerops.engine.plans.planned import Planned
from runnerops.model.common import Result
from runnerops.model.facts import Facts, RunnerFacts
from runnerops.planning.lint.machines import same_machines
from runnerops.services.gitlab_runner.verify import checks
from runnerops.services.verify import Evidence, Probe
from tests.unit.machine_builders import facts, planned
from tests.unit.services import runner_builders as build

ONE = facts(server="192.0.2.10", addresses=("127.0.0.1", "192.0.2.10", "198.51.100.10", "172.17.0.1"))


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (replace(ONE), True),
        (replace(ONE, docker=None), True),
        (facts(server="198.51.100.10", addresses=("172.17.0.1", "198.51.100.10", "192.0.2.10", "fe80::7")), True),
        (replace(ONE, boot="b2"), False),  # a clone of its disk
        (replace(ONE, machine="m2"), False),  # another container on its kernel
        (
            facts(server="192.0.2.11", addresses=("127.0.0.1", "192.0.2.11", "172.17.0.1")),
            False,
        ),  # a clone of a container
        (replace(ONE, machine=""), False),
        (replace(ONE, boot=""), False),
        (Facts(), False),
    ],
)
def test_two_hosts_with_one_machine_id_are_one_machine(other: Facts, same: bool) -> None:
    blockers = same_machines({"a": ONE, "b": other, "c": facts("m9", "b9")})
    assert set(blockers) == ({"a", "b"} if same else set())
    assert not same_machines({"a": replace(ONE, machine=""), "b": replace(ONE, machine="")})


def test_each_of_three_names_the_others() -> None:
    blockers = same_machines({"a": ONE, "b": ONE, "c": ONE})
    assert {name: blocker.details for name, blocker in blockers.items()} == {
        "a": ("b", "c"),
        "b": ("a", "c"),
        "c": ("a", "b"),
    }
    assert "a and b, c are the same machine" in blockers["a"].message


def test_such_hosts_are_refused_and_others_are_not() -> None:
    lost = RuntimeError("no route")
    plans = block_duplicates(
        {"a": planned("a", ONE), "b": planned("b", ONE), "c": planned("c", facts("m9")), "d": lost}
    )
    assert plans["d"] is lost
    for name, result in {"a": Result.REFUSED, "b": Result.REFUSED, "c": Result.PENDING}.items():
        one = plans[name]
        assert isinstance(one, Planned)
        assert one.result is result
        assert [blocker.code for blocker in one.plan.blockers] == (["same-machine"] if result is Result.REFUSED else [])
        assert not any(blocker.overridable for blocker in one.plan.blockers)


def with_runner(machine: str, boot: str, system_id: str) -> Facts:
    return replace(facts(machine, boot), runner=RunnerFacts(build.NOW, "18.0.0", system_id=system_id))


@pytest.mark.parametrize(
    ("one", "other", "clones", "first"),
    [
        (with_runner("m1", "b1", "s_1"), with_runner("m1", "b2", "s_1"), True, "its own machine-id"),
        (with_runner("m1", "b1", "s_1"), with_runner("m2", "b2", "s_1"), True, ""),
        (with_runner("m1", "b1", "s_1"), with_runner("m1", "b1", "s_1"), False, ""),  # two names of one machine
        (with_runner("m1", "b1", "s_1"), with_runner("m2", "b2", "s_2"), False, ""),
        (with_runner("m1", "b1", ""), with_runner("m2", "b2", ""), False, ""),
        (with_runner("m1", "b1", "s_1"), facts("m2", "b2"), False, ""),
    ],
)
def test_machines_that_gitlab_cannot_tell_apart_are_told_and_not_refused(
    one: Facts, other: Facts, clones: bool, first: str
) -> None:
    plans = block_duplicates({"a": planned("a", one), "b": planned("b", other)})
    for name, its in {"a": "b", "b": "a"}.items():
        found = plans[name]
        assert isinstance(found, Planned)
        notes = " ".join(found.plan.notes)
        assert (f"the system id of {its} too" in notes) is clones
        assert first in notes
        assert ("machine-id" in notes) is bool(first)
        assert (found.result is Result.PENDING) or not clones


@pytest.mark.parametrize(("token", "fails"), [(build.TOKEN, True), (build.OTHER, False)])
def test_verify_fails_where_such_machines_have_one_token(token: str, fails: bool) -> None:
    observed, its = (
        replace(build.observed(build.config(build.runner(token=text))), facts=with_runner("m1", boot, "s_1"))
        for text, boot in ((build.TOKEN, "b1"), (token, "b2"))
    )
    by_check = {
        check.name: check for check in checks(build.HOST, Evidence(observed, Probe("", "", "", ""), clones={"b": its}))
    }
    assert ("system-id" in by_check) is fails
    assert not fails or "gitlab-runner of b has the same system id, and a token" in by_check["system-id"].reason
