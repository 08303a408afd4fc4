"""Fills in the keys of a host's caches that need not be written. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from runnerops.frozen import frozen
from runnerops.inventory.hosts.bridge import Bridge, bridge
from runnerops.inventory.keys.checks import Refused, name, volume
from runnerops.inventory.keys.endpoints import split_listen
from runnerops.inventory.keys.shape import CacheShape
from runnerops.inventory.layers.drafts import CACHES, Draft
from runnerops.inventory.problems import Problems, dotted
from runnerops.model.common import Key, SourceLocation, Tree, Value
from runnerops.model.inventory import Cache
from runnerops.parsing.odd_numbers import as_written
from runnerops.services.registry.caches.image import DEFAULT_IMAGE
from runnerops.services.shared.upstreams import HUB, HUB_CACHE, HUB_UPSTREAM, cache_name, served

PORT = 5000


@frozen
class Filled:
    """A cache: its section (`tree`), its form for clients (`cache`), and the groups that may use it (None: all)."""

    tree: Tree
    cache: Cache
    groups: tuple[str, ...] | None
    place: Key
    location: SourceLocation


class _Filler:
    """Fills in the caches of one host. A cache with a problem is left out, and the problem is noted."""

    def __init__(self, draft: Draft, problems: Problems, siblings: Mapping[str, str]) -> None:
        self._draft = draft
        self._problems = problems
        self._siblings = siblings

    def bridge(self) -> Bridge:
        section = self._draft.shape.docker
        try:
            return bridge(section.other_keys if section else {})
        except Refused as error:
            key, _, text = error.text.partition(": ")
            self._note(("docker", key), text, error.hint)
            return Bridge(None, ())

    def fill(self, index: int, shape: CacheShape, local: Bridge) -> Filled | None:
        place = (*CACHES, index)
        serves = served(shape.serves or "", shape.upstream or "", self._siblings)
        own_name = cache_name(shape.name or "", shape.serves or "", shape.upstream or "")
        listen = shape.listen or self._listen(index, own_name, local)
        url = shape.url or self._url(index, listen)
        sound = self._check(place, shape, serves, own_name)
        if not (listen and url and sound):
            return None
        upstream = shape.upstream or HUB_UPSTREAM
        reach = local.has_host_of(urlsplit(url).hostname or "")
        address = listen.rpartition(":")[0].strip("[]")
        if address in {"", "0.0.0.0", "::"}:  # noqa: S104  compared, not bound
            address = self._draft.shape.address or ""
        cache = Cache(own_name, self._draft.name, upstream, serves, url, reach, shape.use is not False, address)
        groups = None if shape.for_ is None else tuple(shape.for_)
        return Filled(_tree(shape, cache, listen), cache, groups, place, self._draft.location(*place))

    def check_unique(self, caches: list[Filled]) -> None:
        """Checks that no two caches of a host share an address and port, or a volume. (Merging makes names unique.)"""
        for index, filled_cache in enumerate(caches):
            for other_cache in caches[:index]:
                if _same_port(str(filled_cache.tree["listen"]), str(other_cache.tree["listen"])):
                    text = f"cache {other_cache.cache.name!r} listens on this port already"
                    self._note((*filled_cache.place, "listen"), text, "give one of them another port")
                if filled_cache.tree["volume"] == other_cache.tree["volume"]:
                    text = f"cache {other_cache.cache.name!r} has this volume already"
                    self._note((*filled_cache.place, "volume"), text, "give each cache a volume of its own")

    def _listen(self, index: int, own_name: str, local: Bridge) -> str:
        key = (*CACHES, index)
        if index:
            text = f"cache {own_name!r} must say where it listens: only the first has a default"
            self._note(key, text, f"for example `listen: {local.address or 'ADDRESS'}:{PORT + index}`")
        elif local.address is None:
            self._note(key, f"cache {own_name!r} must say where it listens", f"write `listen: ADDRESS:{PORT}`")
        return f"{local.address}:{PORT}" if local.address and not index else ""

    def _url(self, index: int, listen: str) -> str:
        if listen and split_listen(listen)[0].is_unspecified:
            text = "listens on all addresses, so the URL for its clients is not known"
            self._note(
                (*CACHES, index, "listen"),
                text,
                "add `url: http://ADDRESS:PORT` with an address that its clients can reach",
            )
            return ""
        return f"http://{listen}" if listen else ""

    def _check(self, place: Key, shape: CacheShape, serves: str, own_name: str) -> bool:
        before = len(self._problems.noted)
        if (shape.username is None) != (shape.password is None):
            present, missing = ("username", "password") if shape.password is None else ("password", "username")
            self._note((*place, present), f"has no {missing} beside it", f"add `{missing}`, or take `{present}` out")
        if not serves:
            host = urlsplit(shape.upstream or "").netloc
            text = f"it is not known whose images {shape.upstream} has, so `serves` must say it"
            hint = f"`serves: docker.io` makes it a mirror of Docker Hub; `serves: {host}`, or any other name, does not"
            self._note((*place, "upstream"), text, hint)
        elif serves != HUB and shape.upstream is None:
            text = f"serves {serves}, but has no `upstream`"
            self._note((*place, "serves"), text, f"add `upstream: https://{serves}`")
        try:
            name(own_name)
            volume(_volume(shape, own_name))
        except Refused:
            self._note(place, f"{own_name!r} cannot be the name of this cache", "give it a name: `name: …`")
        return len(self._problems.noted) == before

    def _note(self, key: Key, text: str, hint: str) -> None:
        self._problems.add(self._draft.location(*key), dotted(("hosts", self._draft.name, *key)), text, hint)


_ENVIRONMENT = {"OTEL_TRACES_EXPORTER": "none"}
"""Registry 3 sends traces to a collector on localhost unless this is set."""


def known_caches(drafts: Sequence[Draft]) -> Mapping[str, str]:
    """The registry that each cache of an inventory serves, by the URL for clients. A cache of a cache serves the same
    one.
    """
    shapes = [shape for draft in drafts for shape in (draft.shape.registry and draft.shape.registry.caches) or ()]
    by_url: dict[str, str] = {}
    while True:
        next_urls = {
            (shape.url or f"http://{shape.listen}").rstrip("/"): registry
            for shape in shapes
            if (registry := served(shape.serves or "", shape.upstream or "", by_url)) and (shape.url or shape.listen)
        }
        if next_urls.keys() <= by_url.keys():
            return by_url
        by_url |= next_urls


def fill_caches(draft: Draft, problems: Problems, siblings: Mapping[str, str]) -> list[Filled]:
    """All valid caches of one host. Problems with the others are noted. `siblings` is the result of `known_caches`."""
    section = draft.shape.registry
    if section is None or not section.caches:
        return []
    filler = _Filler(draft, problems, siblings)
    local = filler.bridge()
    filled = [filler.fill(index, shape, local) for index, shape in enumerate(section.caches)]
    valid_caches = [cache for cache in filled if cache]
    filler.check_unique(valid_caches)
    return valid_caches


def _tree(shape: CacheShape, cache: Cache, listen: str) -> Tree:
    return {
        "name": cache.name,
        "upstream": cache.upstream,
        "serves": cache.serves,
        "listen": listen,
        "url": cache.url,
        "image": shape.image or DEFAULT_IMAGE,
        "username": shape.username,
        "password": shape.password,
        "ttl": shape.ttl,
        "volume": _volume(shape, cache.name),
        "environment": _ENVIRONMENT | {key: _as_text(value) for key, value in (shape.environment or {}).items()},
        "config": shape.config or {},
        "use": cache.use,
        "for": None if shape.for_ is None else list(shape.for_),
        "config_file": "registry-config.yml" if cache.name == HUB_CACHE else f"registry-config.{cache.name}.yml",
        "local": cache.local,
        "listen_given": shape.listen is not None,
    }


def _volume(shape: CacheShape, own_name: str) -> str:
    return shape.volume or f"runnerops-{own_name}"


def _as_text(value: Value) -> Value:
    """Converts a boolean or number to the text that stands in the inventory. Compose refuses booleans in `environment`,
    and the registry reads every value as YAML.
    """
    return as_written(value) if isinstance(value, int | float) else value


def _same_port(first: str, second: str) -> bool:
    (left, port), (right, number) = split_listen(first), split_listen(second)
    return port == number and (left == right or left.is_unspecified or right.is_unspecified)
