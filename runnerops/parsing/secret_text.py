"""A text with secrets in it, as `!secret` takes one: `NPM_TOKEN={env:NPM_TOKEN}`. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias, get_args

from runnerops.parsing.near import near
from runnerops.patterns import late_pattern

Source: TypeAlias = Literal["env", "file", "command"]
SOURCES: tuple[Source, ...] = get_args(Source)

_PART = late_pattern(r"\{(env|file|command):((?:[^{}]|\{host\})+)\}")
_LIKE_A_PART = late_pattern(r"\{([A-Za-z]+):[^\s{}\"][^{}\"]*\}")


def pieces(text: str) -> Iterator[str | tuple[Source, str]]:
    """The text's parts in order: texts that stay, and secrets as source and argument."""
    at = 0
    for found in _PART.finditer(text):
        if found.start() > at:
            yield text[at : found.start()]
        yield next(source for source in SOURCES if source == found[1]), found[2].strip()
        at = found.end()
    if at < len(text):
        yield text[at:]


def with_arguments(text: str, change: Callable[[Source, str], str]) -> str:
    """The text with the argument of each secret changed."""
    parts = (one if isinstance(one, str) else f"{{{one[0]}:{change(*one)}}}" for one in pieces(text))
    return "".join(parts)


def misspelt(text: str) -> tuple[str, str] | None:
    """A part that is nearly one, and the source that it nearly names."""
    for found in _LIKE_A_PART.finditer(text):
        meant = near(found[1], SOURCES)
        if found[1] not in SOURCES and meant:
            return found[1], meant[0]
    return None


def unclosed(text: str) -> str:
    """The source of a part that is begun, and is none; empty: there is no such."""
    rest = "".join(one for one in pieces(text) if isinstance(one, str))
    return next((source for source in SOURCES if f"{{{source}:" in rest), "")
