"""The registry's own configuration at every depth, as data. Pure.

From distribution's `configuration/configuration.go`, 2.8 and 3.1. Its decoder takes any scalar for a text, and ignores keys
that it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from runnerops.model.common import Key

Shape: TypeAlias = "str | list[Shape] | dict[str, Shape]"
"""`text`, `int`, `bool`, `duration`, `any` or `ONE|OTHER`; a list with its items' shape; a mapping, `*` for further keys."""

_TLS: Shape = {
    "certificate": "text",
    "key": "text",
    "clientcas": ["text"],
    "clientauth": "request-client-cert|require-any-client-cert|verify-client-cert-if-given|require-and-verify-client-cert",
    "minimumtls": "text",
    "ciphersuites": ["text"],
    "letsencrypt": {"cachefile": "text", "email": "text", "hosts": ["text"], "directoryurl": "text"},
}

_HEADERS: Shape = {"*": ["text"]}

STORAGE_ASIDE: dict[str, Shape] = {
    "maintenance": {
        "uploadpurging": {"enabled": "any", "age": "any", "interval": "any", "dryrun": "any"},
        "readonly": {"enabled": "any"},
    },
    "cache": {"blobdescriptor": "any", "layerinfo": "any", "blobdescriptorsize": "any"},
    "delete": {"enabled": "any"},
    "redirect": {"disable": "any"},
    "tag": {"concurrencylimit": "any"},
}
"""Keys of `storage` that are not drivers. Their values are parsed only when the registry starts, and it ends if one has
the wrong type.
"""

_REDIS: dict[str, Shape] = {
    **dict.fromkeys(("addr", "clientname", "username", "password", "sentinelusername", "sentinelpassword"), "text"),
    **dict.fromkeys(("mastername", "identitysuffix"), "text"),
    **dict.fromkeys(("db", "protocol", "maxretries", "poolsize", "minidleconns", "maxidleconns"), "int"),
    **dict.fromkeys(("maxactiveconns", "maxredirects"), "int"),
    **dict.fromkeys(("minretrybackoff", "maxretrybackoff", "dialtimeout", "readtimeout"), "duration"),
    **dict.fromkeys(("writetimeout", "pooltimeout", "connmaxidletime", "connmaxlifetime"), "duration"),
    **dict.fromkeys(("contexttimeoutenabled", "poolfifo", "readonly", "routebylatency"), "bool"),
    **dict.fromkeys(("routerandomly", "disableidentity", "unstableresp3"), "bool"),
    "addrs": ["text"],
    "pool": {"maxidle": "int", "maxactive": "int", "idletimeout": "duration"},
    "tls": {"certificate": "text", "key": "text", "rootcas": ["text"], "clientcas": "any"},  # of 3.0
}

CONFIG: dict[str, Shape] = {
    "version": "text",
    "log": {
        "accesslog": {"disabled": "bool"},
        "level": "error|warn|info|debug",
        "formatter": "text",
        "fields": {"*": "any"},
        "hooks": [
            {
                "disabled": "bool",
                "type": "text",
                "levels": ["text"],
                "options": {
                    "smtp": {"addr": "text", "username": "text", "password": "text", "insecure": "bool"},
                    "from": "text",
                    "to": ["text"],
                },
            }
        ],
        "reportcaller": "bool",
    },
    "loglevel": "error|warn|info|debug",
    "storage": {**STORAGE_ASIDE, "*": {"*": "any"}},
    "auth": {"*": {"*": "any"}},
    "middleware": {"*": [{"name": "text", "disabled": "bool", "options": {"*": "any"}}]},
    "http": {
        "addr": "text",
        "net": "text",
        "host": "text",
        "prefix": "text",
        "secret": "text",
        "relativeurls": "bool",
        "draintimeout": "duration",
        "tls": _TLS,
        "headers": _HEADERS,
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
                "headers": _HEADERS,
                "timeout": "duration",
                "threshold": "int",
                "backoff": "duration",
                "ignoredmediatypes": ["text"],
                "ignore": {"mediatypes": ["text"], "actions": ["text"]},
            }
        ],
    },
    "redis": _REDIS,
    "health": {
        "file": [{"file": "text", "interval": "duration", "threshold": "int"}],
        "http": [
            {
                "uri": "text",
                "headers": _HEADERS,
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
    "tags": {"maxtags": "int"},
    "proxy": {
        "remoteurl": "text",
        "username": "text",
        "password": "text",
        "exec": {"command": "text", "lifetime": "duration"},
        "ttl": "duration",
        "cachewritetimeout": "duration",
    },
    "compatibility": {"schema1": {"signingkeyfile": "text", "enabled": "bool"}},
    "validation": {
        "enabled": "bool",
        "disabled": "bool",
        "manifests": {
            "urls": {"allow": ["text"], "deny": ["text"]},
            "indexes": {"platforms": "all|none|list", "platformlist": [{"architecture": "text", "os": "text"}]},
        },
    },
    "policy": {"repository": {"classes": ["text"]}},
    "reporting": {
        "bugsnag": {"apikey": "text", "releasestage": "text", "endpoint": "text"},
        "newrelic": {"licensekey": "text", "name": "text", "verbose": "bool"},
    },
}
"""All keys that 2.8 or 3.1 has."""

FIELDS: Mapping[tuple[str, ...], str] = {
    ("health", "file"): "filecheckers",
    ("health", "http"): "httpcheckers",
    ("health", "tcp"): "tcpcheckers",
    ("notifications", "events"): "eventconfig",
    ("log", "hooks", "options"): "mailoptions",
    ("compatibility", "schema1", "signingkeyfile"): "trustkey",
}
"""Keys that have another name in a `REGISTRY_` variable than in the file: the name of the field in the source."""


def variable_of(key: Key) -> str:
    """The name of the variable that sets a key."""
    parts = ["REGISTRY"]
    for index, part in enumerate(key):
        names = tuple(word for word in key[: index + 1] if isinstance(word, str))
        parts.append(FIELDS.get(names, str(part)) if isinstance(part, str) else str(part))
    return "_".join(parts).upper()


_REDIS_OF_BOTH = ("password", "db", "dialtimeout", "readtimeout", "writetimeout")

LOOKED_AT: Mapping[Key, int] = {
    ("http", "tls", "clientauth"): 3,
    ("http", "tls", "letsencrypt", "directoryurl"): 3,
    ("http", "h2c"): 3,
    ("log", "reportcaller"): 3,
    ("tags",): 3,
    ("proxy", "ttl"): 3,
    ("proxy", "cachewritetimeout"): 3,
    ("proxy", "exec"): 3,
    **{("redis", name): 3 for name in _REDIS if name not in _REDIS_OF_BOTH},
    ("redis", "addr"): 2,
    ("redis", "pool"): 2,
    ("validation", "manifests", "indexes"): 3,
    ("storage", "cache", "blobdescriptorsize"): 3,
    ("compatibility",): 2,
    ("reporting",): 2,
}
"""Keys that only one major version has, so that only that version checks the type of their values."""

AUTH: Mapping[str, tuple[str, ...]] = {
    "silly": ("realm", "service"),
    "token": ("realm", "issuer", "service"),
    "htpasswd": ("realm", "path"),
}
"""Access controllers, and the parameters that each requires."""
AUTH_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "token": ("rootcertbundle", "autoredirect", "autoredirectpath", "jwks", "signingalgorithms"),
}
"""Further parameters of access controllers. Others are ignored."""
