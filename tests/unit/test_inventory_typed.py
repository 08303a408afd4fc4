"""Checks values against annotated types: what is kept, what is wrong, and where."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest

from runnerops.inventory.keys.checks import Refused
from runnerops.inventory.keys.typed import Before, Check, Found, Hint, Shape, UnknownKey, Wrong, read
from runnerops.model.common import Secret, SourceLocation


def even(number: int) -> int:
    if number % 2:
        raise Refused("is odd", "double it")
    return number // 2


def mapping(value: object) -> object:
    return {} if value is True else value


class Inner(Shape, further=True):
    word: str


class Outer(Shape):
    text: str | None = None
    number: Annotated[int, Check(even)] | None = None
    flag: bool | None = None
    either: Annotated[int | str, Check(lambda value: value)] | None = None
    one: Annotated[Literal["a", "b"], Hint("take one")] | None = None
    many: list[Annotated[int, Check(even)]] | None = None
    named: dict[Annotated[str, Check(lambda word: word.upper())], Any] | None = None
    inner: Annotated[Inner | None, Before(mapping)] = None
    for_: list[str] | None = None


class Late(Outer):
    last: str | None = None


SECRET = Secret("env", "X", SourceLocation("f", 1, 1))


def complaints_about(value: object) -> Found:
    notes: Found = []
    read(Outer, value, notes)
    return notes


@pytest.mark.parametrize(
    ("value", "key", "text"),
    [
        ("text", (), "must be a mapping"),
        ({"text": 5}, ("text",), "must be text"),
        ({"text": True}, ("text",), "must be text"),
        ({"text": []}, ("text",), "must be text"),
        ({"text": SECRET}, ("text",), "cannot come from a secret tag"),
        ({"number": "4"}, ("number",), "must be a whole number"),
        ({"number": True}, ("number",), "must be a whole number"),
        ({"number": 4.0}, ("number",), "must be a whole number"),
        ({"number": 3}, ("number",), "is odd"),
        ({"flag": 1}, ("flag",), "must be true or false"),
        ({"either": 1.5}, ("either",), "must be a whole number or text"),
        ({"either": True}, ("either",), "must be a whole number or text"),
        ({"one": "c"}, ("one",), "must be 'a' or 'b'"),
        ({"one": []}, ("one",), "must be 'a' or 'b'"),
        ({"many": {}}, ("many",), "must be a list"),
        ({"many": [2, None]}, ("many", 1), "must be a whole number"),
        ({"many": [2, 3]}, ("many", 1), "is odd"),
        ({"named": []}, ("named",), "must be a mapping"),
        ({"inner": False}, ("inner",), "must be a mapping"),
        ({"inner": True}, ("inner", "word"), "is missing"),
        ({"inner": {"word": None}}, ("inner", "word"), "must be text"),
    ],
)
def test_a_value_of_another_type_is_reported_with_its_key(value: object, key: tuple[str | int, ...], text: str) -> None:
    (complaint,) = complaints_about(value)
    assert isinstance(complaint, Wrong)
    assert (complaint.key, complaint.text) == (key, text)
    assert complaint.hint


def test_a_key_that_no_shape_has_is_reported_with_those_it_has() -> None:
    (complaint,) = complaints_about({"texts": 1})
    assert isinstance(complaint, UnknownKey)
    assert complaint.key == ("texts",)
    assert complaint.known_keys == ("text", "number", "flag", "either", "one", "many", "named", "inner", "for")


def test_everything_that_is_wrong_is_reported() -> None:
    assert len(complaints_about({"text": 1, "number": 1, "many": [1, "x"], "inner": {}, "x": 1})) == 6


def test_given_values_are_kept() -> None:
    notes: Found = []
    value = {
        "text": "t",
        "number": 8,
        "many": [2],
        "named": {"a": SECRET},
        "inner": {"word": "w", "more": 1},
        "for": ["x"],
    }
    kept = read(Late, {**value, "flag": None}, notes)
    assert notes == []
    assert (kept.text, kept.number, kept.flag, kept.many, kept.for_) == ("t", 4, None, [1], ["x"])
    assert kept.named == {"A": SECRET}
    assert kept.inner
    assert (kept.inner.word, kept.inner.other_keys) == ("w", {"more": 1})
    assert set(kept.given_keys()) == {"text", "number", "many", "named", "inner", "for_"}
    assert (kept.one, kept.last) == (None, None)
