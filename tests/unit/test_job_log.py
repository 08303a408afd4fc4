"""Sections that can be folded in GitLab's job log."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from runnerops.report.screen import Screen


def test_a_part_folds_in_a_job_log_and_is_plain_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [("host", "h"), ("plain", "  one"), ("plain", "  two")]
    for folded, option in ((True, "[collapsed=true]"), (False, "")):
        out = StringIO()
        Screen(out=out, sections=True).section("plan_h", lines, folded=folded)
        first, *rest, last = out.getvalue().split("\n")[:-1]
        assert re.fullmatch(rf"\x1b\[0Ksection_start:\d+:plan_h{re.escape(option)}\r\x1b\[0Kh", first)
        assert rest == ["  one", "  two"]
        assert re.fullmatch(r"\x1b\[0Ksection_end:\d+:plan_h\r\x1b\[0K", last)
    monkeypatch.setenv("GITLAB_CI", "true")
    with (tmp_path / "plan.txt").open("w") as file:
        Screen(out=file).section("plan_h", lines, folded=True)
    assert (tmp_path / "plan.txt").read_text() == "h\n  one\n  two\n"
    read, write = os.pipe()
    with os.fdopen(write, "w") as pipe:
        Screen(out=pipe).section("plan_h", lines, folded=True)
    with os.fdopen(read) as pipe:
        assert "section_start" in pipe.read()


def test_parts_of_a_job_log_have_names_that_gitlab_reads_and_that_differ() -> None:
    out = StringIO()
    screen = Screen(out=out, sections=True)
    for name in ("plan_é", "plan_ü", "plan_b-2", "plan_b", "plan_b", "plan_b", "p q/[x]\r"):
        screen.section(name, [("host", name)], folded=False)
    marks = re.findall(r"section_(start|end):\d+:([a-zA-Z0-9_.-]+)\r\x1b\[0K", out.getvalue())
    names = ["plan__", "plan__-2", "plan_b-2", "plan_b", "plan_b-3", "plan_b-4", "p_q__x__"]
    assert marks == [(end, name) for name in names for end in ("start", "end")]


def test_a_part_is_closed_whatever_befalls_its_lines() -> None:
    def breaking() -> Iterator[tuple[str, str]]:
        yield "host", "h"
        raise KeyError("gone")

    out = StringIO()
    with pytest.raises(KeyError, match="gone"):
        Screen(out=out, sections=True).section("h", breaking(), folded=True)
    assert re.search(r"section_end:\d+:h\r\x1b\[0K\n$", out.getvalue())
