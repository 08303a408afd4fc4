"""Expands `{{ vars.team }}` in values of the inventory: Jinja expressions over a host's variables, in a sandbox. Pure.

Only texts in double braces that name `vars` or `host` are expressions. Others, such as those of Docker, Go templates or
a job's script (`{{.Names}}`, `{{ json . }}`), are not changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from difflib import SequenceMatcher
from typing import Any

from runnerops.frozen import mutable
from runnerops.inventory.problems import NAMES, ExpressionError
from runnerops.model.common import Secret, Tree, Value
from runnerops.parsing.odd_numbers import as_written
from runnerops.patterns import late_pattern

_BRACES = late_pattern(r"""\{\{((?:"[^"]*"|'[^']*'|[^{}"']|\{(?!\{)|\}(?!\}))+)\}\}""")
_OURS = late_pattern(r"(?<![$.\w])(?:vars|host)\s*[.\[]")
_BEGUN = late_pattern(r"\{\{-?\s*(?:vars|host)\s*[.\[]")
_STATEMENT = late_pattern(r"\{%-?\s*\w+([^%]*)%\}")
_NAMED = late_pattern(r"""(?<![$.\w])vars\s*(?:\.\s*(\w+)|\[\s*(?:"([^"]*)"|'([^']*)')\s*\])""")
_DOTTED = late_pattern(r"\s*([A-Za-z_]\w*)\s*\.\s*\w")
_BARE = late_pattern(r"\{\{-?\s*([A-Za-z_]\w*)\s*(?:[.|\[][^{}]*|-)?\}\}")
"""An expression that begins with a name, as Ansible writes variables."""
_ANSIBLE = late_pattern(r"inventory_hostname(?:_short)?|ansible_\w+")
_LOOKUP = late_pattern(r"\{\{-?\s*(?:lookup|query|q)\s*\([^{}]*\}\}")
"""How Ansible reads variables of the environment, files and stores of secrets."""
_AS_IT_STANDS = "close it, or write `!raw` before the text if it is not meant as an expression"
_NEAR = 0.85
_MOST = 10_000
"""The most values in one. A list that contains another list several times grows exponentially."""
_LONGEST = 1_000_000
"""The most characters. A text that contains another text several times grows exponentially."""


class _Veiled:
    """A secret among the variables. It can only be used as a whole value, and never becomes part of a text."""

    __slots__ = ("_secret",)

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def __str__(self) -> str:
        raise ExpressionError(
            "a secret cannot be part of a text here", 'write the whole value as `!secret "…{env:NAME}…"`'
        )


class _CircleError(ExpressionError):
    """Variables that are made from each other. The text names all of them, so no expression is put before it."""


@mutable
class Expressions:
    """The expressions of one host. `variables` returns its `vars` as written. It is called when one is first used."""

    host: Mapping[str, Value]
    variables: Callable[[], Tree]
    _known: dict[str, Any] = field(default_factory=dict)

    def with_address(self, address: str) -> Expressions:
        """The same with the host's address, which may itself contain variables."""
        return Expressions({**self.host, "address": address}, self.variables)

    def expand(self, text: str) -> Value:
        """The value of a text. If the text is one expression only, the value keeps its type. Raises ExpressionError."""
        matches = [match for match in _BRACES.finditer(text) if is_expression(match[1])] if "{{" in text else []
        _refuse_nearly(text)
        self._refuse_bare(text)
        if not matches:
            return text
        if matches[0].span() == (0, len(text)):
            value = self._value(matches[0])
            if _size(value, {}) > _MOST:
                raise ExpressionError(f"{matches[0][0]}: would become too large", "use a smaller value")
            return _unveiled(value)
        expanded = _BRACES.sub(
            lambda match: _part(match[0], self._value(match)) if match in _Among(matches) else match[0], text
        )
        if len(expanded) > _LONGEST:
            raise ExpressionError(f"{matches[0][0]}: the text would become too large", "use a smaller value")
        return expanded

    def _refuse_bare(self, text: str) -> None:
        """Raises ExpressionError for a variable that is written as Ansible does it, without `vars`."""
        if "{{" in text and (lookup := _LOOKUP.search(text)):
            hint = "write !env NAME, !file PATH or !command COMMAND as the value, or `!raw` before the text"
            raise ExpressionError(f"{lookup[0]}: this is a lookup of Ansible", hint)
        for bare in _BARE.finditer(text) if "{{" in text else ():
            if _ANSIBLE.fullmatch(bare[1]):
                instead = (
                    "host.address" if bare[1] == "ansible_host" else "host.name" if bare[1].startswith("inv") else ""
                )
                hint = f"write {{{{ {instead} }}}}" if instead else "facts of hosts are not known here: use `vars`"
                raise ExpressionError(f"{bare[0]}: this is a variable of Ansible", f"{hint}, or `!raw` before the text")
            if bare[1] in self.variables():
                hint = f"write {{{{ vars.{bare[1]} }}}}, or `!raw` before the text if it is not meant as an expression"
                raise ExpressionError(f"{bare[0]}: variables are below `vars`", hint)

    def _value(self, match: re.Match[str]) -> Any:
        try:
            from runnerops.inventory.values.sandbox import evaluate  # noqa: PLC0415  imports Jinja, which few inventories need

            return evaluate(match[1].strip().strip("-"), self._names())
        except _CircleError:
            raise
        except ExpressionError as error:
            raise ExpressionError(f"{match[0]}: {error.text}", error.hint) from None

    def _names(self) -> Mapping[str, Any]:
        if not self._known:
            variables = _Variables(self)
            self._known = {"host": self.host, "vars": variables}
            tree = self.variables()
            variables.written = tree
            self._known = {"host": self.host, "vars": {name: variables[name] for name in tree}}
        return self._known

    def expanded(self, value: Value) -> Any:
        """A tree of variables with their expressions replaced, and secrets veiled."""
        if isinstance(value, dict):
            return {name: self.expanded(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.expanded(item) for item in value]
        if isinstance(value, Secret):
            return _Veiled(value)
        return self.expanded_text(value) if isinstance(value, str) else value

    def expanded_text(self, text: str) -> Any:
        """A text among the variables. If its value is a secret, it is veiled."""
        value = self.expand(text)
        return _Veiled(value) if isinstance(value, Secret) else value


class _Among:
    """Whether a match is one of those found before. Compares positions, because `sub` creates new match objects."""

    def __init__(self, matches: list[re.Match[str]]) -> None:
        self._starts = {match.start() for match in matches}

    def __contains__(self, match: re.Match[str]) -> bool:
        return match.start() in self._starts


class _Variables(dict[str, Any]):
    """The variables of a host. Each is expanded when it is first used, and only once, even if that fails."""

    def __init__(self, expressions: Expressions) -> None:
        super().__init__()
        self.written: Tree = {}
        self._expressions = expressions
        self._open: list[str] = []
        self._refused: dict[str, ExpressionError] = {}

    def __missing__(self, name: str) -> Any:
        if name not in self.written:
            raise KeyError(name)
        if name in self._refused:
            raise self._refused[name]
        if name in self._open:
            raise _circle(self._open[self._open.index(name) :])
        self._open.append(name)
        try:
            self[name] = self._expressions.expanded(self.written[name])
        except _CircleError:  # its text begins with the variable that was asked for first
            raise
        except ExpressionError as error:
            self._refused[name] = error
            raise
        finally:
            self._open.pop()
        return self[name]


def _circle(names: Sequence[str]) -> _CircleError:
    """The error for variables of which each is made from the next, and the last one from the first."""
    if len(names) == 1:
        hint = "a variable of a host or group replaces the inherited one: to extend that, give it another name"
        return _CircleError(f"vars.{names[0]} refers to itself", hint)
    chain = " → ".join(f"vars.{name}" for name in (*names, names[0]))
    return _CircleError(f"{chain}: variables that refer to each other", "give one of them a value without the others")


def is_expression(inner: str) -> bool:
    """Whether the text between double braces is an expression of ours. Raises ExpressionError for a likely mistake."""
    if _OURS.search(re.sub(r"\"[^\"]*\"|'[^']*'", "''", inner)):
        return True
    first = _DOTTED.match(inner)
    for name in NAMES if first and first[1] not in NAMES else ():
        assert first
        if SequenceMatcher(None, first[1].lower(), name).ratio() >= _NEAR:
            raise ExpressionError(f"{{{{ {inner.strip()} }}}}: there is no {first[1]!r}, did you mean {name!r}?")
    return False


def _refuse_nearly(text: str) -> None:
    """Raises ExpressionError for an expression that is not closed, and for a Jinja statement that uses a variable."""
    if begun := _BEGUN.search(_BRACES.sub(" ", text)) if "{{" in text else None:
        raise ExpressionError(f"{begun[0]}…: is not closed with }}}}", _AS_IT_STANDS)
    statements = _STATEMENT.finditer(text) if "{%" in text else ()
    if statement := next((match for match in statements if _OURS.search(match[1])), None):
        raise ExpressionError(
            f"{statement[0]}: values can contain expressions, but no statements",
            "write {{ A if vars.x else B }}, or `!raw` before the text if it is not meant as an expression",
        )


def holds_expression(text: str) -> bool:
    """Whether a text has anything to replace, valid or not."""
    try:
        matches = [match for match in _BRACES.finditer(text) if is_expression(match[1])] if "{{" in text else []
        _refuse_nearly(text)
        return bool(matches)
    except ExpressionError:
        return True


def variables_in(text: str) -> Iterator[str]:
    """The names of the variables in a text's expressions, except for computed names."""
    for match in _BRACES.finditer(text) if "{{" in text else ():
        if holds_expression(match[0]):
            yield from (variable[1] or variable[2] or variable[3] or "" for variable in _NAMED.finditer(match[1]))


def _part(text: str, value: Any) -> str:
    if isinstance(value, bool | int | float):
        return as_written(value)
    if value is None or isinstance(value, dict | list | tuple):
        kind = "null" if value is None else "a mapping" if isinstance(value, dict) else "a list"
        raise ExpressionError(
            f"{text}: is {kind}, which cannot be part of a text", "such a value must be the whole text"
        )
    return str(value)


def _size(value: Any, sizes: dict[int, int]) -> int:
    """The number of values in it. A value that occurs in several places is counted for each, but only visited once."""
    if not isinstance(value, dict | list | tuple):
        return 1
    if id(value) not in sizes:
        inner = value.values() if isinstance(value, dict) else value
        sizes[id(value)] = 1 + sum(_size(item, sizes) for item in inner)
    return sizes[id(value)]


def _unveiled(value: Any) -> Value:
    if isinstance(value, _Veiled):
        return value._secret
    if isinstance(value, dict):
        return {str(name): _unveiled(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_unveiled(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return str(value) if isinstance(value, str) else value
    raise ExpressionError(
        f"gives a {type(value).__name__}, which cannot be a value", "end it with `| list` or `| string`"
    )
