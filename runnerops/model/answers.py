"""The answers of an observation, as services and the wire pass them on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from runnerops.frozen import frozen


@frozen
class Answer:
    """What one question of an observation gave: the command's exit status (127: no such command) and its output."""

    status: int
    output: bytes

    @property
    def text(self) -> str:
        """The output of a command that succeeded, stripped; empty where it failed."""
        return self.output.decode("utf-8", "replace").strip() if self.status == 0 else ""


Answers: TypeAlias = Mapping[str, Answer]
"""Answers by the question's name, as the observe scripts name them."""


def text_of(answers: Answers, name: str) -> str:
    """The text of the answer of this name; empty where the question was not asked."""
    return answers[name].text if name in answers else ""
