"""The meaning of a scalar: the core schema of YAML 1.2, and our secret tags. Pure.

There is one exception to the core schema: a number with a leading zero (`0600`) stays text, because its author means
the text.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from runnerops.inventory.values.expressions import holds_expression
from runnerops.model.common import Secret, SourceLocation
from runnerops.parsing.near import did_you_mean
from runnerops.parsing.odd_numbers import known_as
from runnerops.parsing.secret_text import misspelt, pieces, unclosed
from runnerops.patterns import late_pattern

Scalar: TypeAlias = "str | int | float | bool | Secret | None"
Source: TypeAlias = Literal["env", "file", "command", "secret"]

RAW = "!raw"
_SOURCES: tuple[Source, ...] = get_args(Source)
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", "+.inf", ".Inf", "+.Inf", ".INF", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_INTEGER = late_pattern(r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = late_pattern(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_VARIABLE = late_pattern(r"[A-Za-z_{][A-Za-z0-9_{}]*")
_YAML = "tag:yaml.org,2002:"
_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "null": (type(None),),
}


class Verbatim(str):
    """A text in which nothing is replaced."""

    __slots__ = ()


class ScalarError(Exception):
    """What is wrong with a scalar or its tag, and the fix. Never contains the scalar's text."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


def read_scalar(text: str, tag: str | None, plain: bool, location: SourceLocation) -> Scalar:
    """The value of one scalar. `plain`: it has no quotes. Raises ScalarError."""
    if tag == RAW:
        return Verbatim(text)
    if tag and tag.startswith("!") and tag[1:] in _SOURCES:
        return _secret(tag[1:], text, location)
    if tag is None:
        return plain_scalar(text) if plain else text
    if tag == "!":
        return text
    return _tagged(text, tag)


def plain_scalar(text: str) -> Scalar:
    """The meaning of a scalar without quotes and tag. Raises ScalarError for an integer of more than 64 bits."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        number: int | float = _integer(text)
    elif _FLOAT.fullmatch(text):
        number = float(text)
    else:
        return text
    return number if str(number) == text else known_as(number, text)


def check_tag(tag: str | None, kind: Literal["map", "seq"]) -> None:
    """Checks that a mapping or list has no tag but its own standard tag. Raises ScalarError."""
    if tag in (None, "!", _YAML + kind):
        return
    if tag == RAW or (tag and tag[1:] in _SOURCES):
        raise ScalarError(f"{tag} needs one text", f"write `{tag} …` with the text on the same line")
    raise _unknown_tag(tag or "")


def _integer(text: str) -> int:
    number = int(text, 0) if text[:2] in ("0o", "0x") else int(text[:25])
    if len(text) > 24 or not -(2**63) <= number < 2**63:
        raise ScalarError("the number has more than 64 bits", "put it in quotes if it is meant as text")
    return number


def _tagged(text: str, tag: str) -> Scalar:
    name = tag.removeprefix(_YAML)
    if name == tag or name not in _TYPES:
        raise _unknown_tag(tag)
    value = text if name == "str" else plain_scalar(text)
    if not isinstance(value, _TYPES[name]) or (name in ("int", "float") and isinstance(value, bool)):
        raise ScalarError(f"!!{name} does not fit this value")
    return float(value) if name == "float" and isinstance(value, int) else value


def _secret(source: str, argument: str, location: SourceLocation) -> Secret:
    known_source = next(name for name in _SOURCES if name == source)
    if holds_expression(argument):
        return Secret(known_source, argument.strip(), location)
    return Secret(known_source, check_argument(known_source, argument), location)


def check_argument(source: Source, argument: str) -> str:
    """Checks the argument of a secret's tag, after everything in it is replaced. Raises ScalarError."""
    if source == "secret":
        return _check_text(argument)
    argument = argument.strip()
    if not argument:
        raise ScalarError(
            f"!{source} without an argument", f"write what follows !{source}: a name, a path or a command"
        )
    if source == "env" and not _VARIABLE.fullmatch(argument):
        raise ScalarError(
            "!env needs the name of a variable: letters, digits and `_`", "write the name alone, without $ or ="
        )
    return argument


def _check_text(text: str) -> str:
    """Checks a text with secrets in it."""
    parts = [piece for piece in pieces(text) if not isinstance(piece, str)]
    example = 'for example !secret "NPM_TOKEN={env:NPM_TOKEN}"; the others are {file:PATH} and {command:LINE}'
    if wrong := misspelt(text):
        raise ScalarError(f"!secret knows no {{{wrong[0]}:…}}, did you mean {{{wrong[1]}:…}}?", example)
    if unclosed_source := unclosed(text):
        raise ScalarError(f"!secret: {{{unclosed_source}:… is not closed, is empty, or contains braces", example)
    if manager := next((manager for manager in _MANAGERS if f"{{{manager[1:]}:" in text), ""):
        hint = f"write {{command:{_MANAGERS[manager]}}}; docs/secrets.md has more"
        raise ScalarError(f"!secret knows no {{{manager[1:]}:…}}", hint)
    if not parts:
        raise ScalarError("!secret contains no secret", example)
    for source, argument in parts:
        check_argument(source, argument)
    return text


_MANAGERS = {
    "!vault": "vault kv get -field=KEY PATH",
    "!pass": "pass show NAME",
    "!op": "op read op://VAULT/ITEM/FIELD",
    "!bw": "bw get password ITEM",
    "!sops": """sops decrypt --extract '["KEY"]' FILE""",
}
"""Tags that people may try for a password manager, and the command for each."""


def _unknown_tag(tag: str) -> ScalarError:
    shown = tag.replace(_YAML, "!!")
    if "python" in tag:
        return ScalarError(f"the tag {shown} names Python code, which runnerops does not run", "take the tag out")
    if tag in _MANAGERS:
        return ScalarError(f"there is no tag {tag}", f'write !command "{_MANAGERS[tag]}"; docs/secrets.md has more')
    near = did_you_mean(shown, [RAW, *(f"!{source}" for source in _SOURCES)])
    return ScalarError(
        f"unknown tag {shown}{near}" if near else "unknown tag",  # it may be an unquoted password: not shown
        "the known tags are !env NAME, !file PATH, !command LINE, !secret TEXT and !raw TEXT; "
        "put a value that starts with `!` in quotes",
    )
