"""Values of `log-opts` that dockerd checks when it starts, by option. Pure.

If the file has `log-opts`, dockerd gives them to the driver's validator and does not start if that refuses them.
`dockerd --validate` does not check this. Source: `ValidateLogOpt` of each driver in moby's `daemon/logger`, 20.10 to
29.7.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from runnerops.model.common import Tree, word_set
from runnerops.services.docker.schema.nested import Found
from runnerops.services.shared.durations import is_duration

_START = "dockerd does not start"
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


def option_values(driver: str, options: Tree) -> Found:
    """What the driver refuses of the values, and options that exclude each other. `driver` accepts all the options."""
    for name, value in options.items():
        text = value if isinstance(value, str) else "" if value is None else None
        if name in _FORMS and text is not None and (text or name in _NEVER_EMPTY) and (problem := _FORMS[name](text)):
            yield "D019", "error", ("log-opts", name), f"{problem}: {_START}", _fix(name, text)
    if driver == "gelf":
        yield from _gelf(options)
    elif driver == "awslogs" and not options.get("awslogs-group"):
        text = f"has no awslogs-group, which awslogs requires: {_START}"
        yield "D019", "error", ("log-opts",), text, 'add "awslogs-group": "NAME"'
    if "awslogs-datetime-format" in options and "awslogs-multiline-pattern" in options:
        text = f"cannot be combined with awslogs-datetime-format: {_START}"
        yield "D019", "error", ("log-opts", "awslogs-multiline-pattern"), text, "take one of them out"


def _fix(name: str, text: str) -> str:
    """What to write for an address that only lacks its kind, as both drivers are mostly used with UDP."""
    address = f"udp://{text}"
    lacks = name in {"syslog-address", "gelf-address"} and "/" not in text and re.fullmatch(r"[^:]+:[0-9]+", text)
    return f"write {address}, or tcp instead of udp" if lacks and not _FORMS[name](address) else ""


def _gelf(options: Tree) -> Found:
    address = options.get("gelf-address")
    if not address:
        text = f"has no gelf-address, which gelf requires: {_START}"
        yield "D019", "error", ("log-opts",), text, 'add "gelf-address": "udp://HOST:12201"'
        return
    kind = str(address).partition("://")[0]
    for name in options:
        wanted = "udp" if name.startswith("gelf-compression-") else "tcp" if name.startswith("gelf-tcp-") else kind
        if kind in {"udp", "tcp"} and wanted != kind:
            yield "D019", "error", ("log-opts", name), f"works only with `{wanted}://`: {_START}", "take it out"
