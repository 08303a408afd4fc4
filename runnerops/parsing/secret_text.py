"""Texts that contain secrets, in the form that `!secret` accepts: `NPM_TOKEN={env:NPM_TOKEN}`. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias, get_args

from runnerops.parsing.near import similar_names
from runnerops.patterns import late_pattern

Source: TypeAlias = Literal["env", "file", "command"]
SOURCES: tuple[Source, ...] = get_args(Source)

_PART = late_pattern(r"\{(env|file|command):((?:[^{}]|\{host\})+)\}")
_LIKE_A_PART = late_pattern(r"\{([A-Za-z]+):[^\s{}\"][^{}\"]*\}")


def pieces(text: str) -> Iterator[str | tuple[Source, str]]:
    """The parts in order: plain texts, and secrets as pairs of source and argument."""
    at = 0
    for match in _PART.finditer(text):
        if match.start() > at:
            yield text[at : match.start()]
        yield next(source for source in SOURCES if source == match[1]), match[2].strip()
        at = match.end()
    if at < len(text):
        yield text[at:]


def with_arguments(text: str, change: Callable[[Source, str], str]) -> str:
    """The text with the argument of each secret replaced."""
    parts = (piece if isinstance(piece, str) else f"{{{piece[0]}:{change(*piece)}}}" for piece in pieces(text))
    return "".join(parts)


def misspelt(text: str) -> tuple[str, str] | None:
    """A part whose source is misspelt, and the source that is probably meant."""
    for match in _LIKE_A_PART.finditer(text):
        suggestions = similar_names(match[1], SOURCES)
        if match[1] not in SOURCES and suggestions:
            return match[1], suggestions[0]
    return None


def unclosed(text: str) -> str:
    """The source of a part that has no closing brace; empty if there is none."""
    plain_text = "".join(piece for piece in pieces(text) if isinstance(piece, str))
    return next((source for source in SOURCES if f"{{{source}:" in plain_text), "")
