"""Steps as people may read them: by a title, or in their own words, with what is secret among these masked. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from runnerops.model.common import ABSENT
from runnerops.model.steps import Step
from runnerops.redact.texts import MASK, replace_spans, secret_items, secret_spans

_STAGED = {"old": "a copy of", "new": "the new"}
"""What lies beside a path, by the name of its content."""
_COMMANDS = frozenset({"guard", "run", "await"})
"""The verbs whose arguments are a command; of the others the title says it all."""
_LONGEST = 60
"""Of a word in a step's short text."""


def step_title(step: Step) -> str:
    """What a step does. A command is titled by who writes it down; of runs from before titles were kept it shows itself."""
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
    """A step in its own words, each cut to what fits a line."""
    return " ".join(_cut(word) for word in _words(step))


def step_command(step: Step, verbose: int) -> str:
    """What to show of a step below its title: from `-vv` on all of it, quoted as for a shell; before, a command in short."""
    if verbose > 1:
        return shlex.join(_words(step))
    return step_text(step) if verbose and step.verb in _COMMANDS else ""


def _cut(word: str) -> str:
    return word if len(word) <= _LONGEST and "\n" not in word else word.splitlines()[0][: _LONGEST - 3] + "…"


def _words(step: Step) -> Iterator[str]:
    """Scripts are ours, and hold no value; what they and other programs are given may be one."""
    script = next(
        (at + 2 for at, pair in enumerate(zip(step.args, step.args[1:], strict=False)) if pair == ("sh", "-c")), -1
    )
    hidden = {at for at in secret_items(step.args) if step.args[at - 1] != "-p"}  # systemctl's, Compose's
    yield step.verb
    for at, word in enumerate(step.args):
        if at == script:
            yield word
        elif at in hidden:
            yield MASK
        else:
            yield replace_spans(word, secret_spans(word), lambda _: MASK)
