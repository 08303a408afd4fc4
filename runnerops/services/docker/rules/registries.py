"""Registries in daemon.json that dockerd is to talk to without TLS, or to push foreign layers to. Pure.

Source: `loadInsecureRegistries` and `validateHostPort` of moby's `daemon/pkg/registry/config.go`, 20.10 to 29.7.
"""

from __future__ import annotations

import re
from ipaddress import ip_network

from runnerops.model.common import Key, Tree
from runnerops.patterns import late_pattern
from runnerops.services.docker.rules.mirrors import has_variable
from runnerops.services.docker.rules.timely import before
from runnerops.services.docker.schema.nested import Found
from runnerops.services.shared.addresses import is_address
from runnerops.services.shared.versions import Version

_PART = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = late_pattern(rf"(?:{_PART}(?:\.{_PART})*|\[[A-Fa-f0-9:]+\])(?::[0-9]+)?")
_START = "dockerd does not start"
_FORM = f"must be HOST, HOST:PORT or a network: {_START}"


def registries(tree: Tree, version: Version | None) -> Found:
    """Every entry that is not a registry. From 28.0 on, those for foreign layers are not read."""
    for name, severity in (
        ("insecure-registries", "error"),
        ("allow-nondistributable-artifacts", before("28.0", version)),
    ):
        value = tree.get(name)
        for index, item in enumerate(value if isinstance(value, list) else ()):
            for rule, _, key, text, fix in _entry(item, (name, index)) if isinstance(item, str) and severity else ():
                yield rule, "error" if severity == "error" else "warning", key, text, fix


def _entry(text: str, key: Key) -> Found:
    kind, found, rest = text.partition("://")
    insecure = key[0] == "insecure-registries"
    if found and not (insecure and kind.lower() in {"http", "https"}):
        yield (
            "D023",
            "error",
            key,
            f"is a URL, but dockerd expects only the address: {_START}",
            f"write {rest or 'HOST:PORT'}",
        )
        return
    place = rest if found else text
    if place and _is_network(place):
        return
    host, colon, port = place.rpartition(":") if not place.endswith("]") else (place, "", "")
    if colon and re.fullmatch(r"[0-9]*", port) and is_address(host.strip("[]")):
        fits = int(port or 0) <= 65535
    else:
        fits = (bool(_HOST.fullmatch(place)) and int(port if colon else 0) <= 65535) or is_address(place)
    if fits:
        return
    text_of, fix = _FORM, "write for example 192.0.2.5:5000"
    if has_variable(place):
        text_of, fix = f"{_FORM}; nothing is replaced in this file", f"write the address itself, {fix[6:]}"
    elif colon and host and not port.isdecimal():
        text_of = f"has a port that is no number: {_START}"
    yield "D023", "error", key, text_of, fix


def _is_network(text: str) -> bool:
    try:
        return "/" in text and bool(re.search(r"/\d+$", text)) and ip_network(text, strict=False) is not None
    except ValueError:
        return False
