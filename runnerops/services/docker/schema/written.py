"""What to write in daemon.json instead of a value of the wrong type. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from runnerops.model.common import Key, Value
from runnerops.parsing.odd_numbers import as_written
from runnerops.patterns import late_pattern

_LIMIT = late_pattern(r"(-?[0-9]+)(?::(-?[0-9]+))?")


def as_string(value: Value) -> str:
    """What to write where dockerd expects a string: a list of strings becomes one, with commas."""
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return f'write one string: "{",".join(map(str, value))}"'
    if isinstance(value, dict) and len(texts := [leaf for leaf in leaves(value) if isinstance(leaf, str)]) == 1:
        return f'write one string: "{texts[0]}"'
    if isinstance(value, bool | int | float):
        return f'put it in quotes: "{as_written(value)}"'
    return 'put it in quotes: "…"'


def as_list(value: Value) -> str:
    """What to write where dockerd expects a list of strings: a mapping becomes NAME=VALUE, or the URLs in it."""
    if value == "":
        return "write []"
    if isinstance(value, dict | list):
        texts = [str(leaf) for leaf in leaves(value) if isinstance(leaf, str | int) and not isinstance(leaf, bool)]
        tables = [value] if isinstance(value, dict) else [table for table in value if isinstance(table, dict)]
        if tables and all(isinstance(item, bool | None) for table in tables for item in table.values()):
            return f"write {json.dumps([name for table in tables for name in table])}"
        urls = [text for text in texts if "://" in text] if tables else []
        pairs = [f"{name}={text}" for table in tables for name, text in table.items()]
        plain = bool(tables) and not any(isinstance(item, dict | list) for table in tables for item in table.values())
        items = urls or (pairs if plain else texts)
    else:
        items = [value] if isinstance(value, str) else []
    return f"write {json.dumps(items, ensure_ascii=False)}" if items else 'write ["ONE", "TWO"]'


def leaves(value: Value) -> Iterator[Value]:
    """The values in a mapping or list, at any depth."""
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(item, dict | list):
            yield from leaves(item)
        else:
            yield item


def as_mapping(value: Value, *, flags: bool = False) -> str:
    """What to write where dockerd expects a mapping, for `NAME=VALUE`, a list of such texts or, of `flags`, of names;
    empty for anything else.
    """
    texts = value if isinstance(value, list) else [value]
    pairs = {text.partition("=")[0]: text.partition("=")[2] for text in texts if isinstance(text, str) and "=" in text}
    if flags and texts and all(isinstance(text, str) and "=" not in text for text in texts):
        return f"write {json.dumps(dict.fromkeys(map(str, texts), True))}"
    return f"write {json.dumps(pairs)}" if pairs and len(pairs) == len(texts) and not flags else ""


def as_whole_mapping(value: Value, key: Key, *, flags: bool) -> str:
    """What to write where one of the mappings below the top level is to be. `flags`: all its values are true or false."""
    if key[0] == "runtimes" and isinstance(value, str) and value:
        return f'write {{"path": "{value}"}}'
    if key[0] == "default-ulimits" and len(key) > 1 and (match := _LIMIT.fullmatch(str(value))):
        soft, hard = match[1], match[2] or match[1]
        return f'write {{"Name": "{key[1]}", "Soft": {soft}, "Hard": {hard}}}'
    if key[0] == "default-network-opts" and len(key) > 1 and "." in str(key[1]):
        return f'write {{"bridge": {{"{key[1]}": {json.dumps(value)}}}}}'
    if key[0] == "default-address-pools" and isinstance(value, str) and "/" in value:
        return f'write {{"base": "{value}", "size": 24}}'
    return as_mapping(value, flags=flags) or "write {…}"
