"""The types inside the mappings and lists of daemon.json, as dockerd's decoder has them. Pure.

A value of the wrong type stops the decoding of the whole file. An unknown key inside is silently ignored, because only
the top-level keys are checked against dockerd's flags.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

from runnerops.model.common import Key, Tree, Value
from runnerops.parsing.near import question, similar_names
from runnerops.patterns import late_pattern
from runnerops.services.docker.schema.written import as_list, as_string, as_whole_mapping
from runnerops.services.shared.durations import is_duration

Severity: TypeAlias = Literal["error", "warning", "info"]

One: TypeAlias = "tuple[str, Severity, Key, str, str]"
"""Rule, severity, key, message, fix."""

Found: TypeAlias = "Iterator[One]"
"""Rule, severity, key, message, fix."""

Shape: TypeAlias = "str | list[Shape] | dict[str, Shape]"
"""`str`, `bool`, `int` or `any`; a list with the shape of its items; a mapping with the shape of each key, or of all
(`*`).
"""

_GC_RULE: Shape = {
    "All": "bool",
    "Filter": "filter",
    "KeepStorage": "str",
    "ReservedSpace": "str",
    "MaxUsedSpace": "str",
    "MinFreeSpace": "str",
}

SHAPES: Mapping[str, Shape] = {
    "builder": {
        "gc": {
            "Enabled": "bool",
            "Policy": [_GC_RULE],
            "DefaultKeepStorage": "str",
            "DefaultReservedSpace": "str",
            "DefaultMaxUsedSpace": "str",
            "DefaultMinFreeSpace": "str",
        },
        "entitlements": {"network-host": "bool", "security-insecure": "bool", "device": "bool"},
        "history": {"MaxAge": "duration", "MaxEntries": "count"},
    },
    "runtimes": {"*": {"path": "str", "runtimeArgs": ["str"], "runtimeType": "str", "options": "any"}},
    "default-ulimits": {"*": {"Name": "str", "Hard": "int", "Soft": "int"}},
    "default-network-opts": {"*": {"*": "str"}},
    "default-address-pools": [{"base": "str", "size": "int"}],
    "proxies": {"http-proxy": "str", "https-proxy": "str", "no-proxy": "str"},
    "cluster-store-opts": {"*": "str"},
    "nri-opts": {"enable": "bool", "plugin-path": "str", "plugin-config-path": "str", "socket-path": "str"},
}
"""By key of daemon.json. The decoder ignores the case of the keys of mappings."""

_CLOSED = frozenset({"proxies", "nri-opts"})
"""Mappings whose unknown keys are refused too."""

_OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "args": ("runtimeArgs",),
    **dict.fromkeys(("subnet", "cidr", "network", "pool"), ("base",)),
    "http": ("http-proxy",),
    "type": ("runtimeType",),
    **dict.fromkeys(("binary", "bin", "command", "cmd", "runtime"), ("path",)),
    "https": ("https-proxy",),
    "max": ("Hard",),
    "min": ("Soft",),
    **dict.fromkeys(("prefix", "mask", "prefixlen", "prefix-length"), ("size",)),
}
"""The name of a key in other tools, in lower case, with its name here. It counts where the shape has that key."""

_NO_LIMIT = frozenset({"unlimited", "infinity", "infinite", "unlimit"})

_FEW = 4
"""How many keys of a mapping a fix names for an unknown one."""

_EXACT = frozenset({"proxies"})
"""Mappings whose keys are case-sensitive."""

_WORDS = {
    "str": "a string",
    "bool": "true or false",
    "int": "a whole number",
    "count": "a whole number, 0 or more",
    "filter": 'a list of strings, such as ["unused-for=48h"]',
    "duration": 'a duration in quotes, such as "48h"',
}
_FIXES = {
    "bool": "write true or false, without quotes",
    "int": "write it in digits, without quotes",
    "count": "write it in digits, without quotes",
}
_SECONDS = late_pattern(r"[+-]?[0-9]+")


def _is_duration(value: Value) -> bool:
    """Whether it is a duration: a text, which may be empty. Digits alone are seconds."""
    if not isinstance(value, str):
        return False
    return not value or is_duration(f"{value}s" if _SECONDS.fullmatch(value) else value)


def _is_filter(value: Value) -> bool:
    """A list, or what dockerd wrote itself in 18.09: a mapping of names to booleans."""
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    items = value.values() if isinstance(value, dict) else (None,)
    return all(isinstance(item, dict) and all(isinstance(flag, bool) for flag in item.values()) for item in items)


def is_int(value: Value) -> bool:
    """Whether it is an integer that fits into Go's 64 bits."""
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


_FITS: Mapping[str, Callable[[Value], bool]] = {
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "int": is_int,
    "count": lambda value: isinstance(value, int) and is_int(value) and value >= 0,
    "any": lambda _: True,
    "filter": _is_filter,
    "duration": _is_duration,
}
_REFUSED = "dockerd refuses the whole file"


def nested(tree: Tree) -> Found:
    """Wrong types and unknown keys below the top level."""
    for name, shape in SHAPES.items():
        if isinstance(tree.get(name), type(shape)):  # a wrong type is reported at the key itself
            yield from _below(shape, tree[name], (name,))


def _below(shape: Shape, value: Value, key: Key) -> Found:
    if value is None:
        return
    if isinstance(shape, str):
        if not _FITS[shape](value):
            fix = as_string(value) if shape == "str" else _FIXES.get(shape, "")
            if shape == "int" and str(value).lower() in _NO_LIMIT:
                fix = "write -1, which is no limit"
            yield "D003", "error", key, f"must be {_WORDS[shape]}: {_REFUSED}", fix
    elif isinstance(shape, list):
        if not isinstance(value, list):
            fix = f"write [{json.dumps(value)}]" if isinstance(shape[0], dict) else as_list(value)
            yield "D003", "error", key, f"must be a list: {_REFUSED}", fix
            return
        for index, item in enumerate(value):
            yield from _below(shape[0], item, (*key, index))
    elif not isinstance(value, dict):
        flags = all(inner == "bool" for inner in shape.values())
        yield "D003", "error", key, f"must be a mapping: {_REFUSED}", as_whole_mapping(value, key, flags=flags)
    else:
        yield from _mapping(shape, value, key)


def _mapping(shape: dict[str, Shape], value: Tree, key: Key) -> Found:
    by_lower = {name.lower(): name for name in shape}
    for name, item in value.items():
        if "*" in shape:
            yield from _below(shape["*"], item, (*key, name))
        elif (real := by_lower.get(name.lower())) and (real == name or key[0] not in _EXACT):
            yield from _below(shape[real], item, (*key, name))
        else:
            yield from _unknown(name, item, shape, key)


def meant(name: str, shape: Iterable[str]) -> tuple[str, ...]:
    """The key of a shape that an unknown one probably means."""
    names = tuple(shape)
    return tuple(candidate for candidate in _OTHER_NAMES.get(name.lower(), ()) if candidate in names) or similar_names(
        name, names, 0.7
    )


def _unknown(name: str, value: Value, shape: dict[str, Shape], key: Key) -> Found:
    if key[0] == "proxies" and isinstance(value, dict):
        text = f"unknown key, as in the client's ~/.docker/config.json: {_REFUSED}"
        yield "D001", "error", (*key, name), text, "write http-proxy, https-proxy and no-proxy"
        return
    similar = meant(name, shape)
    below = [
        outer for outer, inner in shape.items() if isinstance(inner, dict) and name.lower() in map(str.lower, inner)
    ]
    if below:
        text = f"dockerd ignores it here: it belongs under {below[0]}"
        yield "D012", "error", (*key, name), text, f"write {below[0]}: {{{name}: …}}"
        return
    keys = f"take it out; the keys here are {', '.join(shape)}" if len(shape) <= _FEW else "take it out"
    fix = f"write {' or '.join(similar)}" if similar else keys
    if key[0] in _CLOSED:
        text = f"unknown key, {question(similar)}" if similar else f"unknown key: {_REFUSED}"
        yield "D001", "error", (*key, name), text, fix
    elif similar and not (name.lower() == "args" and not value):  # NVIDIA's tool writes an empty list
        yield "D012", "error", (*key, name), f"unknown key, which dockerd ignores, {question(similar)}", fix
    elif name.lower() == "keepduration":
        text = "unknown key, which dockerd ignores: here an age is a filter"
        yield "D012", "warning", (*key, name), text, 'write "filter": ["unused-for=48h"]'
    elif not similar:
        yield "D012", "warning", (*key, name), "unknown key: dockerd ignores it", fix
