"""Decodes the bytes of a file to a text that a YAML parser accepts, or notes a problem with its place. Pure."""

from __future__ import annotations

import re

from runnerops.inventory.problems import Problems
from runnerops.model.common import SourceLocation

_UNPRINTABLE = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
"""Characters that YAML 1.2 does not allow, and a byte order mark within a text. Slow to compile."""
_UNPRINTABLE_ASCII = "[^\t\n\r\x20-\x7e]"


def decode(data: bytes, file: str, problems: Problems) -> str:
    """The text. A UTF-8 byte order mark at the start is valid YAML and skipped. Raises InventoryError."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        problems.add(SourceLocation(file, 1, 1), "", "the file is UTF-16", "save it as UTF-8")
        problems.stop()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        _bad_byte(data, file, problems)
    else:
        for match in re.finditer(_UNPRINTABLE_ASCII if text.isascii() else _UNPRINTABLE, text):
            problems.add(_place(text[: match.start()], file), "", f"{_name(match[0])} is not allowed", "take it out")
        problems.stop()
        return text
    raise AssertionError  # _bad_byte has raised


def _bad_byte(data: bytes, file: str, problems: Problems) -> None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        byte = data[error.start : error.start + 1]
        before = data[: error.start].decode()
        latin = f" (in Latin-1 it is {byte.decode('latin-1')!r})" if byte >= b"\xa0" else ""
        problems.add(
            _place(before, file), "", f"byte 0x{byte.hex().upper()} is not UTF-8{latin}", "save the file as UTF-8"
        )
    problems.stop()


def _place(before: str, file: str) -> SourceLocation:
    return SourceLocation(file, before.count("\n") + 1, len(before) - before.rfind("\n"))


def _name(character: str) -> str:
    code = f"U+{ord(character):04X}"
    return {"\0": f"a NUL character ({code})", "\ufeff": f"a byte order mark ({code}) inside the text"}.get(
        character, f"the control character {code}"
    )
