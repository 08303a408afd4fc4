"""Which hosts the first field of a known_hosts line applies to. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence

_CHARACTERS = {"*": ".*", "?": "."}
_SSH_PORT = 22


def split_line(line: str) -> tuple[str, list[str]]:
    """The `@marker` and the other words of a known_hosts line; no words for a comment."""
    words = line.split()
    if not words or words[0].startswith("#"):
        return "", []
    return (words[0], words[1:]) if words[0].startswith("@") else ("", words)


def lookup_name(address: str, port: int) -> str:
    """The name that a known_hosts file uses for a host at this port."""
    return address if port == _SSH_PORT else f"[{address}]:{port}"


def covers(patterns: str, name: str) -> bool:
    """Whether the first field of a line applies to this name: `a,*.b,!c.b`, `[a]:2222`, or `|1|salt|hash`."""
    name = name.lower()
    if patterns.startswith("|"):
        return _hash_covers(patterns, name)
    every = [pattern for pattern in patterns.lower().split(",") if pattern]
    if any(_like(pattern[1:], name) for pattern in every if pattern.startswith("!")):
        return False
    return any(_like(pattern, name) for pattern in every)


def plain_names(patterns: str) -> Sequence[str]:
    """The names in the first field of a line; none if it is a hash or contains a pattern."""
    plain = not patterns.startswith("|") and not any(character in patterns for character in "*?!")
    return [name for name in patterns.lower().split(",") if name] if plain else []


def without_names(line: str, names: Sequence[str]) -> str | None:
    """A known_hosts line without these names; None if none is left. Patterns and marked lines stay."""
    marker, words = split_line(line)
    if marker or not words:
        return line
    if words[0].startswith("|"):
        return None if any(covers(words[0], name) for name in names) else line
    lower = {name.lower() for name in names}
    remaining = [name for name in words[0].split(",") if name.lower() not in lower]
    return line.replace(words[0], ",".join(remaining), 1) if remaining else None


def _like(pattern: str, name: str) -> bool:
    if not _CHARACTERS.keys() & set(pattern):
        return pattern == name
    regex = "".join(_CHARACTERS.get(character) or re.escape(character) for character in pattern)
    return re.fullmatch(regex, name) is not None


def _hash_covers(text: str, name: str) -> bool:
    try:
        _, kind, salt, digest = text.split("|")
        wanted = base64.b64decode(digest)
        made = hmac.new(base64.b64decode(salt), name.encode(), hashlib.sha1).digest()
    except (ValueError, binascii.Error):
        return False
    return kind == "1" and hmac.compare_digest(made, wanted)
