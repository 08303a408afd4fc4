"""daemon.json as a document, and when two of them mean the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runnerops.model.common import Tree, key_text
from runnerops.services import DOCKER
from runnerops.services.base import ParseError, Service
from tests.unit.services.builders import daemon, host

SPEC = daemon({}).spec

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
TREES = st.dictionaries(st.text(max_size=5), JSON, max_size=4)


def test_the_package_implements_service() -> None:
    service: Service = DOCKER
    assert service.files(host()) == ()


@given(TREES)
def test_dump_and_parse_are_inverse(tree: Tree) -> None:
    assert DOCKER.parse(SPEC, DOCKER.dump(tree)) == tree
    assert DOCKER.dump(dict(reversed(tree.items()))) == DOCKER.dump(tree)


@pytest.mark.parametrize(
    "content", [b"", b" \n", b"{}", b"\xef\xbb\xbf{}", b"null", b" null\n", b"\x0c{}", b"{}\xc2\xa0"]
)
def test_which_texts_are_an_empty_document(content: bytes) -> None:
    assert DOCKER.parse(SPEC, content) == {}


@pytest.mark.parametrize(
    ("content", "line", "column", "problem"),
    [
        (b'{\n  "a": 1,\n}', 2, 9, "this comma before a closing bracket is one too many"),
        (b'{"a": "\xe4"}', 1, 8, "a character here is not UTF-8"),
        (b"[1]", 1, 1, "the file must be an object"),
        (b'{"a": NaN}', 1, 7, "this is not a JSON number"),
        (b'{"a": ' + b"1" * 5000 + b"}", 1, 7, "a number has too many digits"),
        (b'{"a":' + b"[" * 100_000, 1, 1, "it is nested too deep"),
    ],
)
def test_a_file_that_cannot_be_parsed_is_refused_with_its_place(
    content: bytes, line: int, column: int, problem: str
) -> None:
    with pytest.raises(ParseError) as caught:
        DOCKER.parse(SPEC, content)
    assert (caught.value.line, caught.value.column, caught.value.problem) == (line, column, problem)


def test_half_of_a_character_pair_is_read_as_go_reads_it() -> None:
    assert DOCKER.parse(SPEC, b'{"a": ["\\ud83d\\ude00 \\ud800"]}') == {"a": ["\U0001f600 \ufffd"]}


@pytest.mark.parametrize(
    ("old", "new", "differing"),
    [
        ({}, {"registry-mirrors": []}, ""),
        ({"live-restore": False, "debug": False}, {}, ""),
        ({"labels": [], "insecure-registries": []}, {"labels": None}, ""),
        ({"log-opts": {}}, {}, ""),
        ({"max-concurrent-downloads": 3}, {}, ""),
        ({"registry-mirrors": ["http://a:5000"]}, {"registry-mirrors": ["http://a:5000/", "http://a:5000"]}, ""),
        (
            {"registry-mirrors": ["http://a", "http://b"]},
            {"registry-mirrors": ["http://b", "http://a"]},
            "registry-mirrors",
        ),
        (
            {"log-opts": {"max-size": "10m", "tag": "x"}},
            {"log-opts": {"max-size": "20m", "tag": "x"}},
            "log-opts.max-size",
        ),
        ({"log-opts": {"tag": "x"}}, {"log-opts": {}}, "log-opts.tag"),
        ({"icc": False}, {}, "icc"),
        ({"mtu": 1}, {"mtu": True}, "mtu"),
        ({"debug": False}, {"debug": True}, "debug"),
    ],
)
def test_only_differences_of_meaning_are_key_changes(old: Tree, new: Tree, differing: str) -> None:
    assert ", ".join(key_text(key_change.key) for key_change in DOCKER.key_changes(SPEC, old, new)) == differing


@given(TREES)
def test_a_tree_has_no_differences_from_itself(tree: Tree) -> None:
    assert DOCKER.key_changes(SPEC, tree, tree) == ()
