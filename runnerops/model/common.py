"""Types that all rooms use: places in files, values, services, verbs, results, exit codes."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import IntEnum, StrEnum
from typing import Literal, TypeAlias

from runnerops.frozen import frozen

ABSENT = "absent"
"""The `Sha` of a file that does not exist or must not exist."""

STATE_FOLDER = "/var/lib/runnerops"
"""Where a host keeps its runs, and what else it remembers of them."""

HOST_FORMAT = 1
"""The format of what a host keeps of its runs. It grows when an older release could misread a newer one's."""

KEEP_RUNS = 10
"""How many runs a host keeps with their files, where the inventory says nothing."""

Sha: TypeAlias = str
"""64 lower-case hex digits of a SHA-256, or `ABSENT`."""


@frozen
class SourceLocation:
    """Where a value was written: line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@frozen
class Secret:
    """A leaf of a section whose value comes from elsewhere. It never holds the value; `secrets/` resolves it.

    `source` is `env` (argument: a variable's name), `file` (a path), `command` (a command line) or `secret` (a text with
    such in it, `NPM_TOKEN={env:NPM_TOKEN}`).
    `{host}` in the argument is already replaced.
    """

    source: Literal["env", "file", "command", "secret"]
    argument: str
    location: SourceLocation

    def __str__(self) -> str:
        return "********"


Value: TypeAlias = "str | int | float | bool | datetime | date | time | Secret | list[Value] | dict[str, Value] | None"
Tree: TypeAlias = "dict[str, Value]"
"""A parsed document, or a section of the inventory. The one loose type: only services, rules, redact and templates open it."""

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
    """The name of the first item of a list on the way to `key`; empty where none there has one."""
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
    """The managed systems, in the usual order of their parts in a run."""

    DOCKER = "docker"
    REGISTRY = "registry"
    GITLAB_RUNNER = "gitlab_runner"


class Verb(IntEnum):
    """What a service does for a change to take effect, the least first: `max()` of two satisfies both.

    VERIFY acts on nothing and only shows that the service runs what its file says.
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


ENDS = {
    "applied": Result.APPLIED,
    "failed": Result.FAILED,
    "interrupted": Result.FAILED,
    "shutdown": Result.FAILED,
    "rolled-back": Result.ROLLED_BACK,
    "needs-attention": Result.NEEDS_ATTENTION,
    "locked": Result.LOCKED,
}
"""The word that a run's log ends with, and what it means for the host."""


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
    """The words of a text: a set of many names as data."""
    return frozenset(text.split())


def value_at(tree: Value, key: Key) -> Value:
    """What a tree has at a place; None where there is no such place."""
    for part in key:
        if isinstance(tree, dict) and isinstance(part, str):
            tree = tree.get(part)
        elif isinstance(tree, list) and isinstance(part, int) and part < len(tree):
            tree = tree[part]
        else:
            return None
    return tree
