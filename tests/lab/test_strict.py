"""The lab's strictness, by pytest runs of their own: a skip is a failure where the lab is required. No lab is opened."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SKIPS = {
    "test": "import pytest\ndef test_it(): pytest.skip('why so')\n",
    "marker": "import pytest\n@pytest.mark.skip(reason='why so')\ndef test_it(): ...\n",
    "module": "import pytest\npytest.skip('why so', allow_module_level=True)\n",
}


def run_pytest(folder: Path, body: str, lab: str, *words: str, **environ: str) -> tuple[int, str]:
    (folder / "test_it.py").write_text(body)
    argv = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        os.devnull,
        "--rootdir",
        str(folder),
        "-p",
        "tests.lab.conftest",
        "-ra",
    ]
    completed = subprocess.run(
        [*argv, *words, str(folder / "test_it.py")],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "RUNNEROPS_LAB": lab, "RUNNEROPS_LAB_HOSTS": "", **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return completed.returncode, completed.stdout + completed.stderr


@pytest.mark.parametrize("kind", SKIPS)
def test_a_skip_is_a_failure_where_the_lab_is_required(tmp_path: Path, kind: str) -> None:
    code, output = run_pytest(tmp_path, SKIPS[kind], "require")
    assert code in (1, 2)
    assert "skipped, but RUNNEROPS_LAB=require" in output
    assert "why so" in output


@pytest.mark.parametrize("kind", ["test", "marker"])
def test_a_skip_is_a_skip_otherwise(tmp_path: Path, kind: str) -> None:
    code, output = run_pytest(tmp_path, SKIPS[kind], "")
    assert code == 0
    assert "1 skipped" in output


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    code, _ = run_pytest(tmp_path, "import pytest\n@pytest.mark.xfail\ndef test_it(): assert 0\n", "require")
    assert code == 0


def test_without_a_lab_its_tests_are_skipped_and_the_reason_is_named(tmp_path: Path) -> None:
    code, output = run_pytest(tmp_path, "def test_it(lab): ...\n", "no")
    assert code == 0
    assert "no lab: RUNNEROPS_LAB=no" in output
    assert output.rstrip().endswith("lab: no tests: RUNNEROPS_LAB=no")


TURNS = """import pytest
@pytest.mark.hosts("bookworm", "trixie", turns=True)
@pytest.mark.parametrize("one", "ab")
@pytest.mark.parametrize("two", "cd")
def test_it(host, one, two): ...
"""


def test_hosts_take_turns_unless_all_are_asked_for(tmp_path: Path) -> None:
    def collected(*words: str, **environ: str) -> list[str]:
        code, output = run_pytest(tmp_path, TURNS, "no", "--collect-only", "-q", *words, **environ)
        assert code == 0, output
        return re.findall(r"\[(.*)\]", output)

    assert collected() == ["bookworm-c-a", "bookworm-d-b", "trixie-c-b", "trixie-d-a"]
    assert collected("-k", "trixie") == ["trixie-c-a", "trixie-c-b", "trixie-d-a", "trixie-d-b"]
    assert len(collected(RUNNEROPS_LAB_HOSTS="all")) == 8
