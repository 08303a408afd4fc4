"""Makes the section of the inventory from the caches on a host, whoever started them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from urllib.parse import urlsplit

from runnerops.frozen import mutable
from runnerops.model.answers import Answers
from runnerops.model.common import Key, Tree, Value, value_at
from runnerops.model.host_state import HostState
from runnerops.parsing.comments import comments_by_key
from runnerops.parsing.places import places_in
from runnerops.services.base import Adopted
from runnerops.services.docker.diff import path_of, tree_of
from runnerops.services.docker.schema import mirrors_of
from runnerops.services.registry.adopt.additions import additions, keys_added
from runnerops.services.registry.adopt.beyond import names
from runnerops.services.registry.adopt.fitting import unfit
from runnerops.services.registry.adopt.listening import Listening, listening
from runnerops.services.registry.adopt.overlay import is_usual, overlay
from runnerops.services.registry.adopt.running import INSIDE, SAID, FoundRegistry, found_registries, value_in_use
from runnerops.services.registry.adopt.upstream import login_of, not_taken, ttl_of, upstream_of
from runnerops.services.registry.caches import DIRECTORY
from runnerops.services.registry.caches.image import DEFAULT_IMAGE
from runnerops.services.registry.format import COMPOSE_TEMPLATE
from runnerops.services.shared.brought_up import PROJECT
from runnerops.services.shared.upstreams import HUB, cache_name, served

_TEMPLATE = f"templates/{COMPOSE_TEMPLATE}"
_FILE = "com.docker.compose.project.config_files"
_FOLDER = "com.docker.compose.project.working_dir"

_COMMENTED: Mapping[Key, str] = {
    ("proxy", "remoteurl"): "upstream",
    ("proxy", "username"): "username",
    ("proxy", "password"): "password",
    ("proxy", "ttl"): "ttl",
    ("storage", "filesystem", "rootdirectory"): "volume",
}


@mutable
class _Section:
    """The section while it is being made."""

    caches: list[Tree] = field(default_factory=list)
    comments: dict[Key, tuple[str, ...]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    directory: str = DIRECTORY
    registries: list[FoundRegistry] = field(default_factory=list)


def adopt(observed: HostState, answers: Answers) -> Adopted:
    """Adopts every registry that is a pull-through cache. For each other one, a note says why it is left alone."""
    made = _Section()
    docker = observed.facts.docker
    if docker and docker.flavour in {"podman", "rootless"}:
        alone = [
            f"container {registry.name} is left alone: it belongs to {docker.flavour}"
            for registry in found_registries(answers)
        ]
        return Adopted(notes=tuple(alone))
    mirrors = mirrors_of(tree_of(observed.file(path_of(observed)).content).get("registry-mirrors"))
    for registry in sorted(found_registries(answers), key=lambda registry: _rank(registry, observed, mirrors)):
        if why := unfit(registry, _storage(registry)[0]):
            made.notes.append(f"container {registry.name} is left alone: {why}")
        else:
            _add(made, registry, listening(registry, observed, mirrors), mirrors)
            made.registries.append(registry)
            if keys := keys_added(registry, observed):
                made.notes.append(
                    f"container {registry.name} has {names(keys)}, for which a section has no key: {_TEMPLATE} has them"
                )
    called = _name(made.caches)
    if not made.caches:
        return Adopted(notes=tuple(made.notes))
    section: Tree = {} if made.directory == DIRECTORY else {"directory": made.directory}
    further = additions([*zip(made.registries, called, strict=True)], observed, made.directory)
    return Adopted({**section, "caches": [*made.caches]}, made.comments, tuple(made.notes), additions=further)


def _rank(registry: FoundRegistry, observed: HostState, mirrors: Sequence[str]) -> int:
    """The order in which the daemon asks them. Those that it does not ask come last, in the order in which they were
    found.
    """
    mirror = listening(registry, observed, mirrors).mirror
    return [*mirrors].index(mirror) if mirror in mirrors else len(mirrors)


def _add(made: _Section, registry: FoundRegistry, listens: Listening, mirrors: Sequence[str]) -> None:
    is_ours = registry.labels.get("com.docker.compose.project") == PROJECT
    upstream, login = upstream_of(registry), login_of(registry)
    volume, root = _storage(registry)
    usual = not registry.mount_of(registry.config_path)
    config = {} if usual else overlay(registry.config)
    if root != INSIDE:
        config = {**config, "storage": {**_tree(config.get("storage")), "filesystem": {"rootdirectory": root}}}
    cache: Tree = {
        "name": registry.labels.get("com.docker.compose.service") if is_ours else None,
        "upstream": upstream,
        "serves": _serves(upstream, listens, mirrors),
        "listen": listens.address or None,
        "url": listens.url or None,
        "image": None if registry.image == DEFAULT_IMAGE else registry.image,
        "username": login[0],
        "password": login[1],
        "ttl": ttl_of(registry),
        "volume": volume,
        "environment": _environment(registry),
        "config": config,
    }  # fmt: skip
    if is_ours and volume == f"runnerops-{cache['name']}":
        cache["volume"] = None
    if is_ours and (folder := registry.labels.get(_FOLDER)):
        made.directory = folder
    made.notes += _notes(registry, listens, volume, is_ours=is_ours, usual=usual)
    at: Key = ("caches", len(made.caches))
    set_keys: Tree = {name: value for name, value in cache.items() if value not in (None, "", {})}
    made.comments |= dict(_comments(registry, set_keys, at)) if not usual else {}
    made.caches.append(set_keys)


def _environment(registry: FoundRegistry) -> Tree:
    """Its variables, except those that other keys of the section express, and those that every cache has."""
    return {
        name: value for name, value in registry.environment.items() if name not in SAID and not is_usual(name, value)
    }


def _serves(upstream: str, listens: Listening, mirrors: Sequence[str]) -> str | None:
    """Given only if the upstream does not show it: a registry that is a mirror of a daemon serves Docker Hub."""
    if served("", upstream):
        return None
    return HUB if listens.mirror and listens.mirror in mirrors else urlsplit(upstream).netloc


def _storage(registry: FoundRegistry) -> tuple[str | None, str]:
    """The volume, or the folder of the host, and the root inside it in a cache of ours."""
    root = str(value_in_use(registry, ("storage", "filesystem", "rootdirectory")) or INSIDE).rstrip("/")
    mount = registry.mount_of(root)
    if mount is None:
        return None, INSIDE
    return mount.source, INSIDE + root[len(mount.inside.rstrip("/")) :]


def _notes(
    registry: FoundRegistry, listens: Listening, volume: str | None, *, is_ours: bool, usual: bool
) -> Iterator[str]:
    yield from not_taken(registry)
    if is_ours:
        return
    if registry.left_out:
        yield f"container {registry.name} has {names(registry.left_out)}, which the cache that takes its place does not have"
    file = registry.labels.get(_FILE)
    owner = f"of {file}" if file else "started by hand"
    yield f"container {registry.name} ({owner}) is a cache: {_taken_over(registry, volume)}"
    if not listens.address:
        yield f"container {registry.name} publishes no port; a deploy publishes port 5000 on the docker bridge"
    if (
        usual or value_at(registry.config, ("storage", "delete", "enabled")) is None
    ) and "REGISTRY_STORAGE_DELETE_ENABLED" not in registry.environment:
        yield f"container {registry.name} never deleted expired content; the cache that takes its place does (storage.delete)"


def _taken_over(registry: FoundRegistry, volume: str | None) -> str:
    """What happens to the container, as `predecessor` decides."""
    if volume is None:
        return "its content is inside the container; stop it before the first deploy, which begins with an empty volume"
    if registry.auto_remove:
        return (
            "it was started with --rm, so a volume without a name is deleted with it; stop it before the first deploy"
        )
    if not registry.ports:
        return "its port is not published by Docker; stop it before the first deploy"
    return "the first deploy stops it and starts a container of its own in its place, with the same content"


def _comments(registry: FoundRegistry, cache: Tree, at: Key) -> Iterator[tuple[Key, tuple[str, ...]]]:
    """Comments on what the section expresses, by the place in the section."""
    text = registry.text.replace("\r\n", "\n")
    for key, lines in comments_by_key(text, places_in("yaml", text, "")).items():
        name = _COMMENTED.get(key, "")
        if name and name in cache:
            yield (*at, name), lines
        elif value_at(cache, ("config", *key)) is not None:
            yield (*at, "config", *key), lines


def _name(caches: list[Tree]) -> tuple[str, ...]:
    """Gives names to caches whose default name is used twice, and removes names that equal the default. Returns all
    names in order.
    """
    names_taken: dict[str, None] = {}
    for cache in caches:
        usual = cache_name("", str(cache.get("serves") or ""), str(cache["upstream"]))
        base = str(cache.pop("name", None) or usual)
        name, count = base, 1
        while name in names_taken:
            count += 1
            name = f"{base}-{count}"
        names_taken[name] = None
        if name != usual:
            further_keys = dict(cache)
            cache.clear()
            cache |= {"name": name, **further_keys}
    return tuple(names_taken)


def _tree(value: Value) -> Tree:
    return value if isinstance(value, dict) else {}
