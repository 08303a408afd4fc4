"""A file that changes between plan and run."""

from __future__ import annotations

from typing import Any

import pytest

from runnerops.model.common import Result, Tree
from runnerops.model.steps import Step
from runnerops.planning.races import changed_path, differs_in_owned_keys_only
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from tests.unit.plan_builders import CONFIG, ask, observed, plan
from tests.unit.services.runner_builders import OTHER, REWRITTEN, config, runner

BEFORE = config(runner(docker={"image": "alpine:3"}))


@pytest.mark.parametrize(
    ("result", "failed", "path"),
    [
        (Result.FAILED, Step("guard", ("abc  /a", "sha256sum", "/a")), "/a"),
        (Result.ROLLED_BACK, Step("swap", ("/a", "x", "y")), "/a"),
        (Result.NEEDS_ATTENTION, Step("swap", ("/a", "x", "y")), ""),
        (Result.FAILED, Step("guard", ("active", "systemctl", "is-active", "docker")), ""),
        (Result.FAILED, Step("stage", ("new.1", "/a", "0600", "root:root", "x")), ""),
        (Result.APPLIED, None, ""),
    ],
)
def test_why_a_run_ended(result: Result, failed: Step | None, path: str) -> None:
    assert changed_path(result, failed) == path


def rotated(concurrent: int = 4) -> Tree:
    runners: Any = REWRITTEN["runners"]
    return {**REWRITTEN, "concurrent": concurrent, "runners": [{**runners[0], "token": OTHER, "id": 7}]}


@pytest.mark.parametrize("concurrent", [4, 8], ids=["in sync", "changed"])
@pytest.mark.parametrize(
    ("now", "its_own"),
    [
        (rotated(), True),
        (rotated(concurrent=5), False),  # somebody's edit too
        (BEFORE, False),  # as it was: something else did not hold
        (None, False),
    ],
)
def test_only_the_keys_of_the_system_itself(concurrent: int, now: Tree | None, its_own: bool) -> None:
    rendered = ask({}, to_toml({**BEFORE, "concurrent": concurrent}).encode())
    made = plan(rendered, observed({"mtu": 1400}, to_toml(BEFORE).encode()))
    assert differs_in_owned_keys_only(CONFIG, made, rendered, None if now is None else to_toml(now).encode()) is its_own


def test_a_file_that_nobody_can_read_is_nobodys_own_keys() -> None:
    rendered = ask({}, to_toml(BEFORE).encode())
    made = plan(rendered, observed({"mtu": 1400}, to_toml(BEFORE).encode()))
    assert not differs_in_owned_keys_only(CONFIG, made, rendered, b"[")
    assert not differs_in_owned_keys_only("/elsewhere", made, rendered, b"")
