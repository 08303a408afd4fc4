"""The user's and the system's ssh_config as lines that paramiko reads as OpenSSH does: `Include` expanded, words unquoted.

Reads files. Loads paramiko: import it late.
"""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from glob import glob
from pathlib import Path
from typing import TypeAlias

from runnerops.remote.settings import UNREAD, Settings

_SYSTEM = Path("/etc/ssh/ssh_config")
_DEPTH = 8
_SETTING = re.compile(r"\s*(\w+)(?:\s*=\s*|\s+)(.*\S)")
_Conditions: TypeAlias = tuple[str, ...] | None
"""Words of a `Match`: none hold everywhere, and None nowhere."""
_WITH_VALUE = {"host", "originalhost", "user", "localuser", "exec"}
_WITHOUT_VALUE = {"all", "canonical", "final"}
_UNREAD = {"localnetwork", "version", "sessiontype", "command", "tagged"}
"""Conditions of newer OpenSSHs that are not decided here; each takes a value."""
_VERBATIM = frozenset({"proxycommand", "remotecommand", "localcommand", "knownhostscommand"})
"""Keys whose value is a command line, quotes, `#` and all."""
_MATTERS = frozenset(
    {"hostname", "port", "user", "proxyjump", "proxycommand", "hostkeyalias", "connecttimeout", "tag"}
    | {"identityfile", "identitiesonly", "identityagent", "certificatefile"}
    | {"userknownhostsfile", "globalknownhostsfile", "serveraliveinterval", "serveralivecountmax", "refuseconnection"}
    | {"addressfamily", "preferredauthentications", "hostkeyalgorithms", "casignaturealgorithms", "requiredrsasize"}
)
"""Keys that decide who connects where, and as whom."""


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The user's file, then the system's: the first value of a key counts, as in OpenSSH. Raises SSHException."""
    home = Path(environ.get("HOME") or Path.home())
    files = (home / ".ssh" / "config", _SYSTEM)
    return Settings.from_text("\n".join(line for path in files for line in _lines(path, path.parent, home, ())))


def _lines(path: Path, folder: Path, home: Path, outer: _Conditions, depth: int = 0) -> Iterator[str]:
    """A file's lines, each block as a `Match`; what an `Include` brings holds where the block around it does too."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    block, unread = outer, ""
    yield _head(block)
    for line in text.splitlines():
        setting = _SETTING.match(line)
        if not setting:
            continue  # a comment, or a key without a value
        key, value = setting[1].lower(), setting[2]
        if key in {"host", "match"}:
            inner, unread = (_host(value), "") if key == "host" else _match(value)
            block = None if outer is None or inner is None else (*outer, *inner)
            yield _head(block)
        elif unread:
            if key in _MATTERS:
                yield f"{UNREAD}{unread.rpartition(' ')[2].strip('!')} {unread}"
        elif key != "include":
            yield f"{key} {_plain(key, value)}"
        elif depth < _DEPTH:
            for found in _included(value, folder, home):
                yield from _lines(found, folder, home, block, depth + 1)
            yield _head(block)


def _head(block: _Conditions) -> str:
    if block is None:
        return "Host !*"
    return f"Match {shlex.join(block)}" if block else "Match all"


def _plain(key: str, value: str) -> str:
    """A value without its quotes and without the comment behind it."""
    if key in _VERBATIM:
        return value
    words = list(_split(value))
    if not words:
        return value
    return shlex.join(words) if key.endswith("knownhostsfile") else " ".join(words)


def _included(value: str, folder: Path, home: Path) -> Iterator[Path]:
    for pattern in _split(value) or ():
        path = re.sub(r"^~(?=/)", str(home), pattern)
        yield from map(Path, sorted(glob(str(folder / path))))


def _host(value: str) -> _Conditions:
    words = [word for word in _split(value) if "," not in word]  # no host has one in its name
    return ("originalhost", _literal(",".join(words))) if words else None


def _literal(patterns: str) -> str:
    """With brackets as they are: only `*` and `?` stand for others in OpenSSH's patterns."""
    return patterns.replace("[", "[[]")


def _match(value: str) -> tuple[_Conditions, str]:
    """The conditions of a `Match` line, and what of it cannot be decided here, if anything.

    That is also a keyword that is not known here, as of a newer OpenSSH: nobody knows whether it takes a value.
    """
    words = list(_split(value))
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


def _split(value: str) -> Sequence[str]:
    """The words of a value, up to a comment."""
    lexer = shlex.shlex(value, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        words = list(lexer)
    except ValueError:  # a quotation without an end
        return ()
    return list(itertools.takewhile(lambda word: not word.startswith("#"), words))
