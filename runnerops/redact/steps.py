"""Steps in a form for people: a title, or the step itself, with secrets masked. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from runnerops.model.common import ABSENT
from runnerops.model.steps import Step
from runnerops.redact.texts import MASK, replace_spans, secret_items, secret_spans

_STAGED = {"old": "a copy of", "new": "the new"}
"""How a staged content is described, by the first part of its name."""
_COMMANDS = frozenset({"guard", "run", "await"})
"""The verbs whose arguments are a command. The title of any other step says everything."""
_LONGEST = 60
"""The most characters that are shown of a word of a step."""


def step_title(step: Step) -> str:
    """The title of a step. A command of an older run, from before titles were kept, is shown itself."""
    text, subject = step_text(step), step.args[0].replace("_", "-")
    if step.verb == "phase":
        text = subject
    elif step.verb == "intend":
        text = f"write the intent: {step.args[1].split()[0]} {subject}"
    elif step.verb == "complete":
        text = f"remove the intent of {subject}"
    elif step.verb == "stage":
        text = f"stage {_STAGED.get(step.args[0].partition('.')[0], 'an interim')} {step.args[1]}"
    elif step.verb == "swap":
        text = f"remove {step.args[0]}" if step.args[2] == ABSENT else f"swap {step.args[0]}"
    return step.title or text


def step_text(step: Step) -> str:
    """A step as text, with each word cut to what fits a line."""
    return " ".join(_cut(word) for word in _words(step))


def step_command(step: Step, verbose: int) -> str:
    """The command to show below the title of a step: all of it, quoted for a shell, from `-vv` on; before that,
    shortened.
    """
    if verbose > 1:
        return shlex.join(_words(step))
    return step_text(step) if verbose and step.verb in _COMMANDS else ""


def _cut(word: str) -> str:
    return word if len(word) <= _LONGEST and "\n" not in word else word.splitlines()[0][: _LONGEST - 3] + "…"


def _words(step: Step) -> Iterator[str]:
    """The words of a step. Our scripts hold no secret value, but their arguments and those of other programs may be
    secret.
    """
    script = next(
        (at + 2 for at, pair in enumerate(zip(step.args, step.args[1:], strict=False)) if pair == ("sh", "-c")), -1
    )
    hidden = {at for at in secret_items(step.args) if step.args[at - 1] != "-p"}  # not of systemctl, Compose
    yield step.verb
    for at, word in enumerate(step.args):
        if at == script:
            yield word
        elif at in hidden:
            yield MASK
        else:
            yield replace_spans(word, secret_spans(word), lambda _: MASK)
