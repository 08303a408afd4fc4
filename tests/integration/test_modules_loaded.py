"""Which modules a command loads, in its own process: slow ones only if they are needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("argv", [["--help"], ["check", "--help"], ["check", "daemon.json"], ["explain", "R012"]])
def test_what_needs_no_inventory_waits_for_no_slow_module(argv: list[str], tmp_path: Path) -> None:
    (tmp_path / "daemon.json").write_text('{"live-restore": true}\n')
    command = [sys.executable, "-X", "importtime", "-m", "runnerops", *argv]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "runnerops" in loaded
    assert loaded & {"pydantic", "jinja2", "fabric", "paramiko", "cryptography", "gitlab", "requests", "rich"} == set()


def test_no_pydantic_is_imported_by_loading() -> None:
    code = "import sys, runnerops.inventory, runnerops.secrets; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
