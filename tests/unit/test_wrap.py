"""Breaks lines of a terminal at words."""

from __future__ import annotations

import pytest

from runnerops.report.wrap import shorten, wrap_at_words

SENTENCE = (
    "  blocked: new-volume: the cache starts empty on its new volume, and the old one stays where it is: cache_old"
)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 80, [""]),
        ("short", 80, ["short"]),
        (
            SENTENCE,
            60,
            [
                "  blocked: new-volume: the cache starts empty on its new",
                "      volume, and the old one stays where it is: cache_old",
            ],
        ),
        (
            "  FAIL     http://172.17.0.1:5000 does not answer in time",
            44,
            ["  FAIL     http://172.17.0.1:5000 does not", "           answer in time"],
        ),
        ("hint: /a/path/that/is/longer/than/the/terminal", 40, ["hint:", "    /a/path/that/is/longer/than/the/terminal"]),
        ("a b", 1, ["a b"]),
    ],
)  # fmt: skip
def test_long_lines_are_broken_at_words(text: str, width: int, lines: list[str]) -> None:
    assert wrap_at_words(text, width) == lines


def test_lines_of_a_paragraph_begin_alike() -> None:
    assert wrap_at_words(f"{'a' * 30} {'b' * 30}", 40, hanging=False) == ["a" * 30, "b" * 30]
    assert wrap_at_words(f"  {'a' * 30} {'b' * 30}", 40, hanging=False) == [f"  {'a' * 30}", f"  {'b' * 30}"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("", ""), ("restart it", "restart it"), ("wait until gitlab-runner has loaded it", "wait until gitlab-runner has…")],
)  # fmt: skip
def test_what_stands_beside_a_bar_ends_with_a_word(text: str, shown: str) -> None:
    assert shorten(text, 32) == shown
