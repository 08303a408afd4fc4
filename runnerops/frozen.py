"""Dataclasses with slots, made in a sixth of the time that `dataclass` takes. Pure.

A command makes some 150 of them as it starts. Python 3.11 and 3.12 compile six methods of each from texts; here `__init__`
alone is compiled, once a few values were made, and the others are the same functions for all. `fields`, `replace`, `asdict`
and `match` take them as any dataclass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from functools import partial
from inspect import get_annotations
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

C = TypeVar("C", bound=type)
_FEW = 4
"""This number of values of a class is made before its `__init__` is compiled, which takes as long as making a hundred.
Most classes have fewer in a command for one host.
"""


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: C) -> C:
    """Like `dataclass(frozen=True, slots=True)`. Bases that are dataclasses must be made with this function too."""
    return _rebuilt(cls, {"__setattr__": _refuse, "__delattr__": _refuse})


@dataclass_transform(field_specifiers=(field,))
def mutable(cls: C) -> C:
    """Like `dataclass(slots=True)`: fields can be set. Bases that are dataclasses must be made with this function too."""
    return _rebuilt(cls, {"__hash__": None})


def _rebuilt(cls: C, methods: Mapping[str, Any]) -> C:
    """The class with slots, with the methods that both kinds share, and `methods`."""
    every = _fields(cls)
    inherited = {name for base in cls.__mro__[1:] for name in getattr(base, "__slots__", ())}
    left_out = {"__dict__", "__weakref__", *(member.name for member in every)}
    values = _getter([member.name for member in every if member.compare])
    members = {
        "__eq__": _eq(values),
        "__hash__": lambda self: hash(values(self)),
        "__repr__": _repr,
        **{name: value for name, value in vars(cls).items() if name not in left_out},
        "__slots__": tuple(member.name for member in every if member.name not in inherited),
        "__init__": _Init(every, post=hasattr(cls, "__post_init__")),
        "__getstate__": _state,
        "__setstate__": _set_state,
        **methods,
    }
    slotted: C = type(cls)(cls.__name__, cls.__bases__, members)
    slotted.__qualname__ = cls.__qualname__
    return slotted


def _fields(cls: type) -> Sequence[Field[Any]]:
    """The fields, as `dataclass` finds them, without two slow steps: searching the text of each type for ClassVar takes
    half of its time, and writing a docstring for a class without one takes longer than all the rest.
    """
    texts, docstring = get_annotations(cls), cls.__doc__
    cls.__annotations__ = {name: text if _is_special(text) else object for name, text in texts.items()}
    cls.__doc__ = docstring or cls.__name__
    every = fields(dataclass(init=False, repr=False, eq=False)(cls))
    cls.__annotations__, cls.__doc__ = texts, docstring
    for member in every:
        member.type = texts.get(member.name, member.type)
    return every


def _is_special(text: object) -> bool:
    """Whether an annotation may be more than a type (ClassVar, InitVar). `dataclass` itself handles one that is not
    text.
    """
    return not isinstance(text, str) or any(word in text for word in ("ClassVar", "InitVar", "KW_ONLY"))


class _Init:
    """Stands in for the `__init__` of a class until a few values were made, or until somebody reads that attribute. If
    several threads compile it at the same time, the results are equal.
    """

    def __init__(self, every: Sequence[Field[Any]], *, post: bool) -> None:
        """A field without an argument or default is left to `__post_init__`."""
        self._every = [member for member in every if member.init or not _is_required(member)]
        self._post = post
        self._left = _FEW

    def __set_name__(self, owner: Any, name: str) -> None:
        self._owner = owner

    def __get__(self, instance: object, kind: type) -> Any:
        if instance is None or not self._left:
            return self._compiled().__get__(instance, kind)
        self._left -= 1
        return partial(self._fill, instance)

    def _compiled(self) -> Callable[..., None]:
        self._owner.__init__ = made = _init(self._every, post=self._post)
        return made

    def _fill(self, instance: Any, /, *args: Any, **keywords: Any) -> None:
        """Does what the compiled `__init__` does. If the arguments are wrong, the compiled one is called, because its
        message says what is wrong.
        """
        usual = {each.name: each for each in self._every if each.init}
        arguments = {**dict(zip(usual, args, strict=False)), **keywords}
        wrong = len(arguments) < len(args) + len(keywords) or not arguments.keys() <= usual.keys()
        if wrong or any(name not in arguments and _is_required(each) for name, each in usual.items()):
            self._compiled()(instance, *args, **keywords)
            return
        for each in self._every:
            if each.name in arguments:
                value = arguments[each.name]
            else:
                value = each.default if each.default_factory is MISSING else each.default_factory()
            object.__setattr__(instance, each.name, value)
        if self._post:
            instance.__post_init__()


def _is_required(member: Field[Any]) -> bool:
    return member.default is MISSING and member.default_factory is MISSING


def _init(every: Sequence[Field[Any]], *, post: bool) -> Callable[..., None]:
    namespace: dict[str, Any] = {"_set": object.__setattr__, "_missing": MISSING}
    words, lines = ["self"], []
    for member in every:
        name = value = member.name
        if member.default is not MISSING:
            namespace[f"_default_{name}"] = member.default
            word = f"{name}=_default_{name}"
        elif member.default_factory is not MISSING:
            namespace[f"_make_{name}"] = member.default_factory
            word, value = f"{name}=_missing", f"_make_{name}() if {name} is _missing else {name}"
        else:
            word = name
        if member.init:
            words.append(word)
        else:
            value = f"_make_{name}()" if member.default is MISSING else f"_default_{name}"
        lines.append(f" _set(self, {name!r}, {value})")
    lines.append(" self.__post_init__()" if post else " pass")
    exec(f"def __init__({', '.join(words)}):\n" + "\n".join(lines), namespace)  # noqa: S102  names of fields alone, as `dataclass` does
    made: Callable[..., None] = namespace["__init__"]
    return made


def _getter(names: Sequence[str]) -> Callable[[Any], tuple[object, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda item: tuple(getattr(item, name) for name in names)


def _eq(values: Callable[[Any], tuple[object, ...]]) -> Callable[[Any, Any], bool]:
    def equal(self: Any, other: Any) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return equal


def _repr(self: Any) -> str:
    words = [f"{member.name}={getattr(self, member.name)!r}" for member in fields(self) if member.repr]
    return f"{self.__class__.__qualname__}({', '.join(words)})"


def _refuse(self: Any, name: str, *_value: object) -> None:
    raise FrozenInstanceError(f"cannot change field {name!r} of a {self.__class__.__qualname__}")


def _state(self: Any) -> list[object]:
    return [getattr(self, member.name) for member in fields(self)]


def _set_state(self: Any, state: Sequence[object]) -> None:
    for member, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, member.name, value)
