"""Checks parameters that a driver decodes into typed fields. Names may be in any case, and no text is a number. Pure.

Source: `Decode` of the library mapstructure, as distribution's drivers of azure (3.1) and swift (2.8) call it.
"""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.model.common import Key, Tree, Value
from runnerops.services.registry.rules.found import ENDS, Found, is_bool, is_text

_WHAT = {"text": "a text", "int": "a whole number", "bool": "true or false, without quotes", "texts": "a list of texts"}


def decoded_rules(types: Mapping[str, str], parameters: Tree, key: Key) -> Found:
    """Finds values that their fields do not accept. `types`: `text`, `int`, `bool`, `texts` or `any` for each field."""
    for name, value in parameters.items():
        kind = types.get(name.lower(), "any")
        if value is not None and not _fits(kind, value):
            yield "C009", "error", (*key, name), f"must be {_WHAT[kind]}: {ENDS}", ""


def field(name: str, parameters: Tree) -> Value:
    """Returns the value of a field, whose name may be written in another case."""
    return parameters.get(
        name, next((value for parameter, value in parameters.items() if parameter.lower() == name), None)
    )


def _fits(kind: str, value: Value) -> bool:
    if kind == "text":
        return is_text(value)
    if kind == "int":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "bool":
        return is_bool(value)
    if kind == "texts":
        return value in ({}, []) or (isinstance(value, list) and all(isinstance(item, str) for item in value))
    return True
