"""The registry's own configuration at every depth, as data. Pure.

From distribution's `configuration/configuration.go`, 2.8 and 3.1. Its decoder takes any scalar for a text, and ignores keys
that it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Shape: TypeAlias = "str | list[Shape] | dict[str, Shape]"
"""`text`, `int`, `bool`, `duration` or `any`; a list with the shape of its items; a mapping, `*` for any further key."""

_TLS: Shape = {
    "certificate": "text",
    "key": "text",
    "clientcas": ["text"],
    "clientauth": "text",
    "minimumtls": "text",
    "ciphersuites": ["text"],
    "letsencrypt": {"cachefile": "text", "email": "text", "hosts": ["text"], "directoryurl": "text"},
}

CONFIG: Mapping[str, Shape] = {
    "version": "text",
    "log": {
        "accesslog": {"disabled": "bool"},
        "level": "text",
        "formatter": "text",
        "fields": "any",
        "hooks": "any",
        "reportcaller": "bool",
    },
    "loglevel": "text",
    "storage": "any",
    "auth": "any",
    "middleware": "any",
    "http": {
        "addr": "text",
        "net": "text",
        "host": "text",
        "prefix": "text",
        "secret": "text",
        "relativeurls": "bool",
        "draintimeout": "duration",
        "tls": _TLS,
        "headers": {"*": ["text"]},
        "debug": {"addr": "text", "prometheus": {"enabled": "bool", "path": "text"}},
        "http2": {"disabled": "bool"},
        "h2c": {"enabled": "bool"},
    },
    "notifications": {
        "events": {"includereferences": "bool"},
        "endpoints": [
            {
                "name": "text",
                "disabled": "bool",
                "url": "text",
                "headers": {"*": ["text"]},
                "timeout": "duration",
                "threshold": "int",
                "backoff": "duration",
                "ignoredmediatypes": ["text"],
                "ignore": {"mediatypes": ["text"], "actions": ["text"]},
            }
        ],
    },
    "redis": "any",
    "health": {
        "file": [{"file": "text", "interval": "duration", "threshold": "int"}],
        "http": [
            {
                "uri": "text",
                "headers": {"*": ["text"]},
                "statuscode": "int",
                "timeout": "duration",
                "interval": "duration",
                "threshold": "int",
            }
        ],
        "tcp": [{"addr": "text", "timeout": "duration", "interval": "duration", "threshold": "int"}],
        "storagedriver": {"enabled": "bool", "interval": "duration", "threshold": "int"},
    },
    "catalog": {"maxentries": "int"},
    "proxy": {
        "remoteurl": "text",
        "username": "text",
        "password": "text",
        "exec": {"command": "text", "lifetime": "duration"},
        "ttl": "duration",
        "cachewritetimeout": "duration",
    },
    "compatibility": "any",
    "validation": "any",
    "policy": "any",
    "reporting": "any",
}

STORAGE_ASIDE = frozenset({"maintenance", "cache", "delete", "redirect", "tag"})
"""Keys of `storage` that are no drivers."""

STORAGE: Mapping[str, tuple[str, ...]] = {
    "filesystem": (),
    "inmemory": (),
    "s3": ("region", "bucket"),
    "s3aws": ("region", "bucket"),
    "azure": ("accountname", "container"),
    "gcs": ("bucket",),
    "oss": ("accesskeyid", "accesskeysecret", "region", "bucket"),
    "swift": ("authurl", "username", "password", "container"),
}
"""Storage drivers and the parameters without which each ends the registry at its start."""

REMOVED_STORAGE = frozenset({"oss", "swift"})
"""Gone in registry 3."""

FILESYSTEM = frozenset({"rootdirectory", "maxthreads"})

AUTH: Mapping[str, tuple[str, ...]] = {
    "silly": ("realm", "service"),
    "token": ("realm", "issuer", "service"),
    "htpasswd": ("realm", "path"),
}
"""Access controllers and what each must have."""
