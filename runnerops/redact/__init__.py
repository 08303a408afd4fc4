"""Decides what is secret and how it is shown. Pure. Services only add what they know about their own keys.

There are five checks, and each finds what the others miss: the name of a key (`names`); inside a text, `NAME=value`,
`--flag value` and logins in URLs; also in a text, the formats of known tokens (both `texts`); free text that only the
host has (`trees`); and, in the output of hosts and programs, the values that are known to be secret (`Redactor`).
"""

from runnerops.redact.names import secret_name
from runnerops.redact.redactor import Redactor
from runnerops.redact.steps import step_command, step_text, step_title
from runnerops.redact.texts import MASK
from runnerops.redact.trees import (
    PRIVATE,
    Masker,
    clear_texts,
    holds_secret,
    leaves,
    rendered_texts,
    secret_values,
    secrets_in,
)

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
    "secrets_in",
    "step_command",
    "step_text",
    "step_title",
]
