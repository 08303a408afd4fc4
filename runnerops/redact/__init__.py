"""What is secret, and how it is shown. Pure. This package alone decides; services only add what they know of their own keys.

Five nets, each for what the others miss: by the name of a key (`names`); inside any text by `NAME=value`, `--flag value`
and userinfo of URLs, and by the formats of known tokens (`texts`); free text that only the host has (`trees`); and, in
what hosts and programs print, by value (`Redactor`).
"""

from runnerops.redact.names import secret_name
from runnerops.redact.redactor import Redactor
from runnerops.redact.steps import step_command, step_text, step_title
from runnerops.redact.texts import MASK
from runnerops.redact.trees import PRIVATE, Masker, clear_texts, holds_secret, leaves, rendered_texts, secret_values

__all__ = [
    "MASK",
    "PRIVATE",
    "Masker",
    "Redactor",
    "clear_texts",
    "holds_secret",
    "leaves",
    "rendered_texts",
    "secret_name",
    "secret_values",
    "step_command",
    "step_text",
    "step_title",
]
