"""Checks what Compose 1 reads otherwise than the later releases. Pure."""

from __future__ import annotations

from runnerops.model.common import Key, Value
from runnerops.services.registry.format.compose_yaml import Base60
from runnerops.services.registry.rules.found import Found


def numbers_of_1(value: Value, key: Key = ()) -> Found:
    """Finds texts that Compose 1 takes for numbers in base 60."""
    if isinstance(value, Base60):
        text = f"is the number {value.number()} to Compose 1, which reads digits with colons in base 60"
        yield "K002", "error", key, text, f'put it in quotes: "{value}"'
    for name, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from numbers_of_1(item, (*key, name))
