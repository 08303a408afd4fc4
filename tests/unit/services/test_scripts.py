"""Scripts of steps: each is whole, named by plans, and goes with the run."""

from __future__ import annotations

from pathlib import Path

import runnerops
from runnerops.services import scripts
from runnerops.services.scripts import content
from tests.contract.emitted import plans

NAMES = sorted(path.name for path in Path(scripts.__file__).parent.glob("*/scripts/*.sh"))


def test_each_script_has_a_name_of_its_own_and_says_what_it_does() -> None:
    assert len(NAMES) == len(set(NAMES)) > 10
    for name in NAMES:
        first, second, *_ = content(name).decode().splitlines()
        assert (first, second[:2]) == ("#!/bin/sh", "# "), name


def test_a_run_brings_the_scripts_that_its_steps_name() -> None:
    for plan in plans():
        steps = (*plan.forward, *plan.rollback, *plan.diagnostics)
        words = {word for step in steps for word in step.args if word in NAMES}
        assert {name: plan.files[name] for name in words} == {name: content(name) for name in words}
        assert not words ^ (plan.files.keys() & set(NAMES))


def test_each_script_is_named_where_steps_are_written() -> None:
    code = "".join(path.read_text() for path in Path(runnerops.__file__).parent.rglob("*.py"))
    assert [name for name in NAMES if f'"{name}"' not in code] == []
