"""Values of log options that Docker refuses, by option: for all containers in daemon.json, or for one. Pure.

Source: `ValidateLogOpt` and `New` of each driver in moby's `daemon/logger`, and `mergeAndVerifyLogConfig`, 20.10 to 29.7.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

from runnerops.model.common import Tree, word_set
from runnerops.parsing.near import near_fix, similar_names
from runnerops.patterns import late_pattern
from runnerops.services.shared.durations import is_duration

Problems: TypeAlias = "Iterator[tuple[str, str, str]]"
"""Option (empty for the table of options as a whole), problem, and what to write."""

BOOLEANS = word_set("1 t T TRUE true True 0 f F FALSE false False")
"""What Go's `ParseBool` reads."""

_FACILITIES = word_set("""
    kern user mail daemon auth syslog lpr news uucp cron authpriv ftp
    local0 local1 local2 local3 local4 local5 local6 local7
""")


def _bool(text: str) -> str:
    return "" if text in BOOLEANS else "must be true or false"


def _duration(text: str) -> str:
    return "" if is_duration(text) and not text.startswith("-") else "must be a duration with its unit, such as 1s"


def _one_of(*words: str) -> Callable[[str], str]:
    return lambda text: "" if text in words else f"must be {' or '.join(words)}"


def _whole(low: int, high: int) -> Callable[[str], str]:
    def problem(text: str) -> str:
        fits = re.fullmatch(r"[+-]?\d+", text) and low <= int(text) <= high
        end = f" to {high}" if high < _MANY else " on"
        return "" if fits else f"must be a whole number from {low}{end}"

    return problem


def _facility(text: str) -> str:
    if text in _FACILITIES or not _whole(0, 23)(text):
        return ""
    return "must be one of syslog's facilities, such as daemon or local0, or a number from 0 to 23"


def _syslog_address(text: str) -> str:
    kind = text.partition("://")[0] if "://" in text else ""
    is_known = kind in {"udp", "tcp", "tcp+tls", "unix", "unixgram"}
    return "" if is_known and _port_fits(text) else "must be udp://, tcp://, tcp+tls:// or unix:// with an address"


def _gelf_address(text: str) -> str:
    place = re.fullmatch(r"(?:udp|tcp)://[^/?#]*:\d*(?:[/?#].*)?", text)
    return "" if place and _port_fits(text) else "must be udp://HOST:PORT or tcp://HOST:PORT"


def _fluentd_address(text: str) -> str:
    address = text if "://" in text else f"tcp://{text}"
    kind, _, rest = address.partition("://")
    fits = (
        bool(rest.strip("/")) if kind == "unix" else kind in {"tcp", "tls"} and "/" not in rest and _port_fits(address)
    )
    return "" if fits else "must be HOST:PORT, or tcp://, tls:// or unix:// with an address"


def _splunk_url(text: str) -> str:
    form = re.fullmatch(r"https?://[^/?#]+/?", text, re.IGNORECASE)
    return "" if form and _port_fits(text) else "must be http:// or https:// with a host, and without a path"


def _port_fits(url: str) -> bool:
    try:
        return urlsplit(url).port is None or True
    except ValueError:
        return False


_MANY = 2**31 - 1
_POSITIVE = _whole(1, _MANY)

_FORMS: Mapping[str, Callable[[str], str]] = {
    "syslog-address": _syslog_address,
    "syslog-facility": _facility,
    "syslog-format": _one_of("rfc3164", "rfc5424", "rfc5424micro"),
    "gelf-address": _gelf_address,
    "gelf-compression-type": _one_of("gzip", "zlib", "none"),
    "gelf-compression-level": _whole(-1, 9),
    "gelf-tcp-max-reconnect": _whole(0, _MANY),
    "gelf-tcp-reconnect-delay": _whole(0, _MANY),
    "fluentd-address": _fluentd_address,
    "fluentd-async": _bool,
    "fluentd-async-connect": _bool,
    "fluentd-async-reconnect-interval": _duration,
    "fluentd-max-retries": _whole(0, _MANY),
    "fluentd-request-ack": _bool,
    "fluentd-retry-wait": _duration,
    "fluentd-sub-second-precision": _bool,
    "fluentd-read-timeout": _duration,
    "fluentd-write-timeout": _duration,
    "awslogs-create-group": _bool,
    "awslogs-create-stream": _bool,
    "awslogs-force-flush-interval-seconds": _POSITIVE,
    "awslogs-max-buffered-events": _POSITIVE,
    "awslogs-format": _one_of("json/emf"),
    "cache-disabled": _bool,
}
"""By option, a function that says what is wrong with a text; empty if nothing is. An empty text equals a missing
option.
"""

_NEVER_EMPTY = word_set("gelf-compression-type gelf-compression-level gelf-tcp-max-reconnect gelf-tcp-reconnect-delay")


def option_problems(driver: str, options: Tree) -> Problems:
    """What the driver's validator refuses: values, and options that exclude each other. dockerd calls it when it starts,
    but `dockerd --validate` does not. `driver` accepts all the options.
    """
    mode = options.get("mode")
    if isinstance(mode, str) and mode not in {"", *_MODES}:
        yield "mode", "must be blocking or non-blocking", near_fix(mode, _MODES)
    if "max-buffer-size" in options and mode != "non-blocking":
        yield "max-buffer-size", "needs `mode: non-blocking` too", "add it, or take max-buffer-size out"
    for name, value in options.items():
        text = value if isinstance(value, str) else "" if value is None else None
        if name in _FORMS and text is not None and (text or name in _NEVER_EMPTY) and (problem := _FORMS[name](text)):
            yield name, problem, _fix(name, text)
    if driver == "gelf":
        yield from _gelf(options)
    elif driver == "awslogs" and lacks(options, "awslogs-group"):
        yield "", "has no awslogs-group, which awslogs requires", 'add "awslogs-group": "NAME"'
    if "awslogs-datetime-format" in options and "awslogs-multiline-pattern" in options:
        yield "awslogs-multiline-pattern", "cannot be combined with awslogs-datetime-format", "take one of them out"


def lacks(options: Tree, name: str) -> bool:
    """Whether an option has no value. One with a misspelt name is not missing too."""
    others = (other for other in options if other != name)
    return not options.get(name) and not any(similar_names(other, (name,), _MISSPELT) for other in others)


_MODES = ("blocking", "non-blocking")
_MISSPELT = 0.9
"""How similar a misspelt name is, of 1."""


def _fix(name: str, text: str) -> str:
    """What to write for an address that only lacks its kind, as both drivers are mostly used with UDP."""
    address = f"udp://{text}"
    lacks = name in {"syslog-address", "gelf-address"} and "/" not in text and re.fullmatch(r"[^:]+:[0-9]+", text)
    return f"write {address}, or tcp instead of udp" if lacks and not _FORMS[name](address) else ""


def _gelf(options: Tree) -> Problems:
    address = options.get("gelf-address")
    if not address:
        if lacks(options, "gelf-address"):
            yield "", "has no gelf-address, which gelf requires", 'add "gelf-address": "udp://HOST:12201"'
        return
    kind = str(address).partition("://")[0]
    for name in options:
        wanted = "udp" if name.startswith("gelf-compression-") else "tcp" if name.startswith("gelf-tcp-") else kind
        if kind in {"udp", "tcp"} and wanted != kind:
            yield name, f"works only with `{wanted}://`", "take it out"


_ACTION = late_pattern(r"\{\{(?:[^{}\"`]|\"(?:[^\"\\]|\\.)*\"|`[^`]*`)*\}\}")
_UNBALANCED = ("missing ), unterminated subpattern", "unbalanced parenthesis", "unterminated character set")
"""What Python's parser says of a pattern that Go's parser refuses too. They differ in other things."""


_SPLUNK_FORMATS = ("inline", "json", "raw")
_SPLUNK: Mapping[str, Callable[[str], str]] = {
    "splunk-url": _splunk_url,
    "splunk-format": _one_of(*_SPLUNK_FORMATS),
    "splunk-gzip": _bool,
    "splunk-gzip-level": _whole(-1, 9),
    "splunk-index-acknowledgment": _bool,
    "splunk-insecureskipverify": _bool,
    "splunk-verify-connection": _bool,
}
"""By option, as in `_FORMS`. An empty text is not the same as a missing option."""


def _splunk(options: Tree) -> Problems:
    for name, value in options.items():
        text = "" if value is None else value
        if name not in _SPLUNK or not isinstance(text, str) or not (problem := _SPLUNK[name](text)):
            continue
        if name == "splunk-url":  # an empty one is reported as missing
            host = re.split("[/?#]", text.partition("://")[2] or text)[0]
            intended = f"{'http' if text.startswith('http:') else 'https'}://{host}"
            if text:
                yield name, problem, "" if _splunk_url(intended) else f"write {intended}"
        else:
            yield name, problem, near_fix(text, _SPLUNK_FORMATS) if name == "splunk-format" else ""


def late_problems(driver: str, options: Tree) -> Problems:
    """What the driver refuses only when a container starts."""
    if driver == "splunk":
        yield from _splunk(options)
    size, count, compress, tag = (options.get(name) for name in ("max-size", "max-file", "compress", "tag"))
    if driver in {"json-file", "local"}:
        if isinstance(compress, str) and compress not in BOOLEANS:
            yield "compress", "must be true or false", 'write "true" or "false"'
        if isinstance(count, str) and not (count.strip().isdecimal() and int(count) > 0):
            yield "max-file", 'must be a whole number of "1" or more', 'write for example "3"'
    if driver == "json-file" and compress in ("true", "1") and (size in (None, "-1") or count in (None, "1")):
        text = "needs max-size and a max-file of 2 or more"
        yield "compress", text, 'add for example "max-size": "10m", "max-file": "3"'
    if isinstance(tag, str) and re.search(r"\{\{|\}\}", _ACTION.sub("", tag)):
        yield "tag", "is not a template, because {{ and }} must come in pairs", 'write for example "{{.Name}}"'
    for name in ("env-regex", "labels-regex"):
        pattern = options.get(name)
        if isinstance(pattern, str) and _is_unbalanced(pattern):
            problem = "is not a regular expression, because a bracket has no counterpart"
            yield name, problem, "close it, or write \\\\ before it"


def _is_unbalanced(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error as error:
        return str(error.msg).startswith(_UNBALANCED)
    return False
