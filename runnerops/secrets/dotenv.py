"""Parses the `.env` beside the inventory: NAME=VALUE lines, for `!env`. Pure.

Supported: comments, `export`, single quotes (without escapes), double quotes (`\\n`, `\\"`, `\\\\`, `\\$`).
Not supported, so that no part of a password is taken for one: variables in values, and values over several lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from runnerops.errors import SecretError
from runnerops.patterns import late_pattern

_LINE = late_pattern(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_SINGLE = late_pattern(r"'([^']*)'\s*(?:#.*)?")
_DOUBLE = late_pattern(r'"((?:[^"\\]|\\.)*)"\s*(?:#.*)?')
_UNWRITABLE = late_pattern("[\0\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""Characters that end a line and have no escape."""
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def read_dotenv(text: str, place: str) -> dict[str, str]:
    """The variables. If one is set twice, the last value counts. Raises SecretError with the numbers of all lines that
    cannot be read, never with their texts.
    """
    variables: dict[str, str] = {}
    wrong_lines: list[int] = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.fullmatch(stripped)
        value = _value(match[2]) if match else None
        if match is None or value is None:
            wrong_lines.append(number)
        else:
            variables[match[1]] = value
    if wrong_lines:
        first, *others = wrong_lines
        numbers = ", ".join(map(str, others))
        also = f", nor {'are lines' if len(others) > 1 else 'is line'} {numbers}" if others else ""
        hint = "quotes must end on the same line; comments start with #"
        raise SecretError(f"{place}:{first}: not NAME=VALUE{also}", hint)
    return variables


def _value(text: str) -> str | None:
    if text.startswith("'"):
        match = _SINGLE.fullmatch(text)
        return match[1] if match else None
    if text.startswith('"'):
        match = _DOUBLE.fullmatch(text)
        return re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), match[1]) if match else None
    return re.sub(r"(?:^|\s+)#.*", "", text).rstrip()


def can_hold(value: str) -> bool:
    """Whether a line of a `.env` can hold this value so that reading gives it back unchanged."""
    return bool(value.strip()) and not _UNWRITABLE.search(value)


def line_of(name: str, value: str) -> str:
    """The line that sets a variable to this value, quoted only if necessary."""
    if re.fullmatch(r"[\w@%+=:,./!-]+", value):
        return f"{name}={value}"
    ending = "\r\n" if value.endswith("\r") else "\n" if value.endswith("\n") else ""  # a resolver strips one line end
    text = (value + ending).replace("\\", "\\\\").replace('"', '\\"')
    for letter, character in _ESCAPES.items():
        text = text.replace(character, f"\\{letter}")
    return f'{name}="{text}"' if ending or "'" in value or "\\" in text else f"{name}='{value}'"


def as_read(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables as they are read from their lines. Line ends that a resolver strips are doubled."""
    return read_dotenv("\n".join(line_of(name, value) for name, value in variables.items()), ".env")
