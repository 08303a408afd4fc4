"""Evaluates one expression of the inventory with Jinja's sandbox. Import it only if there is an expression. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError
from jinja2.exceptions import SecurityError
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from runnerops.inventory.problems import NAMES, ExpressionError
from runnerops.parsing.near import did_you_mean
from runnerops.patterns import late_pattern

_LONGEST = 1_000_000
"""The most characters or items that an operator, a filter or a method may produce."""
_BITS = 10_000
_WIDE = late_pattern(r"%[^%a-zA-Z]*(?:[0-9]{6}|\*)|\{[^{}]*(?:[0-9]{6}|\{)")
"""A width in a format that is very large, or is itself a value."""
_MULTIPLYING = ("batch", "center", "indent", "join", "replace", "round", "slice")
_BY_CHANCE = ("random", "lipsum")
"""Functions whose value changes each time, so that no plan would remain valid."""


class _Unknown(StrictUndefined):
    """An undefined name. As soon as its value is used, it is reported with the names that exist."""

    __slots__ = ()

    def refuse(self, *_: Any, **__: Any) -> Any:
        """Raises ExpressionError, which says why an expression is refused."""
        name, around = str(self._undefined_name), self._undefined_obj
        if around is missing:
            near = did_you_mean(name, NAMES)
            raise ExpressionError(f"there is no {name!r}{near}", f"an expression can use {' and '.join(NAMES)}")
        known_names = [str(key) for key in around] if isinstance(around, Mapping) else []
        hint = f"known here: {', '.join(sorted(known_names)) or 'nothing'}; `| default(…)` gives a default"
        raise ExpressionError(f"there is no {name!r}{did_you_mean(name, known_names)}", hint)

    __str__ = __iter__ = __len__ = __bool__ = __eq__ = __ne__ = __hash__ = __contains__ = refuse
    __add__ = __radd__ = __getitem__ = __call__ = __int__ = __float__ = __lt__ = __gt__ = __le__ = __ge__ = refuse
    __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __floordiv__ = __mod__ = __neg__ = refuse

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.refuse()


class _Sandbox(ImmutableSandboxedEnvironment):
    """Refuses operations that would use all memory, or run without end, before they begin."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Raises ExpressionError."""
        if operator == "%":
            _check_widths(left)
        elif isinstance(left, int) and isinstance(right, int):
            bits = left.bit_length() * right if operator == "**" else left.bit_length() + right.bit_length()
            _check_size(bits, _BITS)
        elif operator == "*":
            for repeated, count in ((left, right), (right, left)):
                if isinstance(repeated, str | list | tuple) and isinstance(count, int):
                    _check_size(len(repeated) * count, _LONGEST)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Any, function: Any, *args: Any, **keywords: Any) -> Any:
        """Raises ExpressionError."""
        method = getattr(function, "__wrapped__", function)  # Jinja wraps `format`
        if isinstance(owner := getattr(method, "__self__", None), str):
            if method.__name__.startswith("format"):
                _check_widths(owner)
            else:
                _check_arguments((owner, *args, *keywords.values()))
        return super().call(context, function, *args, **keywords)


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise ExpressionError("would become too large", "use a smaller value")


def _check_widths(text: Any) -> None:
    if isinstance(text, str) and _WIDE.search(text):
        raise ExpressionError("has a width that is huge, or a value", "write the width as a small number")


def _check_arguments(args: tuple[Any, ...]) -> None:
    """Checks the arguments of a text method or filter: how often something is repeated, and what is inserted."""
    sizes = sorted(len(argument) for argument in args if isinstance(argument, str | list | tuple | Mapping))
    _check_size(sizes[-1] * sizes[-2] if len(sizes) > 1 else 0, 10 * _LONGEST)
    for number in args[1:]:
        _check_size(number if isinstance(number, int) else 0, _LONGEST // 10)


def _bounded(function: Callable[..., Any], check: Callable[[tuple[Any, ...]], None]) -> Callable[..., Any]:
    @wraps(function)
    def checked(*args: Any, **keywords: Any) -> Any:
        check((*args, *keywords.values()))
        return function(*args, **keywords)

    return checked


def _sandbox() -> _Sandbox:
    made = _Sandbox(undefined=_Unknown)
    made.filters |= {name: _bounded(made.filters[name], _check_arguments) for name in _MULTIPLYING}
    made.filters["format"] = _bounded(made.filters["format"], lambda args: _check_widths(args[0]))
    for name in _BY_CHANCE:
        made.filters.pop(name, None)
        made.globals.pop(name, None)
    return made


_SANDBOX = _sandbox()


def evaluate(source: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression over `names`. Raises ExpressionError."""
    try:
        value = _compiled(source)(**names)
    except TemplateSyntaxError as error:
        raise ExpressionError(f"cannot be read: {error.message}") from None
    except SecurityError:
        hint = "only variables, operators and Jinja's own filters can be used"
        raise ExpressionError("uses something that is not allowed in a value", hint) from None
    except (MemoryError, RecursionError):
        raise ExpressionError("is too complex", "write a simpler expression") from None
    except (JinjaError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise ExpressionError(str(error), "check the value of the variable, and the filter") from None
    return value.refuse() if isinstance(value, _Unknown) else value


@lru_cache(maxsize=1024)
def _compiled(source: str) -> Callable[..., Any]:
    return _SANDBOX.compile_expression(source, undefined_to_none=False)
