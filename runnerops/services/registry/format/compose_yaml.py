"""Reads YAML as Docker Compose does: what PyYAML reads as booleans, numbers in base 60 and dates is text. Pure.

Source: the resolver of go-yaml 3 and 4. `yes`, `no`, `on` and `off` are texts, and `22:22` too, which Compose 1 reads as
1342.
"""

from __future__ import annotations

from typing import Any

import yaml

from runnerops.patterns import late_pattern

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)", "-+0123456789"),
    "float": (
        r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+"
        r"|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "merge": (r"<<", "<"),
}


BASE_60_TAG = "tag:runnerops,base-60"


class Base60(str):
    """A text such as `22:22` without quotes, which Compose 1 takes for a number in base 60, as YAML 1.1 does."""

    __slots__ = ()

    def number(self) -> int:
        """The number that Compose 1 reads."""
        total = 0
        for digits in self.replace("_", "").lstrip("+-").split(":"):
            total = total * 60 + int(digits)
        return -total if self.startswith("-") else total


yaml.SafeDumper.add_representer(Base60, lambda dumper, value: dumper.represent_str(str(value)))


class ComposeLoader(_LOADER):  # type: ignore[misc]
    """A safe loader with the core types of YAML 1.2."""


ComposeLoader.yaml_implicit_resolvers = {}
for _name, (_pattern, _first) in _CORE.items():
    ComposeLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", late_pattern(f"(?:{_pattern})$"), list(_first))


class _Base60Form:
    """The form of a number in base 60, as PyYAML asks for it. Cheaper than to compile a pattern for each `check`."""

    @staticmethod
    def match(text: str) -> bool:
        first, *digits = text.split(":")
        whole = first.lstrip("+-").replace("_", "").isdecimal()
        return bool(digits) and whole and all(part.isdecimal() and len(part) < 3 and int(part) < 60 for part in digits)


ComposeLoader.add_implicit_resolver(BASE_60_TAG, _Base60Form, list("-+123456789"))
ComposeLoader.add_constructor(BASE_60_TAG, lambda _, node: Base60(node.value))
