"""Finds values of ssh_config that OpenSSH rejects, in the keys that decide who connects where. Pure.

OpenSSH checks every line, even below a `Host` or `Match` that does not apply, and so do we. `ssh -G NAME` prints
OpenSSH's own message.
"""

from __future__ import annotations

import difflib
import re
import socket
from collections.abc import Callable, Collection, Mapping, Sequence
from fnmatch import fnmatchcase

from runnerops.patterns import late_pattern

MATTERS = frozenset(
    {"hostname", "port", "user", "proxyjump", "proxycommand", "hostkeyalias", "connecttimeout", "tag"}
    | {"identityfile", "identitiesonly", "identityagent", "certificatefile"}
    | {"userknownhostsfile", "globalknownhostsfile", "serveraliveinterval", "serveralivecountmax", "refuseconnection"}
    | {"addressfamily", "preferredauthentications", "hostkeyalgorithms", "casignaturealgorithms", "requiredrsasize"}
)
"""Keys that decide who connects where, and as whom."""
_OF_BEFORE = frozenset({"identityfile2", "userknownhostsfile2", "globalknownhostsfile2"})
"""Old names that OpenSSH still accepts, and that are similar to current ones."""
_FLAG = ("yes", "no", "true", "false")
_CHOICES: Mapping[str, Sequence[str]] = {
    "addressfamily": ("any", "inet", "inet6"),
    "canonicalizefallbacklocal": _FLAG,
    "canonicalizehostname": (*_FLAG, "always"),
    "identitiesonly": _FLAG,
    "proxyusefdpass": _FLAG,
    "pubkeyauthentication": (*_FLAG, "unbound", "host-bound"),
}
_TIME = late_pattern(r"(?:\+?\d+[smhdw]?)+", re.IGNORECASE)
_NUMBER = late_pattern(r"\+?[0-9]+")
_MOST = 2**31 - 1
_JUMP = late_pattern(r"(?:.+@)?(?:\[[^\]]+\]|[^:\[\]@,]+)(?::([^:]+))?")
"""A user name may contain an `@`: the last one separates user and host."""
_CRITERIA = frozenset({"host", "originalhost", "user", "localuser", "exec"})


def wrong_value(key: str, words: Sequence[str] | None, ignored: Collection[str]) -> str:
    """Why this line is wrong; empty if it is not. `key` is in lower case. `words` is None if a closing quotation mark
    is missing.

    `ignored`: patterns of `IgnoreUnknown`. Unknown keys, perhaps of another release, are accepted unless they are
    similar to one of ours.
    """
    if words is None:
        return "a quotation mark is missing at the end"
    if key not in MATTERS and not any(fnmatchcase(key, pattern) for pattern in ignored):
        near = difflib.get_close_matches(key, MATTERS - _OF_BEFORE, 1, 0.85)
        if near and key not in _OF_BEFORE and key not in _OTHERS:
            return f"there is no key {key}: did you mean {near[0]}?"
    if key in _OTHERS or key in MATTERS:
        return _wrong(key, words)
    return ""


def _wrong(key: str, words: Sequence[str]) -> str:
    if not words and key in EMPTY:  # a comment: nothing is set; an empty `Host` begins a block of no host
        return ""
    if not words or (not words[0] and key != "proxycommand") or (key == "host" and "" in words):
        return f"{key} has no value"
    value = words[0]
    if key in _SINGLE and len(words) > 1:
        return f"{key} takes one value; put it in quotes if it has spaces"
    if key in _LISTS and len(words) > 1 and "none" in map(str.lower, words):
        return f"{key}: `none` cannot be combined with other values"
    if key in _CHOICES and value.lower() not in _CHOICES[key]:
        return f"{key} {value}: one of {', '.join(_CHOICES[key])}"
    return _CHECKS[key](key, value) if key in _CHECKS else ""


def _port(key: str, value: str) -> str:
    return "" if port_of(value) else f"{key} {value} is not a port"


def port_of(value: str) -> int | None:
    """A number from 1 to 65535, or the number of a service that the system knows by this name."""
    if _NUMBER.fullmatch(value):
        return number if 0 < (number := int(value)) < 65536 else None
    try:
        return socket.getservbyname(value, "tcp")
    except OSError:
        return None


def _number(key: str, value: str) -> str:
    good = _NUMBER.fullmatch(value) and int(value) <= _MOST
    return "" if good else f"{key} {value} is not a whole number"


def _time(key: str, value: str) -> str:
    good = value.lower() == "none" or (
        _TIME.fullmatch(value) and all(int(digits) <= _MOST for digits in re.findall(r"\d+", value))
    )
    return "" if good else f"{key} {value} is not a time (90, 1m30s)"


def _jump(key: str, value: str) -> str:
    if value.lower() == "none":
        return ""
    for hop in value.split(","):
        match = _JUMP.fullmatch(hop.strip().removeprefix("ssh://").rstrip("/"))
        if not match or (match[1] and port_of(match[1]) is None):
            return f"{key} {value}: {hop.strip() or 'an empty word'} is not [USER@]HOST[:PORT]"
    return ""


_CHECKS: Mapping[str, Callable[[str, str], str]] = {
    "port": _port,
    "serveralivecountmax": _number,
    "requiredrsasize": _number,
    "canonicalizemaxdots": _number,
    "connecttimeout": _time,
    "serveraliveinterval": _time,
    "proxyjump": _jump,
}
_LISTS = frozenset({"userknownhostsfile", "globalknownhostsfile"})
EMPTY = _LISTS | {"host", "include", "canonicaldomains"}
"""Keys that may be followed by nothing but a comment."""
_OTHERS = frozenset(
    {"host", "match", "include", "bindaddress", "bindinterface", "revokedhostkeys", "canonicaldomains"}
    | _CHOICES.keys()
    | _CHECKS.keys()
)
_SINGLE = (MATTERS | _CHOICES.keys() | _CHECKS.keys()) - _LISTS - {"proxyjump", "proxycommand"}


def wrong_match(words: Sequence[str]) -> str:
    """Why these words are not valid conditions of a `Match`; empty if they are. Unknown conditions are reported by the
    reader.
    """
    rest = list(words)
    if not any(rest):
        return "Match has no condition"
    while rest:
        head, assigned, value = rest[0].partition("=")
        keyword, rest = head.lower().lstrip("!"), [*([value] if assigned else []), *rest[1:]]
        if keyword == "all" and rest:
            return "Match all cannot have another condition"
        if keyword in _CRITERIA:
            if not (rest and rest[0]):
                return f"Match {keyword} has no value"
            rest = rest[1:]
        elif keyword not in {"all", "final", "canonical"}:
            return ""
    return ""


def split(value: str) -> list[str] | None:
    """The words of a value up to a comment, split as OpenSSH does; None if a quotation mark is missing."""
    words: list[str] = []
    at = 0
    while at < len(value):
        if value[at] in " \t":
            at += 1
            continue
        if value[at] == "#":
            break
        word, quote = "", ""
        while at < len(value) and (quote or value[at] not in " \t"):
            char, after = value[at], value[at + 1 : at + 2]
            if char == "\\" and after and (after in "'\"\\" or (after == " " and not quote)):
                word += after
                at += 1
            elif char == quote or (not quote and char in "'\""):
                quote = "" if quote else char
            else:
                word += char
            at += 1
        if quote:
            return None
        words.append(word)
    return words
