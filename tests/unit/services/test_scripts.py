"""Scripts of steps: each has a head, is named by a plan, is sent with the run, and prints what steps wait for."""

from __future__ import annotations

import re
from pathlib import Path

import runnerops
from runnerops.engine.runs.outcome import CUT_OFF
from runnerops.model.steps import ENDING
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


def test_scripts_print_what_steps_wait_for() -> None:
    steps = [step for plan in plans() for step in (*plan.forward, *plan.rollback) if step.verb == "await"]
    waits = {(step.args[1].lstrip("=~"), step.args[3]) for step in steps if step.args[2] == "sh"}
    waits = {(text, name) for text, name in waits if name in NAMES and name != "client-route.sh"}  # it prints values
    assert len(waits) > 4
    assert [(text, name) for text, name in waits if not prints(content(name).decode(), text)] == []


def test_scripts_print_the_notes_that_outcomes_are_made_of() -> None:
    assert prints((Path(runnerops.__file__).parent / "remote" / "host.sh").read_text(), CUT_OFF)
    assert prints(content("drain.sh").decode(), ENDING)


def prints(script: str, text: str) -> bool:
    """Whether it prints this text as a line or a note of its own."""
    return any(re.search(rf"(echo|event note) {re.escape(form)}( |$)", script, re.M) for form in (text, f"'{text}'"))
