"""One value as YAML, with quotes only where they are needed. Pure.

We ask the YAML parser whether a text can do without quotes, instead of having rules for that.
"""

from __future__ import annotations

import json
import math
from datetime import date, datetime, time
from functools import lru_cache

import yaml

from runnerops.inventory.values.scalars import ScalarError, Verbatim, plain_scalar
from runnerops.model.common import Secret, Value
from runnerops.parsing.yaml_dump import Dumper


def scalar(value: Value, *, flow: bool = False) -> str:
    """The YAML of a leaf, on one line."""
    if isinstance(value, Secret):
        return f"!{value.source} {value.argument}"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    if isinstance(value, Verbatim):
        return f"!raw {_quoted(value)}"
    if not isinstance(value, str):
        return _quoted(value.isoformat()) if isinstance(value, datetime | date | time) else repr(value)
    return value if _is_plain(value, f"[{value}]" if flow else f"- {value}") else _quoted(value)


def key(name: str, *, flow: bool = False) -> str:
    """The YAML of a key."""
    return name if _is_plain(name, f"{{{name}: {{}}}}" if flow else f"{name}: []") else _quoted(name)


def block(text: str, indent: int) -> list[str]:
    """A text of several lines after its key, starting on the line of the key. Quoted on one line if YAML allows nothing
    else, or if it ends with blank lines: a blank line that follows it in the file would count with them.
    """
    tag = "!raw " if isinstance(text, Verbatim) else ""
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    head = "|" if ends else "|-"
    lines = [" " * indent + line if line else "" for line in body.split("\n")]
    source = "\n".join([f"k: {head}", *lines, ""])
    printable = all(character in "\n\t" or character.isprintable() for character in text)
    if ends < 2 and body and printable and not body.startswith((" ", "\t", "\n")) and _reads_as(source, text):
        return [f"{tag}{head}", *lines]
    return [f"{tag}{_quoted(text)}"]


def _is_plain(text: str, source: str) -> bool:
    if not text or not text.isprintable() or text != text.strip():
        return False
    try:
        if not isinstance(plain_scalar(text), str):
            return False
    except ScalarError:
        return False
    resolvers = Dumper.yaml_implicit_resolvers  # also what YAML 1.1 or Go reads as a number, a date or a boolean
    patterns = [pattern for tag, pattern in (*resolvers.get(text[0], ()), *resolvers.get(None, ()))]
    return not any(pattern.match(text) for pattern in patterns) and _reads_as(f"{source}\n", text)


@lru_cache(maxsize=10_000)  # all hosts have the same keys
def _reads_as(source: str, text: str) -> bool:
    """Whether the last scalar of this YAML is that text, and the only scalar besides `k`."""
    try:
        events = [event for event in yaml.parse(source, Loader=yaml.SafeLoader) if isinstance(event, yaml.ScalarEvent)]
    except yaml.YAMLError:
        return False
    values = [event.value for event in events if event.value != "k" or event is events[-1]]
    return values == [text] and not any(event.tag for event in events)


def _quoted(text: str) -> str:
    plain = json.dumps(text, ensure_ascii=False)
    return "".join(map(_escaped, plain))


def _escaped(character: str) -> str:
    code = ord(character)
    if character.isprintable() and code != 0xFEFF:
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
