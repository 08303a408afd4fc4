"""The types of the keys of daemon.json, and what to write for another. A wrong one stops the decoding of the whole file.
Pure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from types import UnionType
from typing import Literal

from runnerops.model.common import Tree, Value
from runnerops.services.docker.schema import KEYS, UNREAD, Kind
from runnerops.services.docker.schema.nested import Found, Severity, is_int
from runnerops.services.docker.schema.written import as_list, as_mapping, as_string
from runnerops.services.shared.versions import Version

_REFUSED = "dockerd refuses the whole file"

_IS: Mapping[Kind, tuple[str, Callable[[Value], bool]]] = {
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "int": ("a whole number that fits into 64 bits", is_int),
    "string": ("a string", lambda value: isinstance(value, str)),
    "strings": ("a list of strings", lambda value: _all_of(value, list, str)),
    "flags": ("a mapping of true and false", lambda value: _all_of(value, dict, bool | None)),
    "texts": ("a mapping", lambda value: isinstance(value, dict)),
    "object": ("a mapping", lambda value: isinstance(value, dict)),
    "objects": ("a list of mappings", lambda value: isinstance(value, list) and None not in value),
}


_FIXES: Mapping[Kind, str] = {
    "bool": "write true or false, without quotes",
    "int": "write it in digits, without quotes",
    "string": "",
    "strings": 'write ["ONE", "TWO"]',
    "flags": 'write {"NAME": true}',
    "texts": 'write {"NAME": "VALUE"}',
    "object": "write {…}",
    "objects": "write [{…}]",
}


_INSTEAD = {
    "seccomp-profile": "save the profile as a file, and write its path",
    "userns-remap": 'write "default", or "USER:GROUP"',
}
"""What to write for a value of any other type, by key."""


def _all_of(value: Value, outer: type, inner: type | UnionType) -> bool:
    items: Iterable[Value] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, outer) and all(isinstance(item, inner) for item in items)


def typed(tree: Tree, version: Version | None) -> Found:
    """Values of the wrong type at the top of the file."""
    for name, value in tree.items():
        if name in KEYS and (value is not None or name == "default-shm-size"):
            expected, fits = _IS[KEYS[name].kind]
            severity = _severity_of_type(name, value, version)
            if severity and not fits(value) and KEYS[name].kind == "flags" and isinstance(value, dict):
                yield from _flags(name, value)
            elif severity and (item := _wrong_item(name, value)) is not None:
                yield "D003", severity, (name, item), f"must be a string: {_REFUSED}", as_list(value)
            elif severity and not fits(value):
                yield (
                    "D003",
                    severity,
                    (name,),
                    f"must be {expected}: {_REFUSED}",
                    _INSTEAD.get(name) or _fix_of_type(KEYS[name].kind, value),
                )


def _flags(name: str, value: Tree) -> Found:
    for flag, item in value.items():
        if not isinstance(item, bool | None):
            fix = "move it to the top of the file" if flag in KEYS else _FIXES["bool"]
            yield "D003", "error", (name, flag), f"must be true or false: {_REFUSED}", fix


def _wrong_item(name: str, value: Value) -> int | None:
    """Where the first item that is no string stands in a list of strings."""
    items = value if KEYS[name].kind == "strings" and isinstance(value, list) else []
    return next((index for index, item in enumerate(items) if not isinstance(item, str)), None)


def _fix_of_type(kind: Kind, value: Value) -> str:
    if kind in {"strings", "string"}:
        return as_list(value) if kind == "strings" else as_string(value)
    if isinstance(value, str) and "://" in value and kind == "texts":
        return f'write {{"http-proxy": "{value}"}}'
    if kind in {"texts", "flags"} and isinstance(value, list | str):
        return as_mapping(value, flags=kind == "flags") or _FIXES[kind]
    return f"write [{json.dumps(value)}]" if kind == "objects" and isinstance(value, dict) else _FIXES[kind]


def _severity_of_type(name: str, value: Value, version: Version | None) -> Severity | Literal[""]:
    """The severity of a wrong type. A key that no part of dockerd decodes may have any type."""
    if name not in UNREAD or (isinstance(value, dict) and value):  # its keys must be known nevertheless
        return "error"
    if version is not None:
        return "error" if version < UNREAD[name] else ""
    return "" if UNREAD[name] == (0, 0) else "warning"


def options(tree: Tree) -> Found:
    """Options that are no strings, in the mappings of strings."""
    for name, key in KEYS.items():
        mapping = tree.get(name)
        if key.kind == "texts" and isinstance(mapping, dict):
            for option, value in mapping.items():
                if name == "proxies":  # its types are checked with those of the other mappings
                    continue
                if isinstance(value, dict) and value and all(isinstance(item, str) for item in value.values()):
                    fix = f"move its keys up, to {name}: {', '.join(value)}"
                    yield "D004", "error", (name, option), "must be a string", fix
                elif isinstance(value, dict | list):
                    yield "D004", "error", (name, option), "must be a string", f'write {{"{option}": "TEXT"}}'
                elif not isinstance(value, str | None):
                    yield "D004", "error", (name, option), "must be a string", as_string(value)
