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


_READING = (
    "run dockerd",
    "run sh cache-upstream.sh --compare",
    "run sh containers-reach.sh --report",
    "run sh runner-config.sh --heeds",
    "run sh runner-would-load.sh",
    "run test",
)
"""Beginnings of kinds that only ask: `dockerd --validate`, scripts that leave a note at most, and files that must be there."""


def kinds(plan: Plan) -> dict[str, list[int]]:
    """Every kind of step, with the indexes of its steps in their list, in the plan's order; the way back's are told so.

    Without steps that only read, because a fault before one of them strikes the same host as before the next step.
    """
    by_kind: dict[str, list[int]] = {}
    for index, step in enumerate(plan.forward):
        if not only_reads(step):
            by_kind.setdefault(kind(step), []).append(index)
    by_kind[AFTER] = [len(plan.forward)]
    for index, step in enumerate(plan.rollback):
        if step.verb != "phase":
            by_kind.setdefault(ON_THE_WAY_BACK + kind(step), []).append(index)
    return by_kind


def only_reads(step: Step) -> bool:
    """Whether the step leaves the host as it was, and does not wait for anything either."""
    return step.verb == "guard" or kind(step).startswith(_READING)


def kind(step: Step) -> str:
    """The verb and what tells it from others of its verb: not the values."""
    if step.verb == "stage":
        return f"stage {step.args[0].partition('.')[0]}"
    if step.verb == "swap":
        path, *ends = step.args
        return "swap from or to nothing" if ABSENT in ends else f"swap {path.rpartition('/')[2]}"
    if step.verb in {"phase", "intend", "complete"}:
        words = tuple(step.args[1].split()[:1]) if step.verb == "intend" else ()
        return " ".join((step.verb, step.args[0], *words))
    skipped = 2 if step.verb == "await" else 1
    return f"{step.verb} {_command(step.args[skipped:])}"


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
