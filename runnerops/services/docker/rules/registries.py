"""Registries in daemon.json that dockerd is to talk to without TLS, or to push foreign layers to. Pure.

Source: `loadInsecureRegistries` and `validateHostPort` of moby's `daemon/pkg/registry/config.go`, 20.10 to 29.7.
"""

from __future__ import annotations

import re
from ipaddress import ip_network

from runnerops.model.common import Key, Tree
from runnerops.patterns import late_pattern
from runnerops.services.docker.rules.mirrors import has_variable
from runnerops.services.docker.rules.timely import before, since
from runnerops.services.docker.schema.nested import Found
from runnerops.services.shared.addresses import is_address
from runnerops.services.shared.versions import Version

_PART = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = late_pattern(rf"(?:{_PART}(?:\.{_PART})*|\[[A-Fa-f0-9:]+\])(?::[0-9]+)?")
_START = "dockerd does not start"
_FORM = "must be HOST, HOST:PORT or a network"
_LAST_PORT = 65535


def registries(tree: Tree, version: Version | None) -> Found:
    """Every entry that is not a registry. From 28.0 on, those for foreign layers are not read."""
    for name, severity in (
        ("insecure-registries", "error"),
        ("allow-nondistributable-artifacts", before("28.0", version)),
    ):
        value = tree.get(name)
        for index, item in enumerate(value if isinstance(value, list) and severity else ()):
            for rule, own_severity, key, text, fix in (
                _entry(item, (name, index), version) if isinstance(item, str) else ()
            ):
                yield rule, own_severity if severity == "error" else "warning", key, text, fix


def _entry(text: str, key: Key, version: Version | None) -> Found:
    kind, separator, rest = text.partition("://")
    insecure = key[0] == "insecure-registries"
    if separator and not (insecure and kind.lower() in {"http", "https"}):
        yield (
            "D023",
            "error",
            key,
            f"is a URL, but dockerd expects only the address: {_START}",
            f"write {rest or 'HOST:PORT'}",
        )
        return
    place = rest if separator else text
    if re.search("/0[0-9]+$", place) and _fits(place):
        if severity := since("29.0", version):
            text_of = f"has a prefix with a leading zero: since 29.0, {_START}"
            yield "D023", severity, key, text_of, f"write {re.sub('/0+(?=[0-9])', '/', place)}"
    elif not _fits(place):
        text_of, fix = _slip(place) or _problem(place)
        yield "D023", "error", key, f"{text_of}: {_START}", fix


def _fits(place: str) -> bool:
    """Whether it is a network, or a host with or without a port."""
    if (place and _is_network(place)) or (is_address(place) and "%" not in place):
        return True
    host, colon, port = place.rpartition(":") if not place.endswith("]") else (place, "", "")
    if colon and re.fullmatch(r"[0-9]*", port) and _is_host_address(host):
        return int(port or 0) <= _LAST_PORT
    return bool(_HOST.fullmatch(place)) and int(port if colon else 0) <= _LAST_PORT


def _is_host_address(host: str) -> bool:
    """Whether it is an address as it stands before a port: of IPv6 in brackets, and without a zone."""
    plain = host.strip("[]")
    return is_address(plain) and "%" not in plain and (":" not in plain or host.startswith("["))


def _slip(place: str) -> tuple[str, str] | None:
    """What is wrong, and what to write, for several entries in one, or for a URL that lacks a sign."""
    if len(several := [part for part in re.split(r"[,\s]+", place) if part]) > 1 and all(map(_fits, several)):
        return "holds several, but each is an item of the list", "write " + ", ".join(f'"{part}"' for part in several)
    if (slip := re.fullmatch(r"https?:?/{1,3}([^/]+)/?", place)) and _fits(slip[1]):
        return _FORM, f"write {slip[1]}"
    return None


def _problem(place: str) -> tuple[str, str]:
    """What is wrong with an entry, and what to write."""
    host, colon, port = place.rpartition(":")
    intended = place.strip().partition("/")[0]
    fix = f"write {intended}" if intended != place and _fits(intended) else "write for example 192.0.2.5:5000"
    if has_variable(place):
        return f"{_FORM}; nothing is replaced in this file", "write the address itself, for example 192.0.2.5:5000"
    if place != place.strip():
        return "has a space at its beginning or end", fix
    if "/" in place and re.fullmatch(r"[0-9]+", place.strip().partition("/")[2]) and is_address(intended):
        return (
            "has a prefix that is too long for a network",
            f"write for example {intended}/{64 if ':' in intended else 24}",
        )
    if "/" in place and _fits(intended):
        return "must have no path", fix
    if colon and host and not port.isdecimal():
        return "has a port that is no number", fix
    return _FORM, fix


def _is_network(text: str) -> bool:
    try:
        return (
            "/" in text
            and "%" not in text
            and bool(re.search(r"/\d+$", text))
            and ip_network(text, strict=False) is not None
        )
    except ValueError:
        return False
