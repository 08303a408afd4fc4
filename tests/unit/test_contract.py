"""Runs the contract's cases in memory. The demo's host and real hosts run the same cases."""

from __future__ import annotations

import pytest

from runnerops.model.common import ServiceName
from tests.contract.cases import CASES, Case
from tests.contract.emitted import emitted, form, plans
from tests.contract.memory import Memory
from tests.contract.probes import PROBES
from tests.contract.suite import check


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_contract_in_memory(case: Case) -> None:
    check(case, Memory())


def test_every_service_acts_in_the_plans_that_are_looked_through() -> None:
    assert {action.service for plan in plans() for action in plan.actions} == {*ServiceName}


def test_every_command_that_plans_emit_is_probed() -> None:
    """A new one needs a probe: then it is run on the demo's programs, and must do there what the real one does."""
    missing = emitted() - {form(probe.argv) for probe in PROBES}
    assert not missing, "\n".join(sorted(" ".join(argv) for argv in missing))
