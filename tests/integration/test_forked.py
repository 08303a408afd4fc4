"""Commands that tests on hosts start without waiting for them (`tests/lab/forked.py`)."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.lab.forked import Forked

LONG = ("schema",)
"""Prints more than a pipe holds, so that it waits until somebody reads."""


def test_what_it_prints_and_how_it_ends(tmp_path: Path) -> None:
    command = Forked(LONG, tmp_path, {})
    assert command.communicate(60).startswith("{")
    assert (command.returncode, command.wait(1)) == (0, 0)
    command.send_signal(signal.SIGKILL)  # it has ended
    with Forked(("no-such-command",), tmp_path, {}) as command:
        assert "no-such-command" in command.communicate(60)
        assert command.wait(1) == 2


def test_one_that_goes_on_beyond_a_time_limit_is_killed_where_it_is_left(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired), Forked(LONG, tmp_path, {}) as command:
        command.wait(0.1)
    assert command.returncode == -signal.SIGKILL
