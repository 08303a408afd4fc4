"""Several entries of the inventory for one runner of GitLab: what `check` and a plan say if their settings differ."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from runnerops.commands.check import CheckOptions, check
from runnerops.engine.planner import block_duplicates
from runnerops.model.common import Exit, Result
from runnerops.model.gitlab import DesiredSettings
from runnerops.planning.lint.disagreeing import disagreeing_runners
from runnerops.report.screen import Screen
from tests.unit.machine_builders import facts, planned

TOP = """
defaults:
  gitlab: {url: "https://gitlab.example.com", token: glpat-x}
  gitlab_runner: {concurrent: 2}
hosts:
"""


def check_runners(folder: Path, *runners: str, **environ: str) -> tuple[Exit, list[dict[str, Any]]]:
    """Findings on hosts a, b, …, each with one runner."""
    hosts = "".join(
        f"  {name}:\n    gitlab_runner:\n      runners:\n"
        f"        - {{name: r, url: 'https://gitlab.example.com', executor: shell, {runner}}}\n"
        for name, runner in zip("abc", runners, strict=False)
    )
    (folder / "inventory.yml").write_text(TOP + hosts)
    out = io.StringIO()
    screen = Screen(out=out, err=out)
    code = check(folder / "inventory.yml", (), environ, screen, CheckOptions(as_json=True))
    return code, [load for load in json.loads(out.getvalue())["findings"] if load["rule"] == "X013"]


ENV, LONG = "token: !env T", "token: glrt-aaaaaaaaaaaaaaaaaaaa"


@pytest.mark.parametrize(
    ("text", "other", "says"),
    [
        (f"{ENV}, gitlab: {{tags: [x]}}", f"{ENV}, gitlab: {{tags: [y]}}", "asks for different values of tags"),
        (
            f"{LONG}, gitlab: {{description: 'on {{host}}'}}",
            f"{LONG}, gitlab: {{description: 'on {{host}}'}}",
            "description",
        ),
        (
            f"{ENV}, gitlab: {{tags: [x], locked: true}}",
            f"{ENV}, gitlab: {{tags: [x], locked: false}}",
            "different values of locked",
        ),
        (f"{ENV}, gitlab: {{tags: [x, y]}}", f"{ENV}, gitlab: {{tags: [y, x]}}", ""),
        (f"{ENV}, gitlab: {{tags: [x]}}", f"{ENV}, gitlab: {{description: d}}", ""),
        (f"{ENV}, gitlab: {{tags: [x]}}", ENV, ""),
        (f"{ENV}, gitlab: {{tags: [x]}}", "token: !env U, gitlab: {tags: [y]}", ""),
        ("token: keep, gitlab: {tags: [x]}", "token: keep, gitlab: {tags: [y]}", ""),
    ],
)
def test_what_check_says_of_two_hosts_with_one_token(tmp_path: Path, text: str, other: str, says: str) -> None:
    code, findings = check_runners(tmp_path, text, other, T="glrt-bbbbbbbbbbbbbbbbbbbb", U="glrt-cccccccccccccccccccc")
    assert len(findings) == (2 if says else 0)
    for finding, whom in zip(findings, "ba", strict=False):
        assert f"runner r of host {whom} has the same token" in finding["message"]
        assert says in finding["message"]
        assert finding["severity"] == "error"
    assert (code is Exit.FAILED) == bool(says)


def test_hosts_that_gitlab_calls_one_runner_are_refused() -> None:
    wishes = [
        DesiredSettings(("https://one", 7), "a", "r", {"tags": ("x",)}),
        DesiredSettings(("https://one", 7), "b", "s", {"tags": ("y",)}),
        DesiredSettings(("https://one", 8), "c", "r", {"tags": ("z",)}),
        DesiredSettings(("https://two", 7), "c", "t", {"tags": ("z",)}),
    ]
    assert {name: blocker.code for name, blocker in disagreeing_runners(wishes).items()} == dict.fromkeys(
        "ab", "settings-disagree"
    )
    plans = block_duplicates({name: planned(name, facts(name, name)) for name in "abc"}, wishes)
    assert [plan.result for plan in plans.values() if not isinstance(plan, Exception)] == [
        Result.REFUSED,
        Result.REFUSED,
        Result.PENDING,
    ]
    assert not disagreeing_runners([wishes[0], wishes[0]])
