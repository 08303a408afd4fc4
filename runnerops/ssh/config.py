"""Turns the user's and the system's ssh_config into lines that paramiko reads as OpenSSH does: expands `Include`,
unquotes.

Reads files. Loads paramiko: import it late.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from glob import glob
from itertools import count
from pathlib import Path
from typing import TypeAlias

from paramiko import SSHException

from runnerops.frozen import frozen
from runnerops.patterns import late_pattern
from runnerops.ssh.config_values import EMPTY, MATTERS, split, wrong_match, wrong_value
from runnerops.ssh.home import ssh_home
from runnerops.ssh.match_lines import DECIDED, ORIGINAL
from runnerops.ssh.settings import UNREAD, Settings

_SYSTEM = Path("/etc/ssh/ssh_config")
_DEPTH = 16
_SETTING = late_pattern(r"\s*(\w+)(?:\s*=\s*|\s+|$)(.*)")
_Conditions: TypeAlias = tuple[str, ...] | None
"""Words of a `Match`. An empty tuple matches everywhere, None matches nowhere."""
_WITH_VALUE = {"host", "originalhost", "user", "localuser", "exec"}
_WITHOUT_VALUE = {"all", "canonical", "final"}
_UNREAD = {"localnetwork", "version", "sessiontype", "command", "tagged"}
"""Conditions of newer OpenSSH releases that are not decided here. Each has a value."""
_READABLE = "make it readable for the user that runs runnerops"
_VERBATIM = frozenset({"proxycommand", "remotecommand", "localcommand", "knownhostscommand"})
"""Keys whose value is a command line, including quotes and `#`."""


def read_settings(environ: Mapping[str, str], warn: Callable[[str], None] = lambda _: None) -> Settings:
    """Reads the user's file, then the system's. The first value of a key counts, as in OpenSSH. Raises SSHException.

    A file of these two that exists and cannot be read is left out, as by OpenSSH, and `warn` is told of it.
    """
    home = ssh_home(environ)
    user = home / ".ssh" / "config"
    ignored: list[str] = []
    numbers = count()
    lines: list[str] = []
    for path, whose in (
        (user, _Whose(user.parent, home, True, ignored, numbers)),
        (_SYSTEM, _Whose(_SYSTEM.parent, home, False, ignored, numbers)),
    ):
        if unread := _unread(path):
            warn(f"{path} cannot be read ({unread}), so nothing in it counts, as for ssh: {_READABLE}, or remove it")
        else:
            lines += _lines(path, whose, ())
    return Settings.from_text("\n".join(lines))


@frozen
class _Whose:
    """Where relative paths and `~` of an `Include` start, and whether the file is the user's or the system's.

    `ignored`: patterns of the first `IgnoreUnknown`, which applies to all files that are read after it. `numbers` are
    for the `Host` and `Match` lines of all files.
    """

    folder: Path
    home: Path
    is_users: bool
    ignored: list[str]
    numbers: Iterator[int]


def _lines(path: Path, whose: _Whose, outer: _Conditions, depth: int = 0) -> Iterator[str]:
    """The lines of a file, with each block as a `Match`. The lines of an `Include` only apply where its block applies
    too.

    Raises SSHException for what OpenSSH would reject.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):  # OpenSSH goes on too
        return
    if whose.is_users and (wrong := _foreign(path)):
        raise SSHException(f"{path}: {wrong}")
    block, unread = outer, ""
    yield _head(block)
    for number, key, value in _settings(path, text, whose.ignored):
        if key in {"host", "match"}:
            inner, unread = (_host(value), "") if key == "host" else _match(value)
            block = _inside(outer, inner, next(whose.numbers))
            yield _head(block)
        elif unread:
            if key in MATTERS:
                yield f"{UNREAD}{unread.rpartition(' ')[2].strip('!')} {unread}"
        elif key != "include":
            if key == "proxycommand":  # a `none` would replace what the same block has before it
                yield _head(block)
            yield f"{key} {_plain(key, value)}"
        elif depth < _DEPTH:
            for included in _included(value, whose):
                if unread := _unread(included):
                    raise SSHException(f"{path}:{number}: {included} cannot be read ({unread}): {_READABLE}")
                yield from _lines(included, whose, block, depth + 1)
            yield _head(block)
        else:
            raise SSHException(f"{path}:{number}: files that include each other")


def _inside(outer: _Conditions, inner: _Conditions, number: int) -> _Conditions:
    """The conditions of a line with this number, in a file whose lines only apply where `outer` does."""
    if outer is None or inner is None or "!all" in inner:
        return None
    return (*outer, "originalhost", f"{DECIDED}{number}", *inner) if inner else outer


def _unread(path: Path) -> str:
    """Why a file that exists cannot be read; empty if it can, and if there is none."""
    try:
        with path.open("rb"):
            return ""
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return ""
    except OSError as error:
        return error.strerror or str(error)


def _settings(path: Path, text: str, ignored: list[str]) -> Iterator[tuple[int, str, str]]:
    """The number, key and value of each line. Adds the patterns of the first `IgnoreUnknown` to `ignored`. Raises
    SSHException.
    """
    for number, line in enumerate(text.split("\n"), 1):  # as OpenSSH does; a comment may contain a form feed or U+2028
        setting = _SETTING.match(line)
        if not setting:
            continue  # a comment
        key, value = setting[1].lower(), setting[2].strip()
        words = split(value)
        if key == "ignoreunknown" and not ignored:
            ignored += [name.lower() for word in words or () for name in word.split(",")]
        if not value:
            wrong = f"{key} has no value"
        else:
            wrong = wrong_value(key, words, ignored) or (wrong_match(words or ()) if key == "match" else "")
        if wrong:
            raise SSHException(f"{path}:{number}: {wrong}")
        if words or key == "host" or key not in EMPTY:
            yield number, key, value


def _foreign(path: Path) -> str:
    """Why OpenSSH does not trust this file; empty if it does. Some systems allow group-writable files, and so do we."""
    about = path.stat()
    if about.st_uid not in {0, os.getuid()}:
        return "it belongs to another user"
    return "everybody may write to it (chmod 600)" if about.st_mode & 0o002 else ""


def _head(block: _Conditions) -> str:
    if block is None:
        return "Host !*"
    return f"Match {shlex.join(block)}" if block else "Match all"


def _plain(key: str, value: str) -> str:
    """A value without its quotes and without a trailing comment."""
    if key in _VERBATIM:
        return value
    words = split(value) or []
    if not words:
        return value
    return shlex.join(words) if key.endswith("knownhostsfile") else " ".join(words)


def _included(value: str, whose: _Whose) -> Iterator[Path]:
    for pattern in split(value) or ():
        path = re.sub(r"^~(?=/)", str(whose.home), pattern)
        yield from map(Path, sorted(glob(str(whose.folder / path))))


def _host(value: str) -> _Conditions:
    words = [word for word in split(value) or () if "," not in word]  # no host name contains a comma
    return ("originalhost", _literal(",".join(words))) if words else None


def _literal(patterns: str) -> str:
    """Escapes brackets, because only `*` and `?` are special in OpenSSH's patterns."""
    return patterns.replace("[", "[[]")


def _match(value: str) -> tuple[_Conditions, str]:
    """The conditions of a `Match` line, and the part that cannot be decided here, if any.

    An unknown keyword, perhaps of a newer OpenSSH, cannot be decided either, because we do not know whether it has a
    value.
    """
    words = split(value) or []
    conditions: list[str] = []
    unread = ""
    if not words:
        return None, ""
    while words:
        head, assigned, value_of = words[0].partition("=")
        keyword, words = head.lower(), [*([value_of] if assigned else []), *words[1:]]
        if keyword.lstrip("!") in _WITHOUT_VALUE:
            conditions += [keyword] if keyword != "all" else []
        elif keyword.lstrip("!") in _WITH_VALUE | _UNREAD and words:
            if keyword.lstrip("!") in _UNREAD:
                unread = unread or f"Match {keyword}"
            else:
                ending = ORIGINAL if keyword.endswith("originalhost") else ""
                conditions += [keyword, words[0] if keyword.endswith("exec") else f"{_literal(words[0])}{ending}"]
            words = words[1:]
        else:
            return tuple(conditions), unread or f"Match {keyword}"
    return tuple(conditions), unread
