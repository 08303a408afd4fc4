"""config.toml as a document: its path, and how it is read and written. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

import tomli

from runnerops.model.common import Key, ServiceName, Tree
from runnerops.model.host_state import HostState
from runnerops.model.inventory import FileSpec, Host
from runnerops.parsing.causes import place_of
from runnerops.parsing.places import nearest, places_in
from runnerops.services.base import ParseError
from runnerops.services.gitlab_runner.format.toml_writer import to_toml

NAME: ServiceName = ServiceName.GITLAB_RUNNER
PATH = "/etc/gitlab-runner/config.toml"

_LARGEST = 2**63 - 1
_TOO_LARGE = "a number does not fit into 64 bits"


def files(host: Host) -> tuple[FileSpec, ...]:
    """The one file. The path is that of the package until `reconcile` finds the one with which the runner
    was started.
    """
    if NAME not in host.sections:
        return ()
    return (FileSpec(NAME, PATH, "config.toml.j2", "toml", mode="0600"),)


def config_path(observed: HostState) -> str:
    """The file with which the runner was started: `--config FILE`, `-c FILE` or `--config=FILE`."""
    argv = observed.facts.runner.unit.argv if observed.facts.runner else ()
    path = ""
    for word, following in pairwise((*argv, "")):
        if word in {"--config", "-config", "-c"}:
            path = following
        elif word.startswith(("--config=", "-config=")):
            path = word.partition("=")[2]
    return path if path.startswith("/") else PATH


def context() -> Mapping[str, Any]:
    """Nothing in addition to the common names."""
    return {}


def parse(content: bytes) -> Tree:
    """Parses TOML. The caller may change the tree. Raises ParseError, which contains no text of the file."""
    tree: Tree = _copy(_parsed(content))
    return tree


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copy(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value


@lru_cache(maxsize=256)
def _parsed(content: bytes) -> Tree:
    """Cached, because planning parses one file in many places, and copying the tree is ten times as fast."""
    text = _decode(content)
    try:
        tree = _loaded(text)
        if (key := _beyond(tree, ())) is not None:
            place = nearest(places_in("toml", text, ""), key, "")
            raise ParseError(place.line, place.column, _TOO_LARGE, "write a smaller one")
        return tree
    except ValueError:  # Python reads no number with so many digits
        match = re.search(r"\d{1000}", text)
        raise ParseError(*place_of(text, match.start() if match else 0), _TOO_LARGE, "write a smaller one") from None
    except RecursionError:
        raise ParseError(1, 1, "it is nested too deep") from None


def _loaded(text: str) -> Tree:
    """Parses TOML 1.1. A table that dotted keys define again is refused, as TOML says, though the runner's decoder
    misses some.
    """
    try:
        return tomli.loads(text, parse_float=_float)
    except tomli.TOMLDecodeError as error:
        from runnerops.parsing.toml_errors import explain

        cause = explain(text, str(error))
        raise ParseError(*place_of(text, cause.at), cause.problem, cause.fix) from None


def _float(text: str) -> float | int:
    """A number that no float can hold becomes a whole number that is too large as well: Go refuses both."""
    number = float(text)
    return _LARGEST + 1 if math.isinf(number) and "inf" not in text else number


def _beyond(value: Any, key: Key) -> Key | None:
    """The key of a whole number of more than 64 bits, for which the runner refuses the file, wherever it is."""
    if isinstance(value, dict | list):
        items: Iterable[tuple[str | int, Any]] = value.items() if isinstance(value, dict) else enumerate(value)
        return next((beyond for part, item in items if (beyond := _beyond(item, (*key, part))) is not None), None)
    return key if isinstance(value, int) and not -_LARGEST - 1 <= value <= _LARGEST else None


def _decode(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ParseError(1, 1, "the file is UTF-16", "save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode()
        raise ParseError(
            *place_of(before, len(before)), "a character here is not UTF-8", "save the file as UTF-8"
        ) from None


def read(content: bytes | None) -> Tree:
    """The tree of the file; empty if there is no file, or it cannot be read."""
    try:
        return parse(content or b"")
    except ParseError:
        return {}


def dump(tree: Tree) -> bytes:
    """Writes keys in alphabetical order, and tables after plain keys."""
    return to_toml(_sorted(tree)).encode()


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


def heading(content: bytes) -> bytes:
    """The comment at the beginning of the file."""
    lines = content.splitlines(keepends=True)
    count = next((index for index, line in enumerate(lines) if not line.startswith(b"#")), len(lines))
    return b"".join(lines[:count]) + (b"\n" if count else b"")


def runners_of(tree: Tree) -> list[Tree]:
    """The `[[runners]]` blocks of a tree, without other values."""
    runners = tree.get("runners")
    return [item for item in runners if isinstance(item, dict)] if isinstance(runners, list) else []


def label(runner: Tree, index: int) -> str:
    """The name of a runner for people; without a name, its position."""
    return str(runner.get("name") or f"number {index + 1}")
