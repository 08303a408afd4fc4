"""The steps that `host.sh` walks, and those of one service's action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from runnerops.frozen import frozen

StepVerb: TypeAlias = Literal["guard", "stage", "phase", "intend", "complete", "swap", "run", "await"]


@frozen
class Step:
    """One step of the language of `host.sh`. The verbs and their arguments are in `remote/protocol.py`.

    `title` says in a few words for people what the step does. It is not part of the language.
    """

    verb: StepVerb
    args: tuple[str, ...]
    title: str = field(default="", compare=False)


DRAINED = "=gone"
"""The condition of an `await` that waits for running jobs."""


ENDING = "no job left, it ends"
"""What a draining step prints about a process that has no job and was told to end."""


def drains(step: Step) -> bool:
    """Whether a step waits for running jobs.

    The first line of its output counts them (or says why it cannot), and the others name them.
    """
    return step.verb == "await" and step.args[1] == DRAINED


@frozen
class ActionSteps:
    """The steps of one service's action, and of its rollback.

    `phase` and `stage` steps and the guards of files are added by `planning/steps.py`. `guard` checks facts that the
    plan relies on, `fetch` pulls images, and `validate` has the host's own programs check staged files. They come
    before the first phase of the whole run. `forward` and `rollback` are the phase itself, including `swap` steps.
    `files` is further payload. `overrides` has the steps of `validate` that a code of `--allow` leaves out, with that
    code. `diagnostics` are commands that show what the service says about itself. They run if a step of its phase
    failed.
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
    """Steps of a rollback after all phases are undone, whichever had begun. They show that the service is as it was."""
    last: tuple[Step, ...] = ()
    """Steps after all phases are done, for what cannot be undone. They succeed in any case."""
