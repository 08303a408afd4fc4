"""Which known key a misspelt one is said to be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from runnerops.parsing.near import did_you_mean, part_of, question, similar_names
from runnerops.services.docker.schema import KEYS
from runnerops.services.docker.schema.nested import SHAPES, Shape
from runnerops.services.gitlab_runner.schema import TABLES
from runnerops.services.registry.schema import CONFIG

NAMES = ("config_exec_timeout", "cpus", "gpus", "tls-verify", "tls_cert", "BucketName", "proxies", "id")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("cnofig_exec_timeout", ("config_exec_timeout",)),
        ("config_exec_time_out", ("config_exec_timeout",)),
        ("run_exec_timeout", ()),
        ("pus", ("cpus", "gpus")),
        ("cpuss", ("cpus",)),
        ("tls_verify", ("tls-verify",)),
        ("bucket_name", ("BucketName",)),
        ("proxy", ("proxies",)),
        ("pillow", ()),
        ("", ()),
        ("d", ("id",)),
        ("o", ()),
    ],
)
def test_the_nearest_name_is_suggested(word: str, expected: tuple[str, ...]) -> None:
    assert similar_names(word, NAMES, 0.6) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("shm_size", ("default-shm-size",)),
        ("userns", ("userns-remap",)),
        ("mirror-registries", ("registry-mirrors",)),
        ("size", ()),  # one word of three
        ("log", ()),  # of several
        ("remap", ()),  # the end of a name
        ("", ()),
    ],
)
def test_a_part_of_a_name_stands_for_it(word: str, expected: tuple[str, ...]) -> None:
    assert part_of(word, KEYS) == expected


def test_two_names_are_asked_for_in_one_question() -> None:
    assert question(("cpus", "gpus")) == "did you mean 'cpus' or 'gpus'?"


def test_a_value_may_differ_in_a_whole_word() -> None:
    assert similar_names("json-log", ("json-file", "gelf"), 0.65) == ()
    assert did_you_mean("json-log", ("json-file", "gelf"), 0.65) == ", did you mean 'json-file'?"
    assert did_you_mean("pillow", ("json-file", "gelf")) == ""


def slips(name: str) -> Iterator[str]:
    """A letter too few, one too many, and two in the wrong order."""
    middle = len(name) // 2
    yield name[:middle] + name[middle + 1 :]
    yield name[:middle] + name[middle:][:1] + name[middle:]
    yield name[: middle - 1] + name[middle] + name[middle - 1] + name[middle + 1 :]


def shapes(shape: Shape) -> Iterator[Mapping[str, Any]]:
    """Every mapping of fixed keys in a shape."""
    if isinstance(shape, dict) and "*" not in shape:
        yield shape
    for inner in shape.values() if isinstance(shape, dict) else shape if isinstance(shape, list) else ():
        yield from shapes(inner)


@pytest.mark.parametrize(
    "names",
    [*TABLES.values(), KEYS, *(inner for shape in [*SHAPES.values(), CONFIG] for inner in shapes(shape))],
    ids=lambda names: " ".join(names)[:30],
)
def test_a_slip_in_any_key_of_any_table_names_that_key(names: Iterable[str]) -> None:
    taken = {name.lower() for name in names}
    wrong = [
        (slip, similar)
        for name in names
        if len(name) > 1
        for slip in slips(name)
        if slip.lower() not in taken and name not in (similar := similar_names(slip, names, 0.8))
    ]
    assert wrong == []
