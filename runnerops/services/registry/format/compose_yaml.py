"""Reads YAML as Docker Compose does: with the numbers of Go, and `yes`, `no`, `on` and `off` as texts. Pure.

Source: the resolver of go-yaml 3 and 4. `22:22` is a text too, which Compose 1 reads as 1342.
"""

from __future__ import annotations

from typing import Any

import yaml

from runnerops.parsing.go_yaml import NUMBER_STARTS, is_date, number_in, text_of
from runnerops.parsing.odd_numbers import known_as
from runnerops.patterns import late_pattern

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "float": (r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "merge": (r"<<", "<"),
}


_INT, _FLOAT, _DATE = (f"tag:yaml.org,2002:{name}" for name in ("int", "float", "timestamp"))
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


class Date(str):
    """A date without quotes. Compose refuses it where it wants a text, and passes on a longer text where it wants any."""

    __slots__ = ()


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


class _IntForm:
    @staticmethod
    def match(text: str) -> bool:
        return isinstance(number_in(text), int)


class _FloatForm:
    @staticmethod
    def match(text: str) -> bool:
        return isinstance(number_in(text), float)


class _DateForm:
    match = staticmethod(is_date)


def _number(loader: Any, node: yaml.ScalarNode) -> Any:
    number = number_in(node.value)
    if number is None:  # .inf and .nan; and what has the tag of a number, but is none
        return loader.construct_yaml_float(node)
    return number if text_of(number) == node.value else known_as(number, node.value)


for _tag, _form, _starts in (
    (_INT, _IntForm, NUMBER_STARTS),
    (_FLOAT, _FloatForm, NUMBER_STARTS),
    (_DATE, _DateForm, "0123456789"),
    (BASE_60_TAG, _Base60Form, "-+123456789"),
):
    ComposeLoader.add_implicit_resolver(_tag, _form, list(_starts))
ComposeLoader.add_constructor(_INT, _number)
ComposeLoader.add_constructor(_FLOAT, _number)
ComposeLoader.add_constructor(_DATE, lambda _, node: Date(node.value))
ComposeLoader.add_constructor(BASE_60_TAG, lambda _, node: Base60(node.value))
ComposeLoader.add_constructor("tag:yaml.org,2002:merge", lambda _, node: node.value)  # `<<` as a value is a text
