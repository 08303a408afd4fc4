"""The contract's cases on a remote in memory; the demo's host and real ones run the same."""

from __future__ import annotations

import pytest

from tests.contract.cases import CASES, Case
from tests.contract.memory import Memory
from tests.contract.suite import check


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_in_memory(case: Case) -> None:
    check(case, Memory())
