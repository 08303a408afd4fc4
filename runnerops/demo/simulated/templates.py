"""Go's text templates, as far as `--format` needs them: fields, methods, range, if, json, index, print, println."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from runnerops.demo.simulated.world import Refused

_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[()|]|[^\s()|"]+')
Node = tuple[str, Any, Any, Any]
"""`text` or `say` with what is said; `range` and `if` with a pipeline, what is inside, and what else."""


def render(template: str, value: object, kind: str = "object") -> str:
    """Raises Refused where docker would not take the template, or the value has no such field."""
    pieces = _ACTION.split(template)
    if "{{" in "".join(pieces[::2]):
        raise Refused("template parsing error: template: :1: unclosed action", 64)
    nodes, rest, _ = _parse(pieces)
    if rest:
        raise Refused("template parsing error: template: :1: unexpected {{end}}", 64)
    return _write(nodes, value, kind)


def _parse(pieces: list[str]) -> tuple[list[Node], list[str], str]:
    """Nodes up to the end of this block, the pieces after it, and the word that ended it."""
    nodes: list[Node] = []
    while pieces:
        text, *pieces = pieces
        nodes.append(("text", text, None, None))
        if not pieces:
            break
        action, *pieces = pieces
        word, _, argument = action.partition(" ")
        if word in {"end", "else"}:
            return nodes, pieces, word
        if word in {"range", "if"}:
            inside, pieces, ended = _parse(pieces)
            otherwise: list[Node] = []
            if ended == "else":
                otherwise, pieces, ended = _parse(pieces)
            if ended != "end":
                raise Refused("template parsing error: template: :1: unexpected EOF", 64)
            nodes.append((word, argument, inside, otherwise))
        else:
            nodes.append(("say", action, None, None))
    return nodes, [], ""


def _write(nodes: list[Node], value: Any, kind: str) -> str:
    said = []
    for what, argument, inside, otherwise in nodes:
        if what == "text":
            said.append(argument)
            continue
        found = evaluate(argument, value, kind)
        if what == "say":
            said.append(text_of(found))
        elif what == "if":
            said.append(_write(inside if found else otherwise, value, kind))
        else:
            items = list(found.values()) if isinstance(found, dict) else found or []
            said.append("".join(_write(inside, item, kind) for item in items) or _write(otherwise, value, kind))
    return "".join(said)


def evaluate(pipeline: str, value: Any, kind: str) -> Any:
    """What a pipeline without `|` between commands gives."""
    found, _ = _command(_TOKEN.findall(pipeline), value, kind)
    return found


def _command(tokens: list[str], value: Any, kind: str) -> tuple[Any, list[str]]:
    operands: list[Any] = []
    function = ""
    while tokens and tokens[0] != ")":
        token, *tokens = tokens
        if token == "(":
            found, tokens = _command(tokens, value, kind)
            tokens = tokens[1:]
            while tokens and tokens[0].startswith("."):
                found, tokens = _field(tokens[0], found, kind), tokens[1:]
            operands.append(found)
        elif token.startswith("."):
            operands.append(_field(token, value, kind))
        elif token.startswith('"'):
            operands.append(json.loads(token))
        elif token.isdecimal():
            operands.append(int(token))
        else:
            function = token
    return _call(function, operands), tokens


def _call(function: str, operands: list[Any]) -> Any:
    if not function:
        first, *rest = operands
        return first(*rest) if callable(first) else first
    known: dict[str, Callable[..., Any]] = {
        "json": lambda value: json.dumps(value, separators=(",", ":")),
        "println": lambda *values: " ".join(map(text_of, values)) + "\n",
        "print": lambda *values: "".join(map(text_of, values)),
        "index": _index,
        "len": len,
        "eq": lambda one, *others: one in others,
        "not": lambda value: not value,
    }
    if function not in known:
        raise Refused(f'template parsing error: template: :1: function "{function}" not defined', 64)
    return known[function](*operands)


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        value = value.get(key, "") if isinstance(value, dict) else value[key]
    return value


def _field(token: str, value: Any, kind: str) -> Any:
    for name in filter(None, token.split(".")):
        if not isinstance(value, dict) or name not in value:
            message = f'template: :1:2: executing "" at <{token}>: can\'t evaluate field {name} in type {kind}'
            raise Refused(message)
        value = value[name]
    return value


def text_of(value: Any) -> str:
    """As Go prints it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{' '.join(map(text_of, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{text_of(item)}' for key, item in value.items())}]"
    return "<no value>" if value is None else str(value)
