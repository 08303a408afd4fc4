"""The answers of an observation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from runnerops.frozen import frozen


@frozen
class Answer:
    """The answer to one question of an observation: the command's exit status (127: no such command) and its output."""

    status: int
    output: bytes

    @property
    def text(self) -> str:
        """The output of a command that succeeded, without white space around it; empty if it failed."""
        return self.output.decode("utf-8", "replace").strip() if self.status == 0 else ""


Answers: TypeAlias = Mapping[str, Answer]
"""Answers by the names of their questions in the observe scripts."""


def text_of(answers: Answers, name: str) -> str:
    """The text of the answer with this name; empty if the question was not asked."""
    return answers[name].text if name in answers else ""
