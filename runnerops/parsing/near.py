"""Finds the known name that a misspelt word was probably meant to be. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache

_ALIKE = 0.6
"""How similar a name must be, from 0 to 1, if the caller does not say."""

_ALIKE_WORD = 0.6
"""How similar each word of a name must be to its counterpart, from 0 to 1. So `config_exec_timeout` is not suggested
for `run_exec_timeout`.
"""

_LONG = 4
"""How many letters a word must have to stand for a longer name."""


def similar_names(word: str, names: Iterable[str], alike: float = _ALIKE, *, by_word: bool = True) -> tuple[str, ...]:
    """The names that `word` was probably meant to be: none, one, or two that are equally near.

    A name with the same letters in another order comes first, then one with a letter more or less, then one that is at
    least as similar as `alike` (from 0 to 1). Upper and lower case, `_` and `-` do not count. `by_word`: each word of the
    name must be similar to its counterpart, which suits the names of keys.
    """
    plain = {name: _plain(name) for name in names}
    word_letters = _plain(word)
    longer = {name: len(letters) - len(word_letters) for name, letters in plain.items()}
    ordered = sorted(word_letters)
    if same := [name for name, letters in plain.items() if longer[name] == 0 and sorted(letters) == ordered]:
        return tuple(sorted(same, key=lambda name: plain[name] != word_letters)[:1])
    if word_letters:
        doubled = [name for name, letters in plain.items() if longer[name] == -1 and word_letters in _doubled(letters)]
        shortened = [
            name for name, letters in plain.items() if longer[name] == 1 and word_letters in _shortened(letters)
        ]
        if doubled or shortened:
            return (*doubled, *shortened)[:2]
    low_word = _low(word)
    low = {_low(name): name for name in plain if _may_be_alike(len(name), len(word), alike)}
    close = (
        match for match in get_close_matches(low_word, low, 3, alike) if not by_word or _word_by_word(low_word, match)
    )
    return tuple(low[match] for match in close)[:1]


def question(names: tuple[str, ...]) -> str:
    """The question of a message: `did you mean 'a' or 'b'?`."""
    return f"did you mean {' or '.join(repr(name) for name in names)}?"


def did_you_mean(word: str, names: Iterable[str], alike: float = _ALIKE) -> str:
    """The end of a message about an unknown word: `, did you mean 'a'?`, or nothing if no name is near."""
    suggestions = similar_names(word, names, alike, by_word=False)
    return f", {question(suggestions)}" if suggestions else ""


def near_fix(word: str, names: Iterable[str]) -> str:
    """What to write instead of an unknown word: `write a`; empty if no name is near."""
    return f"write {' or '.join(suggestions)}" if (suggestions := similar_names(word, names, by_word=False)) else ""


@lru_cache(maxsize=4096)
def _low(word: str) -> str:
    return word.lower().replace("-", "_")


def _may_be_alike(length: int, other_length: int, alike: float) -> bool:
    """Whether words of these lengths can be as similar as that: the ratio of difflib cannot be above this bound."""
    return 2 * min(length, other_length) >= alike * (length + other_length)


@lru_cache(maxsize=4096)
def _plain(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "")


def _doubled(name: str) -> Iterator[str]:
    return (name[: at + 1] + name[at:] for at in range(len(name)))


def _shortened(name: str) -> Iterator[str]:
    return (name[:at] + name[at + 1 :] for at in range(len(name)))


def _word_by_word(first: str, second: str) -> bool:
    """Whether each word is similar to its counterpart. Names with different numbers of words are not compared."""
    first_words, second_words = first.split("_"), second.split("_")
    pairs = zip(first_words, second_words, strict=True) if len(first_words) == len(second_words) else ()
    return all(SequenceMatcher(None, a, b).ratio() >= _ALIKE_WORD for a, b in pairs)


def part_of(word: str, names: Iterable[str]) -> tuple[str, ...]:
    """The one name that begins with all words of `word`, or mostly consists of them: `seccomp` begins
    `seccomp-profile`, and `mirror_registries` has the words of `registry-mirrors`. None if there are several.
    """
    stems = _stems(word)
    if not any(len(stem) >= _LONG for stem in stems):
        return ()
    equal_names = tuple(name for name in names if sorted(stems) == sorted(_stems(name)))
    matching = equal_names or tuple(name for name in names if _most_of(stems, _stems(name)))
    return matching if len(matching) == 1 else ()


def _most_of(stems: tuple[str, ...], name_stems: tuple[str, ...]) -> bool:
    begins = name_stems[: len(stems)] == stems and 2 * len(stems) >= len(name_stems)
    return begins or (set(stems) <= set(name_stems) and 2 * len(stems) > len(name_stems))


@lru_cache(maxsize=4096)
def _stems(word: str) -> tuple[str, ...]:
    """The words of a name, in the singular: those between `_`, `-` or before a capital letter."""
    parts = _low(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word)).split("_")
    return tuple(re.sub(r"ies$", "y", part).rstrip("s") for part in parts if part)
