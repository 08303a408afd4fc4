"""Checks values against the types of the keys in `shape.py`. The checks are strict: no text becomes a number. Pure.

A type is Any, str, int, bool, a Literal, list[X], dict[str, X], a Shape, X | Y, or Annotated[X, …] with a Check, a
Before or a Hint. Every invalid value is reported, not only the first one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from runnerops.inventory.keys.checks import Refused
from runnerops.model.common import Key, Secret

Kind: TypeAlias = Any
"""A type, as in an annotation."""
S = TypeVar("S", bound="Shape")


class Check(NamedTuple):
    """Runs after a value has its type. Returns the value to keep, or raises Refused."""

    ask: Callable[[Any], object]


class Before(NamedTuple):
    """Runs first. Returns the value that must have the type, or raises Refused."""

    ask: Callable[[Any], object]


class Hint(NamedTuple):
    """The fix if a value is none of a Literal's."""

    text: str


class Wrong(NamedTuple):
    """What is wrong with the value at a key, and the fix."""

    key: Key
    text: str
    hint: str


class UnknownKey(NamedTuple):
    """A key that a shape does not have. `known_keys` are the keys that it has."""

    key: Key
    known_keys: tuple[str, ...]
    shape: Kind


Found: TypeAlias = "list[Wrong | UnknownKey]"
Reader: TypeAlias = Callable[[Any, Key, Found], Any]
"""Returns the value to keep, and notes what is wrong. If anything was noted, the result must not be used."""


class Shape:
    """Our keys as annotated attributes. A key that is not given has the value in the class; without one it is required.

    A trailing underscore is not part of the key (`for_`). `further`: any other key belongs to the managed system, and
    goes into `other_keys`.
    """

    other_keys: dict[str, Any]
    _further = False

    def __init_subclass__(cls, *, further: bool = False) -> None:
        cls._further = further

    def __init__(self, attributes: Mapping[str, Any], other_keys: dict[str, Any]) -> None:
        self.__dict__.update(attributes, other_keys=other_keys)

    def given_keys(self) -> dict[str, Any]:
        """The keys that are not null."""
        return {name: value for name, value in vars(self).items() if name != "other_keys" and value is not None}

    @classmethod
    def takes_further(cls) -> bool:
        """Whether other keys belong to the managed system."""
        return cls._further


def kinds_of(shape: Kind) -> Mapping[str, Kind]:
    """The attributes of a shape that are keys, with their types. Those of base classes come first."""
    hints = get_type_hints(shape, include_extras=True)
    return {name: kind for name, kind in hints.items() if name != "other_keys"}


def key_of(name: str) -> str:
    """The key that an attribute stands for."""
    return name.removesuffix("_")


def read(shape: type[S], value: object, complaints: Found) -> S:
    """The value as a shape. It must only be used if there are no complaints."""
    kind: Kind = shape
    result: S = _shape(kind)(value, (), complaints)
    return result


def options_of(kind: Kind) -> tuple[Kind, ...]:
    """The types of X | Y; a type that is not a union is its only option."""
    origin: Any = get_origin(kind)
    return get_args(kind) if origin in (UnionType, Union) else (kind,)


def _reader(kind: Kind) -> Reader:
    if make := _MAKERS.get(get_origin(kind)):
        return make(*get_args(kind))
    if kind is Any:
        return lambda value, _key, _found: value
    if issubclass(kind, Shape):  # its types are only looked at if the inventory has one
        return partial(_read_shape, kind)
    return _plain((kind,))


_WORDS: Mapping[tuple[type, ...], tuple[str, str]] = {
    (str,): ("must be text", "write one text, not a list or mapping"),
    (int,): ("must be a whole number", "for example 3, without quotes"),
    (bool,): ("must be true or false", "in YAML 1.2 `yes`, `no`, `on` and `off` are text"),
    (int, str): ("must be a whole number or text", "write one value, not a list or mapping"),
    (list,): ("must be a list", "write [ONE, TWO], or one `- ` a line"),
    (dict,): ("must be a mapping", "write {KEY: VALUE}, or one `KEY: VALUE` a line"),
}


def _is_a(types: tuple[type, ...], value: object) -> bool:
    return isinstance(value, types) and (not isinstance(value, bool) or bool in types)


def _mistyped(types: tuple[type, ...], value: object, key: Key) -> Wrong:
    if isinstance(value, Secret):
        return Wrong(
            key, "cannot come from a secret tag", "write it in clear text: secrets are for keys of the managed systems"
        )
    if types == (str,) and isinstance(value, int | float):
        return Wrong(key, "must be text", "put it in quotes if it is meant as text")
    text, hint = _WORDS[types]
    if types == (dict,) and isinstance(value, list) and any(isinstance(entry, dict) for entry in value):
        hint = "take out the hyphens: write one `KEY: VALUE` a line"
    elif types == (list,) and isinstance(value, str):
        hint = f"write [{value}]"
    elif types == (list,) and isinstance(value, dict):
        hint = "write a hyphen before the first key of each entry"
    elif types == (int,) and isinstance(value, str) and value.isdecimal():
        hint = f"write {value}, without quotes"
    return Wrong(key, text, hint)


def _read_shape(kind: Kind, value: Any, key: Key, complaints: Found) -> Any:
    return _shape(kind)(value, key, complaints)


def _plain(types: tuple[type, ...]) -> Reader:
    def reads(value: Any, key: Key, complaints: Found) -> Any:
        if not _is_a(types, value):
            complaints.append(_mistyped(types, value, key))
        return value

    return reads


def _union(*kinds: Kind) -> Reader:
    value_kinds = tuple(kind for kind in kinds if kind is not NoneType)
    inner = _reader(value_kinds[0]) if len(value_kinds) == 1 else _plain(value_kinds)
    if value_kinds == kinds:
        return inner
    return lambda value, key, complaints: None if value is None else inner(value, key, complaints)


def _literal(*words: str, hint: str = "") -> Reader:
    choices = " or ".join(map(repr, words))

    def reads(value: Any, key: Key, complaints: Found) -> Any:
        if value not in words:
            complaints.append(Wrong(key, f"must be {choices}", hint))
        return value

    return reads


def _annotated(kind: Kind, *notes: Check | Before | Hint) -> Reader:
    hint = next((note.text for note in notes if isinstance(note, Hint)), "")
    inner = _literal(*get_args(kind), hint=hint) if hint else _reader(kind)
    before = [note.ask for note in notes if isinstance(note, Before)]
    after = [note.ask for note in notes if isinstance(note, Check)]

    def reads(value: Any, key: Key, complaints: Found) -> Any:
        count = len(complaints)
        try:
            for ask in before:
                value = ask(value)
            value = inner(value, key, complaints)
            if len(complaints) == count:
                for ask in after:
                    value = ask(value)
        except Refused as refused:
            complaints.append(Wrong(key, refused.text, refused.hint))
        return value

    return reads


def _list(kind: Kind) -> Reader:
    item = _reader(kind)

    def reads(value: Any, key: Key, complaints: Found) -> Any:
        if not isinstance(value, list):
            complaints.append(_mistyped((list,), value, key))
            return value
        return [item(entry, (*key, index), complaints) for index, entry in enumerate(value)]

    return reads


def _dict(key_kind: Kind, kind: Kind) -> Reader:
    name, item = _reader(key_kind), _reader(kind)

    def reads(value: Any, key: Key, complaints: Found) -> Any:
        if not isinstance(value, dict):
            complaints.append(_mistyped((dict,), value, key))
            return value
        return {
            name(word, (*key, word), complaints): item(content, (*key, word), complaints)
            for word, content in value.items()
        }

    return reads


@cache
def _shape(shape: Kind) -> Reader:
    readers = [(name, key_of(name), _reader(kind)) for name, kind in kinds_of(shape).items()]
    known_keys = tuple(key for _, key, _ in readers)

    def reads(value: Any, key: Key, complaints: Found) -> Any:
        if not isinstance(value, dict):
            wrong = _mistyped((dict,), value, key)
            few = known_keys if len(known_keys) <= _FEW and not shape.takes_further() else ()
            is_scalar = not isinstance(value, list | Secret)
            hint = f"write its keys below it: {', '.join(few)}" if few and is_scalar else wrong.hint
            complaints.append(Wrong(key, wrong.text, hint))
            return value
        attributes = {}
        for name, word, reader in readers:
            if word in value:
                attributes[name] = reader(value[word], (*key, word), complaints)
            elif not hasattr(shape, name):
                hint = "every inventory needs `hosts`, and every runner a `name`, by which it is merged"
                complaints.append(Wrong((*key, word), "is missing", hint))
        further = {word: item for word, item in value.items() if word not in known_keys}
        if not shape.takes_further():
            complaints.extend(UnknownKey((*key, word), known_keys, shape) for word in further)
        return shape(attributes, further)

    return reads


_FEW = 6
"""How many keys a hint names at most."""

_MAKERS: Mapping[Any, Callable[..., Reader]] = {
    Annotated: _annotated,
    Literal: _literal,
    UnionType: _union,
    Union: _union,
    list: _list,
    dict: _dict,
}
