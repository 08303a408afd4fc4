"""The machine-id of a host is read under each shell."""

from __future__ import annotations

import subprocess
from importlib.resources import files as package_files
from pathlib import Path

import pytest

from tests.shells import SHELLS


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("text", "expected"), [("4f2a\n", "4f2a"), ("4f2a", "4f2a"), ("", ""), (None, "")])
def test_the_id_is_read_without_a_process(
    shell: tuple[str, ...], text: str | None, expected: str, tmp_path: Path
) -> None:
    (tmp_path / "etc").mkdir()
    if text is not None:
        (tmp_path / "etc/machine-id").write_text(text)
    frame = package_files("runnerops.remote").joinpath("observe.sh").read_text()
    script = f"""{frame}
    root={tmp_path}
    ask() {{ case $1 in machine) shift; "$@";; esac; }}
    observe_host
    """
    completed = subprocess.run([*shell], input=script, capture_output=True, text=True, check=True)
    assert (completed.stdout.strip(), completed.stderr) == (expected, "")
