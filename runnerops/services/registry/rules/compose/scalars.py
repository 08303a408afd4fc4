"""Checks values without quotes that Compose does not take for the text that they are. Pure."""

from __future__ import annotations

from math import isfinite

from runnerops.model.common import Key, Tree, word_set
from runnerops.parsing.odd_numbers import OddFloat, OddInt
from runnerops.redact.trees import leaves
from runnerops.services.registry.format.compose_yaml import Date
from runnerops.services.registry.rules.compose.parts import REFUSED
from runnerops.services.registry.rules.found import Found

_TEXTS = word_set("annotations args driver_opts environment labels options sysctls")
"""Mappings whose values Compose passes on as texts, whatever they are."""
_ANY = word_set("command entrypoint name version")


def scalars(tree: Tree) -> Found:
    """Finds infinite numbers, dates, and numbers that Compose writes otherwise where it passes them on as texts."""
    for key, value in leaves(tree):
        if isinstance(value, float) and not isfinite(value):
            yield (
                "K002",
                "warning",
                key,
                "is not a finite number, which some releases of Compose refuse",
                "write a number",
            )
        elif isinstance(value, Date) and not _is_text(key) and _is_read(key):
            yield "K002", "error", key, f"is a date without quotes: {REFUSED}", "put it in quotes"
        elif isinstance(value, Date | OddInt | OddFloat) and _is_text(key):
            kind = "date" if isinstance(value, Date) else "number"
            problem = f"is a {kind} without quotes, which Compose passes on in another form than it is written here"
            yield "K007", "warning", key, problem, "put it in quotes"


def _is_text(key: Key) -> bool:
    """Whether it is a value of such a mapping. In a list, the name would stand before it, and make it a text."""
    return len(key) > 1 and key[-2] in _TEXTS and isinstance(key[-1], str)


def _is_read(key: Key) -> bool:
    return key[-1] not in _ANY and not any(isinstance(part, str) and part.startswith("x-") for part in key)
