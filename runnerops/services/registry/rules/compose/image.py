"""Checks whether Docker accepts the name of an image. Pure. Source: distribution/reference."""

from __future__ import annotations

import re

from runnerops.model.common import Key
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.found import Found

_PART = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = late_pattern(rf"(?:{_PART}(?:\.{_PART})*|\[[A-Fa-f0-9:]+\])(?::[0-9]+)?")
_WORD = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = late_pattern(rf"{_WORD}(?:/{_WORD})*")
_TAG = late_pattern(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = late_pattern(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_REFUSES = "Docker refuses it"


def image_name(image: str, key: Key) -> Found:
    """`image` has no variable in it."""
    name, at, digest = image.partition("@")
    first, slash, rest = name.partition("/")
    host = first if slash and (set(".:") & set(first) or first == "localhost" or first != first.lower()) else ""
    path, colon, tag = (rest if host else name).partition(":")
    if host and not _HOST.fullmatch(host):
        yield "K002", "error", key, f"begins with an invalid address of a registry: {_REFUSES}", "write HOST:PORT/NAME"
    elif path != path.lower() and _PATH.fullmatch(path.lower()):
        yield "K002", "error", key, f"has capital letters in its name: {_REFUSES}", "write lower-case letters"
    elif not _PATH.fullmatch(path) or (colon and not _TAG.fullmatch(tag)) or (at and not _DIGEST.fullmatch(digest)):
        yield "K002", "error", key, f"is not a valid name of an image: {_REFUSES}", "write NAME:TAG"
    elif host and not set(".:[") & set(host) and host != "localhost":
        text = f"has capital letters, so {host} is read as the address of a registry"
        yield "K002", "warning", key, text, "write lower-case letters if it is a name on Docker Hub"
