"""The user's and the system's ssh_config as lines that paramiko reads as OpenSSH does: `Include` expanded, words unquoted.

Reads files. Loads paramiko: import it late.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from glob import glob
from pathlib import Path
from typing import TypeAlias

from paramiko import SSHException

from runnerops.frozen import frozen
from runnerops.remote.home import ssh_home
from runnerops.remote.settings import UNREAD, Settings
from runnerops.remote.sshconfig_values import EMPTY, MATTERS, split, wrong_match, wrong_value

_SYSTEM = Path("/etc/ssh/ssh_config")
_DEPTH = 16
_SETTING = re.compile(r"\s*(\w+)(?:\s*=\s*|\s+|$)(.*)")
_Conditions: TypeAlias = tuple[str, ...] | None
"""Words of a `Match`: none hold everywhere, and None nowhere."""
_WITH_VALUE = {"host", "originalhost", "user", "localuser", "exec"}
_WITHOUT_VALUE = {"all", "canonical", "final"}
_UNREAD = {"localnetwork", "version", "sessiontype", "command", "tagged"}
"""Conditions of newer OpenSSHs that are not decided here; each takes a value."""
_VERBATIM = frozenset({"proxycommand", "remotecommand", "localcommand", "knownhostscommand"})
"""Keys whose value is a command line, quotes, `#` and all."""


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The user's file, then the system's: the first value of a key counts, as in OpenSSH. Raises SSHException."""
    home = ssh_home(environ)
    user = home / ".ssh" / "config"
    ignored: list[str] = []
    whose = _Whose(user.parent, home, True, ignored), _Whose(_SYSTEM.parent, home, False, ignored)
    lines = [*_lines(user, whose[0], ()), *_lines(_SYSTEM, whose[1], ())]
    return Settings.from_text("\n".join(lines))


@frozen
class _Whose:
    """Where relative names and `~` of an `Include` begin, and whether the file is the user's or the system's.

    `ignored`: patterns of the first `IgnoreUnknown`, which counts in all files that are read after it.
    """

    folder: Path
    home: Path
    own: bool
    ignored: list[str]


def _lines(path: Path, whose: _Whose, outer: _Conditions, depth: int = 0) -> Iterator[str]:
    """A file's lines, each block as a `Match`; what an `Include` brings holds where the block around it does too.

    Raises SSHException at what OpenSSH ends with an error at.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    if whose.own and (wrong := _foreign(path)):
        raise SSHException(f"{path}: {wrong}")
    block, unread = outer, ""
    yield _head(block)
    for number, key, value in _settings(path, text, whose.ignored):
        if key in {"host", "match"}:
            inner, unread = (_host(value), "") if key == "host" else _match(value)
            block = None if outer is None or inner is None else (*outer, *inner)
            yield _head(block)
        elif unread:
            if key in MATTERS:
                yield f"{UNREAD}{unread.rpartition(' ')[2].strip('!')} {unread}"
        elif key != "include":
            yield f"{key} {_plain(key, value)}"
        elif depth < _DEPTH:
            for found in _included(value, whose):
                yield from _lines(found, whose, block, depth + 1)
            yield _head(block)
        else:
            raise SSHException(f"{path}:{number}: files that include each other")


def _settings(path: Path, text: str, ignored: list[str]) -> Iterator[tuple[int, str, str]]:
    """Each line's number, key and value. Patterns of the first `IgnoreUnknown` go into `ignored`. Raises SSHException."""
    for number, line in enumerate(text.split("\n"), 1):  # as OpenSSH does: a comment may hold a form feed or U+2028
        setting = _SETTING.match(line)
        if not setting:
            continue  # a comment
        key, value = setting[1].lower(), setting[2].strip()
        words = split(value)
        if key == "ignoreunknown" and not ignored:
            ignored += [one.lower() for word in words or () for one in word.split(",")]
        if not value:
            wrong = f"{key} has no value"
        else:
            wrong = wrong_value(key, words, ignored) or (wrong_match(words or ()) if key == "match" else "")
        if wrong:
            raise SSHException(f"{path}:{number}: {wrong}")
        if words or key == "host" or key not in EMPTY:
            yield number, key, value


def _foreign(path: Path) -> str:
    """Why OpenSSH does not trust this file, or nothing. One that its group may write it takes on some systems, as this does."""
    about = path.stat()
    if about.st_uid not in {0, os.getuid()}:
        return "it belongs to another user"
    return "everybody may write to it (chmod 600)" if about.st_mode & 0o002 else ""


def _head(block: _Conditions) -> str:
    if block is None:
        return "Host !*"
    return f"Match {shlex.join(block)}" if block else "Match all"


def _plain(key: str, value: str) -> str:
    """A value without its quotes and without the comment behind it."""
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
    words = [word for word in split(value) or () if "," not in word]  # no host has one in its name
    return ("originalhost", _literal(",".join(words))) if words else None


def _literal(patterns: str) -> str:
    """With brackets as they are: only `*` and `?` stand for others in OpenSSH's patterns."""
    return patterns.replace("[", "[[]")


def _match(value: str) -> tuple[_Conditions, str]:
    """The conditions of a `Match` line, and what of it cannot be decided here, if anything.

    That is also a keyword that is not known here, as of a newer OpenSSH: nobody knows whether it takes a value.
    """
    words = split(value) or []
    kept: list[str] = []
    unread = ""
    if not words:
        return None, ""
    while words:
        head, assigned, value_of = words[0].partition("=")
        keyword, words = head.lower(), [*([value_of] if assigned else []), *words[1:]]
        if keyword.lstrip("!") in _WITHOUT_VALUE:
            kept += [keyword] if keyword != "all" else []
        elif keyword.lstrip("!") in _WITH_VALUE | _UNREAD and words:
            if keyword.lstrip("!") in _UNREAD:
                unread = unread or f"Match {keyword}"
            else:
                kept += [keyword, words[0] if keyword.endswith("exec") else _literal(words[0])]
            words = words[1:]
        else:
            return tuple(kept), unread or f"Match {keyword}"
    return tuple(kept), unread
