"""Types that all packages use: places in files, values, services, verbs, results, exit codes."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import IntEnum, StrEnum
from typing import Literal, TypeAlias

from runnerops.frozen import frozen

ABSENT = "absent"
"""The `Sha` of a file that does not exist, or must not exist."""

STATE_FOLDER = "/var/lib/runnerops"
"""The folder in which a host keeps its runs and all other state of runnerops."""

HOST_FORMAT = 1
"""The format of the state on a host. It is increased when an older release could misread what a newer one writes."""

KEEP_RUNS = 10
"""How many runs a host keeps with their files, unless the inventory says otherwise."""

Sha: TypeAlias = str
"""64 lower-case hex digits of a SHA-256, or `ABSENT`."""


@frozen
class SourceLocation:
    """The place where a value was written. Line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


Placed: TypeAlias = "tuple[SourceLocation, str, str]"
"""A problem of a file: its place, what is wrong, and the fix (or empty)."""


@frozen
class Secret:
    """A leaf of a section whose value comes from elsewhere. It never holds the value; `secrets/` resolves it.

    `source` is `env` (the argument is the name of a variable), `file` (a path), `command` (a command line) or `secret`
    (a text that contains secrets, such as `NPM_TOKEN={env:NPM_TOKEN}`). `{host}` in the argument has been replaced.
    """

    source: Literal["env", "file", "command", "secret"]
    argument: str
    location: SourceLocation

    def __str__(self) -> str:
        return "********"


Value: TypeAlias = "str | int | float | bool | datetime | date | time | Secret | list[Value] | dict[str, Value] | None"
Tree: TypeAlias = "dict[str, Value]"
"""A parsed document, or a section of the inventory. This is the only loose type; only services, rules, redact and
templates look into it.
"""

Key: TypeAlias = "tuple[str | int, ...]"
"""A place in a `Tree`, e.g. `("runners", 0, "docker", "image")`."""


def key_text(key: Key) -> str:
    """A key as people write it: `runners[0].docker.image`."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def key_label(key: Key, name: str) -> str:
    """The same for people, who know the runner at `runners[0]` by its name: `runners[0].docker.image (build)`."""
    return f"{key_text(key)} ({name})" if name else key_text(key)


def item_name(tree: Value, key: Key) -> str:
    """The name of the first list item on the way to `key`; empty if no item there has a name."""
    place = tree
    for part in key:
        if isinstance(place, dict) and isinstance(part, str):
            place = place.get(part)
        elif isinstance(place, list) and isinstance(part, int) and part < len(place):
            place = place[part]
            if isinstance(place, dict):
                name = place.get("name")
                return name if isinstance(name, str) else ""
        else:
            break
    return ""


class ServiceName(StrEnum):
    """The managed systems, in the usual order of their phases in a run."""

    DOCKER = "docker"
    REGISTRY = "registry"
    GITLAB_RUNNER = "gitlab_runner"


class Verb(IntEnum):
    """What a service does so that a change takes effect, from the mildest to the strongest. `max()` of two satisfies
    both.

    VERIFY changes nothing; it only checks that the service runs what its file says.
    """

    VERIFY = 0
    RELOAD = 1
    UP = 2
    RECREATE = 3
    RESTART = 4


class Result(StrEnum):
    """How a host ended in a command."""

    UNCHANGED = "unchanged"
    APPLIED = "applied"
    PENDING = "pending"
    IN_PROGRESS = "in-progress"
    REFUSED = "refused"
    SKIPPED = "skipped"
    MAINTENANCE = "maintenance"
    LOCKED = "locked"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    ROLLED_BACK = "rolled-back"
    NEEDS_ATTENTION = "needs-attention"
    UNKNOWN = "unknown"
    STALE_PLAN = "stale-plan"


GOOD = frozenset({Result.UNCHANGED, Result.APPLIED, Result.PENDING, Result.IN_PROGRESS, Result.MAINTENANCE})
"""The results of hosts on which nothing is wrong."""

ENDS = {
    "applied": Result.APPLIED,
    "failed": Result.FAILED,
    "interrupted": Result.FAILED,
    "shutdown": Result.FAILED,
    "rolled-back": Result.ROLLED_BACK,
    "needs-attention": Result.NEEDS_ATTENTION,
    "locked": Result.LOCKED,
}
"""The word that ends the log of a run, and its result for the host."""


class Exit(IntEnum):
    """The exit codes, documented in docs/commands.md."""

    OK = 0
    FAILED = 1
    USAGE = 2
    PENDING = 3
    ROLLED_BACK = 4
    NEEDS_ATTENTION = 5
    STALE_PLAN = 6
    BUG = 70
    INTERRUPTED = 130


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as a way to write a set of many names."""
    return frozenset(text.split())


def value_at(tree: Value, key: Key) -> Value:
    """The value at a place of a tree; None if there is no such place."""
    for part in key:
        if isinstance(tree, dict) and isinstance(part, str):
            tree = tree.get(part)
        elif isinstance(tree, list) and isinstance(part, int) and part < len(tree):
            tree = tree[part]
        else:
            return None
    return tree
