"""Go's text templates, as far as `--format` needs them: fields, methods, range, if, json, index, print, println."""

from __future__ import annotations

from runnerops.demo.simulated.world import RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Node = tuple[str, Any, Any, Any]
    """`text` with the text, `say` with a pipeline; `range` and `if` with a pipeline, the nodes inside, and those after
    `else`.
    """

_ESCAPED = {**{number: f"\\u{number:04x}" for number in range(32)}, ord('"'): '\\"', ord("\\"): "\\\\"}


def render(template: str, value: object, kind: str = "object") -> str:
    """Renders a template. Raises RefusedError if docker would refuse the template, or if the value lacks a field."""
    nodes, unread, _ = _parse(list(_pieces(template)))
    if unread:
        raise RefusedError("template parsing error: template: :1: unexpected {{end}}", 64)
    return _write(nodes, value, kind)


def _pieces(template: str) -> Iterator[str]:
    """Splits a template into texts and actions, which alternate."""
    while "{{" in template:
        text, _, rest = template.partition("{{")
        action, closed, template = rest.partition("}}")
        if not closed:
            raise RefusedError("template parsing error: template: :1: unclosed action", 64)
        yield from (text, action.strip("- "))
    yield template


def _tokens(pipeline: str) -> Iterator[str]:
    """The tokens of an action: words, quoted texts with the quote before them, parentheses."""
    for index, piece in enumerate(pipeline.split('"')):
        if index % 2:
            yield f'"{piece}'
        else:
            yield from piece.replace("(", " ( ").replace(")", " ) ").split()


def _parse(pieces: list[str]) -> tuple[list[Node], list[str], str]:
    """Returns the nodes up to the end of this block, the pieces after it, and the word that ended it."""
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
                raise RefusedError("template parsing error: template: :1: unexpected EOF", 64)
            nodes.append((word, argument, inside, otherwise))
        else:
            nodes.append(("say", action, None, None))
    return nodes, [], ""


def _write(nodes: list[Node], value: Any, kind: str) -> str:
    texts = []
    for action, argument, inside, otherwise in nodes:
        if action == "text":
            texts.append(argument)
            continue
        names, assigned, pipeline = argument.rpartition(":=") if action == "range" else ("", "", argument)
        result = evaluate(pipeline, value, kind)
        if assigned:
            pairs = result.items() if isinstance(result, dict) else enumerate(result or [])
            texts += (_write(_bound(inside, names, pair), value, kind) for pair in pairs)
        elif action == "say":
            texts.append(text_of(result))
        elif action == "if":
            texts.append(_write(inside if result else otherwise, value, kind))
        else:
            items = list(result.values()) if isinstance(result, dict) else result or []
            texts.append("".join(_write(inside, item, kind) for item in items) or _write(otherwise, value, kind))
    return "".join(texts)


def _bound(nodes: list[Node], names: str, pair: tuple[Any, Any]) -> list[Node]:
    """The nodes of a `range $one, $other := …`. Where they print one of the variables, its value is filled in."""
    values = dict(zip((name.strip() for name in names.split(",")), pair, strict=True))
    return [
        ("text", text_of(_field(argument[len(name) :], values[name], "object")), None, None)
        if action == "say" and (name := argument.partition(".")[0]) in values
        else (action, argument, *rest)
        for action, argument, *rest in nodes
    ]


def evaluate(pipeline: str, value: Any, kind: str) -> Any:
    """The value of a pipeline that has no `|`."""
    result, _ = _command(list(_tokens(pipeline)), value, kind)
    return result


def _command(tokens: list[str], value: Any, kind: str) -> tuple[Any, list[str]]:
    operands: list[Any] = []
    function = ""
    while tokens and tokens[0] != ")":
        token, *tokens = tokens
        if token == "(":  # noqa: S105  no password
            operand, tokens = _command(tokens, value, kind)
            tokens = tokens[1:]
            while tokens and tokens[0].startswith("."):
                operand, tokens = _field(tokens[0], operand, kind), tokens[1:]
            operands.append(operand)
        elif token.startswith("."):
            operands.append(_field(token, value, kind))
        elif token.startswith('"'):
            operands.append(token[1:])
        elif token.isdecimal():
            operands.append(int(token))
        else:
            function = token
    return _call(function, operands), tokens


def _call(function: str, operands: list[Any]) -> Any:
    if not function:
        first, *rest = operands
        return first(*rest) if callable(first) else first
    functions: dict[str, Callable[..., Any]] = {
        "json": _json,
        "println": lambda *values: " ".join(map(text_of, values)) + "\n",
        "print": lambda *values: "".join(map(text_of, values)),
        "index": _index,
        "len": len,
        "split": str.split,
        "eq": lambda item, *others: item in others,
        "not": lambda value: not value,
    }
    if function not in functions:
        raise RefusedError(f'template parsing error: template: :1: function "{function}" not defined', 64)
    return functions[function](*operands)


def _json(value: Any) -> str:
    """Writes JSON. The module `json` would take as long to import as Python takes to start."""
    if isinstance(value, dict):
        return f"{{{','.join(f'{_json(str(key))}:{_json(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_json, value))}]"
    if isinstance(value, str):
        return f'"{value.translate(_ESCAPED)}"'
    return "null" if value is None else str(value).lower()


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        value = value.get(key, "") if isinstance(value, dict) else value[key]
    return value


def _field(token: str, value: Any, kind: str) -> Any:
    for name in filter(None, token.split(".")):
        if not isinstance(value, dict) or name not in value:
            message = f'template: :1:2: executing "" at <{token}>: can\'t evaluate field {name} in type {kind}'
            raise RefusedError(message)
        value = value[name]
    return value


def text_of(value: Any) -> str:
    """A value as Go prints it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{' '.join(map(text_of, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{text_of(item)}' for key, item in value.items())}]"
    return "<no value>" if value is None else str(value)
