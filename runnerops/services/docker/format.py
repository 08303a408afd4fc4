"""daemon.json as a document: its path, and how it is read and written. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import partial
from typing import Any, NoReturn

from runnerops.model.common import ServiceName, Tree
from runnerops.model.inventory import FileSpec, Host
from runnerops.parsing.causes import place_of
from runnerops.patterns import late_pattern
from runnerops.services.base import ParseError

NAME: ServiceName = ServiceName.DOCKER
PATH = "/etc/docker/daemon.json"
_SPACES = " \t\r\n"


def files(host: Host) -> tuple[FileSpec, ...]:
    """The one file that dockerd reads. The path is the default until `reconcile` finds the host's."""
    if NAME not in host.sections:
        return ()
    return (FileSpec(NAME, PATH, "daemon.json.j2", "json"),)


def context() -> Mapping[str, Any]:
    """Nothing in addition to the common names."""
    return {}


def parse(content: bytes) -> Tree:
    """Parses strict JSON. An empty file and `null` are empty documents, as for dockerd. Raises ParseError.

    Half of a surrogate pair becomes U+FFFD, as in Go.
    """
    text = _decode(content)
    if not text.strip():
        return {}
    try:
        tree = json.loads(_trimmed(text), parse_constant=partial(_no_constant, text))
    except json.JSONDecodeError as error:
        from runnerops.parsing.json_errors import explain  # noqa: PLC0415  few files are broken

        cause = explain(text, error.pos, error.msg)
        raise ParseError(*place_of(text, cause.at), cause.problem, cause.fix) from None
    except ValueError:
        raise ParseError(*_first(r"\d{1000}", text), "a number has too many digits", "write a smaller one") from None
    except RecursionError:
        raise ParseError(1, 1, "it is nested too deep") from None
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ParseError(*_first(r"\S", text), "the file must be an object", "put its keys into { }", valid=True)
    if "\\u" in text and _HALF.search(dumped := json.dumps(tree, ensure_ascii=False)):
        return dict(json.loads(_HALF.sub("\ufffd", dumped)))
    return tree


def _trimmed(text: str) -> str:
    """dockerd strips any kind of space around the document. Here they become spaces of JSON, so that columns stay the
    same.
    """
    begin, end = len(text) - len(text.lstrip()), len(text.rstrip())
    odd = text[:begin].strip(_SPACES) or text[end:].strip(_SPACES)
    return " " * begin + text[begin:end] if odd else text


def _first(pattern: str, text: str) -> tuple[int, int]:
    """The line and column of the first match; those of the beginning if there is none."""
    match = re.search(pattern, text)
    return place_of(text, match.start() if match else 0)


def dump(tree: Tree) -> bytes:
    """Writes the keys in alphabetical order."""
    return text_of(tree, sort=True)


def text_of(tree: Tree, *, sort: bool = False) -> bytes:
    """Formats JSON for people, with the keys in the order of the tree unless `sort`."""
    return (json.dumps(tree, indent=2, ensure_ascii=False, sort_keys=sort) + "\n").encode()


_HALF = late_pattern("[\ud800-\udfff]")


def _decode(content: bytes) -> str:
    try:
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return content.decode("utf-16")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise ParseError(line, column, "a character here is not UTF-8", "save the file as UTF-8") from None


def _no_constant(text: str, name: str) -> NoReturn:
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', lambda match: " " * len(match[0]), text)
    raise ParseError(*place_of(text, outside.find(name)), "this is not a JSON number", "write one in digits")
