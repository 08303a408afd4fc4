"""A bench on a host of the lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.faults.bench import Bench
from tests.lab.host import LabHost
from tests.lab.lab import Lab


@pytest.fixture(name="bench")
def fixture_bench(lab: Lab, host: LabHost, tmp_path: Path) -> Bench:
    """On each untouched host in turn."""
    return Bench(tmp_path, lab, host)
