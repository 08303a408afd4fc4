"""Writes YAML with quotes around each text that a reader may take for something else: PyYAML, or Go's YAML."""

from __future__ import annotations

from typing import Any

import yaml

from runnerops.parsing.go_yaml import NUMBER_STARTS, is_date, number_in
from runnerops.patterns import late_pattern

_LINE_ENDS = late_pattern("[\x85\u2028\u2029]")
"""Ends of lines to YAML 1.1, which its writer does not escape among other letters."""

_YES_NO = "yYnN"
"""Booleans to go-yaml 2, which the registry uses."""


class _Form:
    """What Go takes for a number, a date or a boolean, as PyYAML asks for it."""

    @staticmethod
    def match(text: str) -> bool:
        return text in _YES_NO or number_in(text) is not None or is_date(text)


class Dumper(yaml.SafeDumper):
    """A safe dumper that knows Go's scalars too, and values that know how they are written."""


Dumper.add_multi_representer(str, lambda dumper, value: dumper.represent_str(str(value)))
Dumper.add_multi_representer(int, lambda dumper, value: dumper.represent_int(int(value)))
Dumper.add_multi_representer(float, lambda dumper, value: dumper.represent_float(float(value)))
Dumper.add_implicit_resolver("tag:runnerops,no-text-to-go", _Form, [*NUMBER_STARTS, *_YES_NO])


def dump(value: Any, *, sort_keys: bool) -> str:
    """One value per line. Letters of any script stay as they are, unless some letter must be escaped."""
    text = _dump(value, sort_keys=sort_keys, plain=True)
    return _dump(value, sort_keys=sort_keys, plain=False) if _LINE_ENDS.search(text) else text


def _dump(value: Any, *, sort_keys: bool, plain: bool) -> str:
    text: str = yaml.dump(
        value, Dumper=Dumper, sort_keys=sort_keys, allow_unicode=plain, width=2**20, default_flow_style=False
    )
    return text
