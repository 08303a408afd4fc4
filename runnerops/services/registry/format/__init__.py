"""The files of the caches as documents: one registry-config for each cache, one Compose file for all. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runnerops.model.common import ServiceName, Tree
from runnerops.model.inventory import FileSpec, Host, RenderedFile
from runnerops.patterns import late_pattern
from runnerops.services.registry.caches import directory, own_caches
from runnerops.services.registry.format.label import config_sha256
from runnerops.services.registry.format.reading import parse

NAME: ServiceName = ServiceName.REGISTRY
CONFIG_TEMPLATE = "registry-config.yml.j2"
COMPOSE_TEMPLATE = "docker-compose.yml.j2"

HUB_CACHE = "dockerhub"
"""The cache whose config file has a name without that of the cache."""

_OUR_FILE = late_pattern(r"registry-config(?:\..+)?\.yml|docker-compose\.yml")


def files(host: Host) -> tuple[FileSpec, ...]:
    """The configs first, because the Compose file contains their checksums. None if there are no caches."""
    place, caches = directory(host), own_caches(host)
    if not caches:
        return ()
    configs = (
        FileSpec(
            NAME,
            f"{place}/{cache.config_file}",
            CONFIG_TEMPLATE,
            "yaml",
            name=cache.name,
        )
        for cache in caches
    )
    return (*configs, compose_spec(host))


def compose_spec(host: Host) -> FileSpec:
    """The Compose file of this host."""
    return FileSpec(NAME, f"{directory(host)}/docker-compose.yml", COMPOSE_TEMPLATE, "yaml")


def is_our_file(path: str) -> bool:
    """Whether a path that runnerops applied is one of a cache's."""
    return _OUR_FILE.fullmatch(path.rpartition("/")[2]) is not None


def spec_at(path: str, mode: str = "0644") -> FileSpec:
    """The description of a file with this name, whether a cache still needs it or not."""
    name = path.rpartition("/")[2]
    if not name.startswith("registry-config"):
        return FileSpec(NAME, path, COMPOSE_TEMPLATE, "yaml", mode)
    cache = name.removeprefix("registry-config").removesuffix(".yml").lstrip(".")
    return FileSpec(NAME, path, CONFIG_TEMPLATE, "yaml", mode, name=cache or HUB_CACHE)


def context(host: Host, spec: FileSpec, rendered: Sequence[RenderedFile]) -> Mapping[str, Any]:
    """`cache` and `merge` for a config; `caches`, each with its `config_sha256`, for the Compose file."""
    if spec.template == CONFIG_TEMPLATE:
        cache = next(cache for cache in own_caches(host) if cache.name == spec.name)
        return {"cache": cache.tree, "merge": merge}
    shas = {file.spec.name: config_sha256(parse(file.content or b"")) for file in rendered}
    return {"caches": [{**cache.tree, "config_sha256": shas[cache.name]} for cache in own_caches(host)]}


def merge(base: Tree, overlay: Tree) -> Tree:
    """Lays `overlay` over `base`, mapping by mapping; null removes a key."""
    merged = dict(base)
    for name, value in overlay.items():
        below = merged.get(name)
        merged[name] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return {
        name: merge(value, {}) if isinstance(value, dict) else value
        for name, value in merged.items()
        if value is not None
    }


def dump(tree: Tree) -> bytes:
    """Writes keys in alphabetical order, one value per line."""
    from runnerops.parsing import yaml_dump

    return yaml_dump.dump(tree, sort_keys=True).encode()
