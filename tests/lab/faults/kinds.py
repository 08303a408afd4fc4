"""What kind a step is: equal for steps that do the same with other values. Pure."""

from __future__ import annotations

import re
from itertools import takewhile

from runnerops.model.common import ABSENT
from runnerops.model.plan import Plan
from runnerops.model.steps import Step

ON_THE_WAY_BACK = "back: "
AFTER = "after the last step"
"""Stands for the moment between a run's last step and its end."""

_WORDS = (
    (re.compile(r"docker-compose"), "docker compose"),
    (re.compile(r"\b(s_)?[0-9a-f]{12,}\b"), "*"),
    (re.compile(r"https?://\S+"), "URL"),
    (re.compile(r"/\S*/"), ""),
    (re.compile(r"\{\{.*"), "…"),
)


def kinds(plan: Plan) -> dict[str, list[int]]:
    """Every kind of step, with the indexes of its steps in their list, in the plan's order; the way back's are told so."""
    found: dict[str, list[int]] = {}
    for index, step in enumerate(plan.forward):
        found.setdefault(kind(step), []).append(index)
    found[AFTER] = [len(plan.forward)]
    for index, step in enumerate(plan.rollback):
        if step.verb != "phase":
            found.setdefault(ON_THE_WAY_BACK + kind(step), []).append(index)
    return found


def kind(step: Step) -> str:
    """The verb and what tells it from others of its verb: not the values, and for a guard not the service."""
    if step.verb == "stage":
        return f"stage {step.args[0].partition('.')[0]}"
    if step.verb == "swap":
        path, *ends = step.args
        return "swap from or to nothing" if ABSENT in ends else f"swap {path.rpartition('/')[2]}"
    if step.verb in {"phase", "intend", "complete"}:
        words = tuple(step.args[1].split()[:1]) if step.verb == "intend" else ()
        return " ".join((step.verb, step.args[0], *words))
    skipped = {"guard": 1, "run": 1, "await": 2}[step.verb]
    words = step.args[skipped:-1] if step.verb == "guard" else step.args[skipped:]
    return f"{step.verb} {_command(words)}"


def _command(words: tuple[str, ...]) -> str:
    """A command with its values taken out: of a script its name and flags, or its first words."""
    text = " ".join(words)
    if words[:2] == ("sh", "-c"):
        return f"sh {words[2][:40]}"
    if words[0] == "sh":
        return " ".join((*words[:2], *takewhile(lambda word: word.startswith("--"), words[2:])))
    for pattern, instead in _WORDS:
        text = pattern.sub(instead, text)
    return text[:70]
