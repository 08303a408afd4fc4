"""How the runner writes its config.toml: the whole of it anew, from what it had loaded.

Comments, order and unknown keys are lost; keys that it always writes appear. The file's mode stays as it was.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from .config import Config
from .keys import TABLES, ZERO_TIME, always


def save(config: Config, path: Path, user: str) -> None:
    """Write, and take the file for loaded. `user` is the one of the command line; it wins."""
    tree = {**config.tree, **({"user": user} if user else {})}
    tree.setdefault("session_server", {})
    beside = path.with_name(f".{path.name}.new")
    beside.write_text("\n".join(lines(known_keys(tree), "")) + "\n")
    beside.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o600)
    config.mtime = beside.stat().st_mtime_ns
    beside.rename(path)


def known_keys(tree: dict[str, Any], table: str = "") -> dict[str, Any]:
    """What the runner has of a table, in its order."""
    document: dict[str, Any] = {}
    for name, zero in always(table):
        if (value := tree.get(name, zero)) is not None:
            document[name] = value
    for name in TABLES.get(table, ()):
        value = tree.get(name)
        if isinstance(value, dict):
            document[name] = known_keys(value, name)
        elif isinstance(value, list):
            document[name] = [known_keys(part, name) for part in value]
    return document


def lines(tree: dict[str, Any], place: str, depth: int = 0) -> list[str]:
    """A table as TOML: its own keys, then the tables below it."""
    indent = "  " * depth
    below = {name: value for name, value in tree.items() if is_table(value)}
    out = [f"{indent}{key(name)} = {word(value)}" for name, value in tree.items() if name not in below]
    for name, value in below.items():
        path = f"{place}.{name}".lstrip(".")
        within = "  " * path.count(".")
        for part in value if isinstance(value, list) else [value]:
            head = f"[[{path}]]" if isinstance(value, list) else f"[{path}]"
            out += ["", f"{within}{head}", *lines(part, path, path.count(".") + 1)]
    return out


def is_table(value: object) -> bool:
    """Whether it is written under a heading of its own."""
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def key(name: str) -> str:
    """A key as TOML: bare where it may be."""
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else json.dumps(name)


def word(value: object) -> str:
    """A value as TOML."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if value == ZERO_TIME:
        return ZERO_TIME
    if isinstance(value, list):
        return f"[{', '.join(word(part) for part in value)}]"
    return json.dumps(value, ensure_ascii=False)
