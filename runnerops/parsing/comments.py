"""Comments of TOML and YAML files, by the key that they are about. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from runnerops.model.common import Key, SourceLocation
from runnerops.patterns import late_pattern

_OUTSIDE = late_pattern(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|(?:(?<=\s)|^)#.*')
"""Strings, and text outside of them. A comment begins after a space; YAML requires this."""
_LONG_QUOTES = ("'''", '"""')
_TOML_PART = late_pattern(r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*')


def comments_by_key(text: str, places: Mapping[Key, SourceLocation]) -> dict[Key, tuple[str, ...]]:
    """The comments directly above each key and at the end of its line, without `#`. `places` has the places in this
    text.
    """
    lines = text.splitlines()
    by_key: dict[Key, tuple[str, ...]] = {}
    for key, number in _commented(lines, places):
        if comments := (*reversed([line for _, line in _above(lines, number)]), *_behind(lines[number - 1])):
            by_key[key] = comments
    return by_key


def lines_left_over(text: str, places: Mapping[Key, SourceLocation], kept_keys: Collection[Key]) -> tuple[int, ...]:
    """The numbers of lines with comments in a TOML file that belong to none of these keys."""
    lines = text.splitlines()
    kept_lines: set[int] = set()
    for key, number in _commented(lines, places):
        if key in kept_keys:
            kept_lines |= {number, *(above for above, _ in _above(lines, number))}
    return tuple(number for number in _with_comments(lines) if number not in kept_lines)


def _commented(lines: Sequence[str], places: Mapping[Key, SourceLocation]) -> Iterator[tuple[Key, int]]:
    """The key to which a comment on, or above, each line belongs, with the number of the line."""
    keys: dict[int, list[Key]] = {}
    for key, place in places.items():
        keys.setdefault(place.line, []).append(key)
    for number, line_keys in keys.items():
        table = lines[number - 1].lstrip().startswith("[")
        yield (max if table else min)(line_keys, key=len), number


def _above(lines: Sequence[str], number: int) -> Iterator[tuple[int, str]]:
    """The lines of comments above a line, the nearest first, with their numbers. A line that ends a multi-line string
    is no comment.
    """
    for above in range(number - 1, 0, -1):
        text = lines[above - 1].strip()
        if not text.startswith("#") or "'''" in text or '"""' in text:
            return
        yield above, _bare(text)


def _with_comments(lines: Sequence[str]) -> Iterator[int]:
    """The numbers of lines that contain a comment outside of strings, in a TOML file."""
    inside = ""
    for number, line in enumerate(lines, 1):
        comment, inside = _end_of(line, inside)
        if comment.strip("# \t"):
            yield number


def _end_of(line: str, inside: str) -> tuple[str, str]:
    """The comment at the end of a line, and the quotes of a multi-line string that is still open after it. `inside`:
    the quotes that are open before it.
    """
    at = 0
    while True:
        if inside:
            end = line.find(inside, at)
            if end < 0:
                return "", inside
            at, inside = end + len(inside), ""
        match = _TOML_PART.search(line, at)
        if match is None or match[0].startswith("#"):
            return match[0] if match else "", ""
        at, inside = match.end(), match[0] if match[0] in _LONG_QUOTES else ""


def _behind(line: str) -> Iterator[str]:
    if "'''" in line or '"""' in line:
        return
    for match in _OUTSIDE.finditer(line):
        if match[0].startswith("#") and line[: match.start()].strip():
            yield _bare(match[0])


def _bare(text: str) -> str:
    return text.lstrip("#").strip()
