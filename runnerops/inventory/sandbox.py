"""Evaluates one expression of the inventory with Jinja, in its sandbox. Imported only where there is one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError
from jinja2.exceptions import SecurityError
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from runnerops.inventory.problems import NAMES, ExpressionError, did_you_mean


class _Unknown(StrictUndefined):
    """A name that is not there, told with those that are as soon as its value is used."""

    __slots__ = ()

    def tell(self, *_: Any, **__: Any) -> Any:
        """Raises ExpressionError."""
        name, around = str(self._undefined_name), self._undefined_obj
        if around is missing:
            near = did_you_mean(name, NAMES)
            raise ExpressionError(f"there is no {name!r}{near}", f"an expression sees {' and '.join(NAMES)}")
        known = [str(key) for key in around] if isinstance(around, Mapping) else []
        hint = f"known here: {', '.join(sorted(known)) or 'nothing'}; `| default(…)` gives a value of its own"
        raise ExpressionError(f"there is no {name!r}{did_you_mean(name, known)}", hint)

    __str__ = __iter__ = __len__ = __bool__ = __eq__ = __ne__ = __hash__ = __contains__ = tell
    __add__ = __radd__ = __getitem__ = __call__ = __int__ = __float__ = __lt__ = __gt__ = __le__ = __ge__ = tell
    __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __floordiv__ = __mod__ = __neg__ = tell

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.tell()


_SANDBOX = ImmutableSandboxedEnvironment(undefined=_Unknown)


def evaluate(source: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression over `names`. Raises ExpressionError."""
    try:
        value = _compiled(source)(**names)
    except TemplateSyntaxError as error:
        raise ExpressionError(f"cannot be read: {error.message}") from None
    except SecurityError:
        hint = "only variables, operators and Jinja's own filters can be used"
        raise ExpressionError("reaches for what no value needs", hint) from None
    except (JinjaError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise ExpressionError(str(error), "look at the variable's value, and at the filter") from None
    return value.tell() if isinstance(value, _Unknown) else value


@lru_cache(maxsize=1024)
def _compiled(source: str) -> Callable[..., Any]:
    return _SANDBOX.compile_expression(source, undefined_to_none=False)
