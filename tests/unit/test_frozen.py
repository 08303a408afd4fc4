"""What `frozen` makes behaves like a frozen dataclass with slots."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field
from typing import Any, ClassVar

import pytest

from runnerops.frozen import frozen, mutable


@frozen
class Point:
    """A place."""

    KIND: ClassVar[str] = "point"
    x: int
    y: int = 0
    tags: tuple[str, ...] = ()
    more: list[int] = field(default_factory=list, repr=False)
    _kept: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def sum(self) -> int:
        return self.x + self.y


@frozen
class Named(Point):
    """A place with a name."""

    name: str = ""

    def __repr__(self) -> str:
        return self.name


@frozen
class One:
    """One field."""

    x: object


@frozen
class Empty:
    """None."""


@frozen
class Checked:
    """Looks at itself."""

    x: int

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("negative")


def as_dataclass(decorator: Callable[[type], type]) -> Any:
    @decorator
    class Same:
        """A place."""

        x: int
        y: int = 0
        tags: tuple[str, ...] = ()
        more: list[int] = field(default_factory=list, repr=False)
        _kept: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)

    return Same


def test_a_frozen_class_equals_one_of_dataclass() -> None:
    ours, theirs = as_dataclass(frozen), as_dataclass(dataclass(frozen=True, slots=True))
    one, other = ours(1, tags=("a",)), theirs(1, tags=("a",))
    assert repr(one) == repr(other)
    assert dataclasses.asdict(one) == dataclasses.asdict(other)
    assert ours.__slots__ == theirs.__slots__
    assert ours.__match_args__ == theirs.__match_args__
    assert ours.__doc__ == theirs.__doc__
    assert ours.__qualname__ == theirs.__qualname__
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)
    assert not hasattr(one, "__dict__")
    for made in (ours, theirs):
        with pytest.raises(TypeError):
            made()
        with pytest.raises(TypeError):
            made(1, _kept={})


def test_instances_are_equal_by_value_and_class() -> None:
    assert Point(1) == Point(1, 0)
    assert Point(1) != Point(2)
    assert Point(1) != Named(1)
    assert Point(1) != object()
    assert Point(1, more=[1]) != Point(1)
    assert One("ab") == One("ab")
    assert One(1) != One(2)
    assert Empty() == Empty()
    nan = float("nan")
    assert One(nan) == One(nan)
    assert len({One(1), One(1), One(2), Empty(), Empty()}) == 3
    with pytest.raises(TypeError):
        hash(Point(1))  # a list in it


def test_an_instance_cannot_be_changed() -> None:
    point: Any = Point(1)
    with pytest.raises(FrozenInstanceError):
        point.x = 2
    with pytest.raises(FrozenInstanceError):
        del point.x
    with pytest.raises(FrozenInstanceError):
        point.z = 2
    point._kept["a"] = 1
    assert point == Point(1)
    assert Point(1)._kept == {}


def test_instances_can_be_replaced_copied_and_matched() -> None:
    point = dataclasses.replace(Point(1, 2, more=[3]), y=5)
    assert point == Point(1, 5, more=[3])
    assert copy.deepcopy(point) == point
    assert pickle.loads(pickle.dumps(Named(1, name="n"))) == Named(1, name="n")
    match point:
        case Point(x, y):
            assert (x, y, point.sum) == (1, 5, 6)


def test_a_frozen_class_can_be_inherited() -> None:
    named = Named(1, name="n")
    assert (named.x, named.sum, repr(named), named.KIND) == (1, 1, "n", "point")
    assert Named.__slots__ == ("name",)  # type: ignore[attr-defined]
    assert [one.name for one in dataclasses.fields(Named)] == ["x", "y", "tags", "more", "_kept", "name"]


def test_post_init_can_check_the_values() -> None:
    assert Checked(1).x == 1
    with pytest.raises(ValueError, match="negative"):
        Checked(-1)


@pytest.mark.parametrize("decorator", [frozen, dataclass(frozen=True, slots=True)])
def test_the_first_and_the_later_values_are_made_alike(decorator: Any) -> None:
    made = as_dataclass(decorator)
    wrong: list[tuple[tuple[int, ...], dict[str, Any]]] = [
        ((), {}),
        ((1, 2, 3, 4, 5), {}),
        ((1,), {"x": 1}),
        ((1,), {"z": 1}),
        ((), {"y": 1}),
        ((1,), {"_kept": {}}),
    ]
    for args, named in wrong:
        with pytest.raises(TypeError, match=r"__init__\(\)"):
            as_dataclass(decorator)(*args, **named)
    values = [made(1, tags=("a",)) for _ in range(9)]
    assert len({repr(value) for value in values}) == 1
    assert len({id(value.more) for value in values}) == 9


def test_a_mutable_one_is_what_dataclass_makes() -> None:
    @mutable
    class Ours:
        x: int
        y: list[int] = field(default_factory=list)
        z: str = field(init=False)

        def __post_init__(self) -> None:
            self.z = str(self.x)

    one = Ours(1)
    assert (one.x, one.y, one.z, Ours.__doc__) == (1, [], "1", None)
    one.x = 2
    assert one != Ours(1)
    assert copy.copy(one) == one
    assert not hasattr(one, "__dict__")
    with pytest.raises(TypeError):
        hash(one)
