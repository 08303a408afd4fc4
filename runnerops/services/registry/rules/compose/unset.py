"""Reads a Compose file as Compose does while its variables are not set. Pure. Source: compose-go's `template`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from operator import is_not

from runnerops.model.common import Key, Tree, Value
from runnerops.patterns import late_pattern

_NAME = late_pattern(r"[A-Za-z_]\w*", re.ASCII)
_BRACED = late_pattern(r"\$\{([A-Za-z_]\w*)(:?[-?+])?", re.ASCII)

NOTHING: Mapping[str, str] = {}


def unset(value: Value, set_values: Mapping[str, str] = NOTHING) -> Value:
    """Each text with the default of its variables, or nothing, in their place; one that must be given stays.

    `set_values` has the values of those that are set; one whose value is empty there, for it is not known, stays too. What has
    no variables is not copied.
    """
    if isinstance(value, dict):
        made = {name: unset(item, set_values) for name, item in value.items()}
        return made if any(item is not value[name] for name, item in made.items()) else value
    if isinstance(value, list):
        items = [unset(item, set_values) for item in value]
        return items if any(map(is_not, items, value)) else value
    return _replaced(value, set(), set_values) if isinstance(value, str) and "$" in value else value


def variables_at(tree: Tree, key: Key, set_values: Mapping[str, str] = NOTHING) -> tuple[Key, list[str]]:
    """Returns place and names of the unset variables at a key: for a service in its image, for a mapping in its source."""
    value: Value = tree
    for part in key:
        if isinstance(value, dict):
            value = value.get(str(part))
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return key, []
    if isinstance(value, dict):
        inner = "image" if len(key) == 2 else "source"
        key, value = (*key, inner), value.get(inner)
    return key, _names(value, set_values) if isinstance(value, str) else []


def _names(text: str, set_values: Mapping[str, str]) -> list[str]:
    """Returns the names of unset variables in a text, which are replaced by their defaults or by nothing."""
    names: set[str] = set()
    _replaced(text, names, set_values)
    return sorted(names)


def _replaced(text: str, names: set[str], set_values: Mapping[str, str]) -> str:
    """Replaces variables, and adds their names to `names`."""
    made, at = "", 0
    while (sign := text.find("$", at)) >= 0:
        made += text[at:sign]
        if name := _NAME.match(text, sign + 1):
            if name[0] in set_values:
                made += _text(set_values[name[0]]) or text[sign : name.end()]
            else:
                names.add(name[0])
            at = name.end()
        elif (braced := _BRACED.match(text, sign)) and (end := _end(text, braced.end())) >= 0:
            expression = text[sign : end + 1]
            made += _braced(expression, braced, names, set_values)
            at = end + 1
        else:  # `$$`, or what begins no variable
            made += text[sign : sign + 2]
            at = sign + 2
    return made + text[at:]


def _braced(expression: str, braced: re.Match[str], names: set[str], set_values: Mapping[str, str]) -> str:
    how, operand = (braced[2] or "").removeprefix(":"), expression[len(braced[0]) : -1]
    if braced[1] in set_values:
        is_unknown = operand and not how  # a form that Compose does not know
        return expression if is_unknown else (operand if how == "+" else _text(set_values[braced[1]])) or expression
    if how == "?" or (operand and not how):
        return expression
    names.add(braced[1])
    return _replaced(operand, names, set_values) if how == "-" else ""


def _text(value: str) -> str:
    """Writes a value for a text of Compose, where `$` would begin a variable."""
    return value.replace("$", "$$")


def _end(text: str, at: int) -> int:
    """Returns the index of the bracket that closes a variable; -1 if there is none."""
    depth = 0
    for position in range(at, len(text)):
        if text.startswith("${", position):
            depth += 1
        elif text[position] == "}":
            if not depth:
                return position
            depth -= 1
    return -1
