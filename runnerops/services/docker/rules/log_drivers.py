"""The log drivers that are built into dockerd, and the options that each accepts, as data. Pure.

From the validators in moby's `daemon/logger`, 20.10 to 29.7. A name with a `:` or `/` is that of a plugin, and is not
judged.
"""

from __future__ import annotations

from collections.abc import Mapping

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

OTHER_DRIVERS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("cloudwatch", "aws-cloudwatch"), ("awslogs",)),
    **dict.fromkeys(("stackdriver", "google-cloud"), ("gcplogs",)),
    "graylog": ("gelf",),
    **dict.fromkeys(("fluent-bit", "fluentbit"), ("fluentd",)),
    **dict.fromkeys(("systemd", "systemd-journald"), ("journald",)),
}
"""By name of a service or program: the driver for it."""
