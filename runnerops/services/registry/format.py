"""The files of the caches as documents: one registry-config a cache, one Compose file for all. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import yaml

from runnerops.model.common import ServiceName, Tree, Value
from runnerops.model.inventory import FileSpec, Host, RenderedFile
from runnerops.services.base import ParseError
from runnerops.services.registry.caches import directory, own_caches
from runnerops.services.registry.compose_yaml import ComposeLoader
from runnerops.services.registry.label import config_sha256

NAME: ServiceName = ServiceName.REGISTRY
CONFIG_TEMPLATE = "registry-config.yml.j2"
COMPOSE_TEMPLATE = "docker-compose.yml.j2"

HUB_CACHE = "dockerhub"
"""The cache whose config has no name in its own file's name."""

_MOST_NODES = 20_000
_QUOTED = re.compile(r"\s*(?:'[^']*'|\"[^\"]*\")")
_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
"""Ends of lines to YAML 1.1, which its writer does not escape among other letters."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def files(host: Host) -> tuple[FileSpec, ...]:
    """The configs first: the Compose file carries their checksums. None where no cache is left."""
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


def spec_at(path: str, mode: str = "0644") -> FileSpec:
    """What a file of this name is, whether a cache still asks for it or not."""
    name = path.rpartition("/")[2]
    if not name.startswith("registry-config"):
        return FileSpec(NAME, path, COMPOSE_TEMPLATE, "yaml", mode)
    cache = name.removeprefix("registry-config").removesuffix(".yml").lstrip(".")
    return FileSpec(NAME, path, CONFIG_TEMPLATE, "yaml", mode, name=cache or HUB_CACHE)


def context(host: Host, spec: FileSpec, done: Sequence[RenderedFile]) -> Mapping[str, Any]:
    """`cache` and `merge` for a config; `caches`, each with its `config_sha256`, for the Compose file."""
    if spec.template == CONFIG_TEMPLATE:
        cache = next(cache for cache in own_caches(host) if cache.name == spec.name)
        return {"cache": cache.tree, "merge": merge}
    shas = {file.spec.name: config_sha256(parse(file.content or b"")) for file in done}
    return {"caches": [{**cache.tree, "config_sha256": shas[cache.name]} for cache in own_caches(host)]}


def merge(base: Tree, more: Tree) -> Tree:
    """`more` over `base`, mapping by mapping; null takes away."""
    merged = dict(base)
    for name, value in more.items():
        below = merged.get(name)
        merged[name] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return {
        name: merge(value, {}) if isinstance(value, dict) else value
        for name, value in merged.items()
        if value is not None
    }


def parse(content: bytes, *, strict: bool = True, compose: bool = False) -> Tree:
    """Plain YAML, as the registry reads it: the first document, tags of one's own passed over. Raises ParseError.

    `strict`: keys that stand twice are refused, as Compose does; the registry takes the last one. `compose`: with the types
    that Compose knows, and without what is tagged `!reset`.
    """
    try:
        loader = (ComposeLoader if compose else _LOADER)(content.decode("utf-8-sig"))
        try:
            root = loader.get_node() if loader.check_node() else None
            if compose:
                _take_out_reset(root)
            _pass_over_tags(loader, root)
            if strict:
                _refuse_duplicates(root)
            tree = loader.construct_document(root) if root else {}
        finally:
            loader.dispose()
    except UnicodeDecodeError:
        raise ParseError(0, 0, "is not UTF-8") from None
    except yaml.MarkedYAMLError as error:
        location = error.problem_mark or error.context_mark
        place = (location.line + 1, location.column + 1) if location else (0, 0)
        raise ParseError(*place, _QUOTED.sub("", error.problem or "is no YAML")) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ParseError(0, 0, "is no YAML") from None
    if not isinstance(tree, dict):
        raise ParseError(1, 1, "must be a mapping")
    plain = _Plain().value(tree)
    assert isinstance(plain, dict)
    return plain


def dump(tree: Tree) -> bytes:
    """Keys in order of the alphabet, one value a line."""
    text = _text(tree, plain=True)
    return (_text(tree, plain=False) if _LINE_ENDS.search(text) else text).encode()


def _text(tree: Tree, *, plain: bool) -> str:
    """`plain`: letters of any script as they are, else escaped."""
    text: str = yaml.safe_dump(tree, sort_keys=True, allow_unicode=plain, width=2**20, default_flow_style=False)
    return text


class _Plain:
    """Copies what YAML gave into a `Tree`; aliases that multiply are counted and refused."""

    def __init__(self) -> None:
        self._left = _MOST_NODES

    def value(self, found: Any, depth: int = 0) -> Value:
        self._left -= 1
        if self._left < 0 or depth > 100:
            raise ParseError(0, 0, "its aliases make it too large")
        if isinstance(found, dict):
            return {str(name): self.value(item, depth + 1) for name, item in found.items()}
        if isinstance(found, list | tuple):
            return [self.value(item, depth + 1) for item in found]
        if found is None or isinstance(found, str | int | float | datetime | date):
            return found
        raise ParseError(0, 0, "holds a value that is neither text, number nor date")


def _take_out_reset(root: yaml.Node | None) -> None:
    for node in _nodes(root):
        if isinstance(node, yaml.MappingNode):
            node.value = [(key, value) for key, value in node.value if value.tag != "!reset"]
        elif isinstance(node, yaml.SequenceNode):
            node.value = [value for value in node.value if value.tag != "!reset"]


def _pass_over_tags(loader: Any, root: yaml.Node | None) -> None:
    """`!reset`, `!override` and others are taken as what they stand before."""
    for node in _nodes(root):
        if node.tag.startswith("!"):
            value = node.value if isinstance(node, yaml.ScalarNode) else None
            node.tag = loader.resolve(type(node), value, (True, False))


def _refuse_duplicates(root: yaml.Node | None) -> None:
    for node in _nodes(root):
        if isinstance(node, yaml.MappingNode):
            seen: set[tuple[str, str]] = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                    if (key.tag, key.value) in seen:
                        raise ParseError(
                            key.start_mark.line + 1, key.start_mark.column + 1, "this key stands here twice"
                        )
                    seen.add((key.tag, key.value))


def _nodes(root: yaml.Node | None) -> Iterator[yaml.Node]:
    """Every node once, however often it is aliased."""
    waiting, met = [root] if root else [], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in met:
            continue
        met.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
