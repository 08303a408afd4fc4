"""The standard streams of a command as a shell can make them: closed, full, or with a reader that has ended."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("streams", "code"),
    [
        ("<&-", 0),
        (">&-", 0),
        ("2>&-", 0),
        ("<&- >&- 2>&-", 0),
        (">/dev/full", 1),
        ("2>/dev/full", 0),
        ("| head -c 1", 0),
    ],
)
def test_no_stream_makes_a_bug_of_a_command(streams: str, code: int, tmp_path: Path) -> None:
    script = f"{sys.executable} -m runnerops explain held {streams}"
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(["sh", "-c", script], env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, list(tmp_path.iterdir())) == (code, [])
    assert "Traceback" not in done.stderr
