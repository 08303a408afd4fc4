"""The standard streams of a command as a shell can make them: closed, full, or with a reader that has ended."""

from __future__ import annotations

import json
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
    completed = subprocess.run(["sh", "-c", script], env=environ, capture_output=True, text=True, check=False)
    assert (completed.returncode, list(tmp_path.iterdir())) == (code, [])
    assert "Traceback" not in completed.stderr


@pytest.mark.parametrize("words", ["check", "render", "hosts --explain h", "deploy --help", "render -o json"])
def test_files_are_read_and_shown_in_a_locale_without_utf8(words: str, tmp_path: Path) -> None:
    (tmp_path / "inventory.yml").write_text(
        'hosts: {h: {vars: {team: Bücher}, docker: {labels: ["team={{ vars.team }}"]}}}', "utf-8"
    )
    environ = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "runnerops", *words.split()]
    completed = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, encoding="ascii", check=False)
    assert (completed.returncode, completed.stderr) == (0, "")
    if words == "render -o json":
        assert "team=Bücher" in json.loads(completed.stdout)["hosts"][0]["files"][0]["content"]


@pytest.mark.parametrize("words", ["--help", "--version", "deploy --help", "schema", "hosts", "no-such-command"])
@pytest.mark.parametrize("streams", [">/dev/full", "2>/dev/full", ">/dev/full 2>&1"])
def test_a_full_disk_is_no_bug_of_any_command(words: str, streams: str, tmp_path: Path) -> None:
    script = f"{sys.executable} -m runnerops {words} {streams}"
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    completed = subprocess.run(
        ["sh", "-c", script], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert completed.returncode in {0, 1, 2}
    assert list(tmp_path.iterdir()) == []
    assert "Traceback" not in completed.stderr
    if streams == ">/dev/full" and words not in {"hosts", "no-such-command"}:
        assert (completed.returncode, completed.stderr) == (1, "the output is incomplete: No space left on device\n")
