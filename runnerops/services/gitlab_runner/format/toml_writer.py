"""Writes TOML like gitlab-runner's own documentation: `[[runners]]` in headers, not inline. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import tomli_w


def to_toml(tree: dict[str, Any], prefix: str = "") -> str:
    """The tree as TOML. With `prefix`, sub-tables get headers below it (`[runners.docker]`). Missing values are left
    out.

    tomli-w writes the values. The headers are written here, because tomli-w puts short arrays of tables inline.
    """
    plain = {name: value for name, value in tree.items() if value is not None and not _is_table(value)}
    text = "".join(_pair(name, _without_none(value)) for name, value in plain.items())
    for name, value in tree.items():
        if not _is_table(value):
            continue
        path = f"{prefix}.{_bare(name)}" if prefix else _bare(name)
        if isinstance(value, dict):
            text += f"\n[{path}]\n{to_toml(value, path)}"
        else:
            text += "".join(f"\n[[{path}]]\n{to_toml(item, path)}" for item in value)
    return text


def _pair(name: str, value: Any) -> str:
    """Writes scripts of several lines readably. One with a CR is written on one line, because tomli-w would lose the
    CR.

    Dates are written like the runner does: tomli-w puts a space where older runners expect a T.
    """
    if isinstance(value, datetime):
        return f"{_bare(name)} = {value.isoformat().replace('+00:00', 'Z')}\n"
    return tomli_w.dumps({name: value}, multiline_strings="\r" not in str(value) and "\\r" not in repr(value))


def _is_table(value: Any) -> bool:
    if isinstance(value, dict):
        return True
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _bare(name: str) -> str:
    """A key for a header, quoted if necessary."""
    line = tomli_w.dumps({name: 0})
    return line.rpartition(" = ")[0]


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    return value
