"""The settings of a registry's config that are neither those of every cache of runnerops nor those of common examples.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.model.common import Key, Tree, Value

_OURS: Mapping[Key, Value] = {
    ("version",): 0.1,
    ("log", "level"): "info",
    ("storage", "delete", "enabled"): True,
    ("health", "storagedriver", "enabled"): True,
    ("health", "storagedriver", "interval"): "10s",
    ("health", "storagedriver", "threshold"): 3,
}
"""The values of templates/registry-config.yml.j2."""

_EXAMPLE: Mapping[Key, Value] = {
    ("log", "fields", "service"): "registry",
    ("storage", "cache", "blobdescriptor"): "inmemory",
    ("http", "headers", "X-Content-Type-Options"): ["nosniff"],
}
"""Settings of the image's own config, from which people start. A cache works better without the second."""

_ELSEWHERE: frozenset[Key] = frozenset(
    {("http", "addr"), ("proxy",), ("storage", "filesystem", "rootdirectory"), ("storage", "cache", "layerinfo")}
)
"""Settings that other keys of the section express."""


def overlay(config: Tree) -> Tree:
    """The `config` of a cache with which it is configured as by this file."""
    return _below((), config)


def _below(at: Key, tree: Tree) -> Tree:
    settings: Tree = {}
    for name, value in tree.items():
        key = (*at, name)
        if value is None or key in _ELSEWHERE or any(_same(usual, key, value) for usual in (_OURS, _EXAMPLE)):
            continue
        inside = _below(key, value) if isinstance(value, dict) else value
        if inside != {}:
            settings[name] = inside
    return settings


def _same(usual: Mapping[Key, Value], key: Key, value: Value) -> bool:
    return key in usual and (usual[key] == value or (key == ("version",) and str(value) == "0.1"))


def is_usual(name: str, value: str) -> bool:
    """Whether a variable sets what every cache of runnerops has."""
    return (name, value.lower()) in {
        ("OTEL_TRACES_EXPORTER", "none"),
        ("REGISTRY_STORAGE_DELETE_ENABLED", "true"),
        ("REGISTRY_LOG_LEVEL", "info"),
    }
