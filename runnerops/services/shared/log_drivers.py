"""The log drivers that are built into dockerd, and the options that each accepts. Pure.

From the validators in moby's `daemon/logger`, 20.10 to 29.7. A name with a `:` or `/` is that of a plugin, and is not
judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from runnerops.parsing.near import near_fix, similar_names

_COMMON = frozenset({"labels", "labels-regex", "env", "env-regex", "tag"})

EVERYWHERE = frozenset(
    {"mode", "max-buffer-size", "cache-disabled", "cache-max-size", "cache-max-file", "cache-compress"}
)
"""Accepted with every driver."""

_FILE = frozenset({"max-size", "max-file", "compress"})


def _prefixed(prefix: str, names: str, common_names: frozenset[str] = _COMMON) -> frozenset[str]:
    return common_names | {f"{prefix}-{name}" for name in names.split()}


LOG_DRIVERS: Mapping[str, frozenset[str] | None] = {
    "none": None,
    "json-file": _COMMON | _FILE,
    "local": _FILE,
    "journald": _COMMON,
    "syslog": _prefixed("syslog", "address facility format tls-ca-cert tls-cert tls-key tls-skip-verify"),
    "gelf": _prefixed("gelf", "address compression-type compression-level tcp-max-reconnect tcp-reconnect-delay"),
    "fluentd": _prefixed(
        "fluentd",
        "address async async-connect async-reconnect-interval buffer-limit max-retries request-ack retry-wait"
        " sub-second-precision read-timeout write-timeout",
    ),
    "awslogs": _prefixed(
        "awslogs",
        "create-group create-stream credentials-endpoint datetime-format endpoint force-flush-interval-seconds format group"
        " max-buffered-events multiline-pattern region stream",
        frozenset({"tag"}),
    ),
    "splunk": _prefixed(
        "splunk",
        "url token source sourcetype index capath caname insecureskipverify format verify-connection gzip gzip-level"
        " index-acknowledgment",
    ),
    "gcplogs": _COMMON - {"tag"} | {"gcp-project", "gcp-log-cmd", "gcp-meta-zone", "gcp-meta-name", "gcp-meta-id"},
    "etwlogs": None,
    "logentries": None,
}
"""By driver; None: any option is accepted, or none matters."""

LOCAL_FROM_29_5 = _COMMON
"""What `local` accepts from 29.5 on."""

REMOVED = {"logentries": "25.0"}
"""The release that removed a driver."""

_OTHER_DRIVERS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("cloudwatch", "aws-cloudwatch"), ("awslogs",)),
    **dict.fromkeys(("stackdriver", "google-cloud"), ("gcplogs",)),
    "graylog": ("gelf",),
    **dict.fromkeys(("fluent-bit", "fluentbit"), ("fluentd",)),
    **dict.fromkeys(("systemd", "systemd-journald"), ("journald",)),
}
"""By name of a service or program: the driver for it."""


@lru_cache(maxsize=64)  # many services of a file have the same one
def meant_drivers(driver: str) -> tuple[str, ...]:
    """The built-in drivers that a name may stand for. Without any, it may be the alias of a plugin."""
    names = [name for name in LOG_DRIVERS if name not in REMOVED]
    return (
        _OTHER_DRIVERS.get(driver.lower(), ())
        or similar_names(driver, names, 0.65, by_word=False)
        or tuple(name for name in names if len(driver) > 2 and name.startswith(driver))
    )


def unknown_option(name: str, driver: str) -> tuple[str, str] | None:
    """What is wrong with an option that a built-in driver does not accept, and what to write; None if it does."""
    option_names = LOG_DRIVERS[driver]
    if option_names is None or name in option_names or name in EVERYWHERE:
        return None
    other_drivers = [other_driver for other_driver, names in LOG_DRIVERS.items() if names and name in names]
    hint = f", which is one of {', '.join(other_drivers)}" if other_drivers else ""
    fix = "take it out" if other_drivers else _instead(name, driver, option_names)
    return f"{driver} does not accept this option{hint}", fix


def _instead(name: str, driver: str, option_names: frozenset[str]) -> str:
    """What to write for an unknown option. Those of all drivers have no driver's name before them."""
    plain = name.removeprefix(f"{driver}-")
    return (
        f"write {plain}"
        if plain != name and plain in option_names
        else near_fix(name, option_names | EVERYWHERE) or "take it out"
    )
