"""What a cache would ignore, refuse or die of. Pure. One function a rule.

The registry takes any key in silence, so a misspelt one does nothing; what it cannot decode ends it at its start.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Literal

from runnerops.model.common import Key, Tree, Value
from runnerops.model.host_state import Facts
from runnerops.model.inventory import FileSpec
from runnerops.model.plan import Finding
from runnerops.services.registry.caches import CONFIG_LABEL
from runnerops.services.registry.format import COMPOSE_TEMPLATE, CONFIG_TEMPLATE
from runnerops.services.registry.image import major

Found = Iterator[tuple[str, Literal["error", "warning"], Key, str, str]]
"""Rule, severity, key, message, fix."""

_PROXY: Mapping[str, str] = {
    "remoteurl": "string",
    "username": "string",
    "password": "string",
    "ttl": "duration",
    "exec": "mapping",
    "cachewritetimeout": "duration",
}
_TOP = frozenset(
    {"version", "log", "loglevel", "storage", "auth", "middleware", "http", "notifications", "redis", "health"}
    | {"catalog", "proxy", "compatibility", "validation", "policy", "reporting"}
)
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|ms|s|m|h))+")

_WHAT = {"duration": ("a duration with its unit, such as 168h", "a bare number would be nanoseconds")}


def lint(files: Mapping[FileSpec, Tree], facts: Facts | None) -> Iterable[Finding]:
    """All rules on each config and on the Compose file."""
    images = _images(files)
    for spec, tree in files.items():
        if spec.template == CONFIG_TEMPLATE:
            for found in (_keys(tree), _proxy(tree), _ttl(tree, images.get(spec.name, "")), _upstream(spec, facts)):
                yield from (_finding(spec, *one) for one in found)
        elif spec.template == COMPOSE_TEMPLATE:
            yield from (_finding(spec, *one) for one in _services(tree))


def _finding(
    spec: FileSpec, rule: str, severity: Literal["error", "warning"], key: Key, message: str, fix: str
) -> Finding:
    return Finding(rule, severity, spec.path, key, f"cache {spec.name}: {message}" if spec.name else message, fix)


def _images(files: Mapping[FileSpec, Tree]) -> Mapping[str, str]:
    compose = next((tree for spec, tree in files.items() if spec.template == COMPOSE_TEMPLATE), {})
    services = compose.get("services")
    found = services.items() if isinstance(services, dict) else ()
    return {name: str(one.get("image") or "") for name, one in found if isinstance(one, dict)}


def _keys(tree: Tree) -> Found:
    for name in tree:
        near = get_close_matches(name, _TOP, 1)
        if name not in _TOP and near:
            yield "C001", "error", (name,), f"unknown key, did you mean '{near[0]}'?", f"write {near[0]}"
    proxy = tree.get("proxy")
    for name in proxy if isinstance(proxy, dict) else ():
        near = get_close_matches(name, _PROXY, 1)
        if name not in _PROXY:
            message = f"unknown key, did you mean '{near[0]}'?" if near else "unknown key, which does nothing"
            yield (
                "C001",
                "error" if near else "warning",
                ("proxy", name),
                message,
                f"write {near[0]}" if near else "take it out",
            )


def _proxy(tree: Tree) -> Found:
    proxy = tree.get("proxy")
    if not isinstance(proxy, dict) or not proxy.get("remoteurl"):
        yield (
            "C002",
            "error",
            ("proxy", "remoteurl"),
            "has no upstream, so it would be a registry and no cache",
            "give it one",
        )
        return
    for name, value in proxy.items():
        if not _fits(_PROXY.get(name, ""), value):
            kind = _PROXY[name]
            what, fix = _WHAT.get(kind, (f"a {kind}", "the registry would end at its start"))
            yield "C003", "error", ("proxy", name), f"must be {what}", fix


def _fits(kind: str, value: Value) -> bool:
    if kind == "mapping":
        return isinstance(value, dict)
    if kind == "duration":
        never = value == 0 and not isinstance(value, bool)
        return never or (isinstance(value, str) and (value == "0" or bool(_DURATION.fullmatch(value))))
    return kind != "string" or isinstance(value, str)


def _ttl(tree: Tree, image: str) -> Found:
    proxy = tree.get("proxy")
    if isinstance(proxy, dict) and proxy.get("ttl") is not None and major(image) == 2:
        fix = "take registry:3 as its image, or the ttl out"
        yield "C004", "warning", ("proxy", "ttl"), "registry 2 ignores it: everything expires after 7 days", fix


def _upstream(spec: FileSpec, facts: Facts | None) -> Found:
    registry = facts.registry if facts else None
    if registry and registry.upstreams.get(spec.name) is False:
        fix = "a registry ends at its start when its upstream does not answer; it comes up when the upstream does"
        yield "C005", "warning", ("proxy", "remoteurl"), "its upstream does not answer from this host", fix


def _services(tree: Tree) -> Found:
    services = tree.get("services")
    if not isinstance(services, dict) or not services:
        yield "C006", "error", ("services",), "has no services", "give it one for each of `caches`"
        return
    for name, one in services.items():
        labels = one.get("labels") if isinstance(one, dict) else None
        if not any(
            str(label).startswith(CONFIG_LABEL) for label in (labels if isinstance(labels, dict | list) else ())
        ):
            fix = f"add the label {CONFIG_LABEL}: {{{{ cache.config_sha256 }}}}"
            message = "has no label with its config's checksum, so every change of the config recreates it by force"
            yield "C007", "warning", ("services", name, "labels"), message, fix
