"""The steps of the host's language, and those of one service's action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from runnerops.frozen import frozen

StepVerb: TypeAlias = Literal["guard", "stage", "phase", "intend", "complete", "swap", "run", "await"]


@frozen
class Step:
    """One step of the host's language; the verbs and their arguments are in `remote/protocol.py`.

    `title` is what it does, in a few words for people; it is no part of the language.
    """

    verb: StepVerb
    args: tuple[str, ...]
    title: str = field(default="", compare=False)


DRAINED = "=gone"
"""The condition of an `await` that waits for running jobs."""


ENDING = "no job left, it ends"
"""What a draining step prints of a process that has no job and was told to end."""


def drains(step: Step) -> bool:
    """Whether a step waits for running jobs.

    Its output counts them in its first line (or says why it cannot), and names them in the others.
    """
    return step.verb == "await" and step.args[1] == DRAINED


@frozen
class ActionSteps:
    """What one service's action does and how it is undone.

    `phase` and `stage` steps and the guards of files are not here: `planning/steps.py` adds them. `guard` checks facts that
    the plan rests on, `fetch` gets images, `validate` has the host's own programs judge staged files; these come before the
    first phase of the whole run. `forward` and `rollback` are the phase itself, `swap` steps included. `files` is further
    payload. `overrides` has the steps of `validate` that a code of `--allow` leaves out, with that code. `diagnostics` are
    commands that show what the service says of itself, run when a step of its phase failed.
    """

    guard: tuple[Step, ...] = ()
    fetch: tuple[Step, ...] = ()
    validate: tuple[Step, ...] = ()
    forward: tuple[Step, ...] = ()
    rollback: tuple[Step, ...] = ()
    diagnostics: tuple[Step, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    overrides: Mapping[Step, str] = field(default_factory=dict)
    rollback_checks: tuple[Step, ...] = ()
    """Run in a rollback once every phase is undone, whichever had begun: they show that the service is as it was."""
    last: tuple[Step, ...] = ()
    """Run once every phase is done: what nothing brings back. They end well whatever they find."""
