"""Whether Docker accepts the name of an image. Pure. Source: distribution/reference."""

from __future__ import annotations

import re

from runnerops.patterns import late_pattern

_PART = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = late_pattern(rf"(?:{_PART}(?:\.{_PART})*|\[[A-Fa-f0-9:]+\])(?::[0-9]+)?")
_WORD = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = late_pattern(rf"{_WORD}(?:/{_WORD})*")
_TAG = late_pattern(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = late_pattern(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")


def image_problem(image: str) -> tuple[str, str]:
    """Why Docker does not accept the name, and what to write; two empty texts if it does. `image` has no variable in it."""
    name, at, digest = image.partition("@")
    host = host_of_image(name)
    path, colon, tag = (name.partition("/")[2] if host else name).partition(":")
    if host and not _HOST.fullmatch(host):
        return "begins with an invalid address of a registry", "write HOST:PORT/NAME"
    if path != path.lower() and _PATH.fullmatch(path.lower()):
        return "has capital letters in its name", "write lower-case letters"
    if not _PATH.fullmatch(path) or (colon and not _TAG.fullmatch(tag)) or (at and not _DIGEST.fullmatch(digest)):
        return "is not a valid name of an image", "write NAME:TAG"
    return "", ""


def host_of_image(name: str) -> str:
    """The address of the registry before the name of an image; empty if there is none."""
    first, slash, _ = name.partition("/")
    is_host = set(".:") & set(first) or first == "localhost" or first != first.lower()
    return first if slash and is_host else ""
