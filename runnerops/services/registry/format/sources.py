"""Which keys of a cache's section give which keys of its files, as the shipped templates have it. Pure."""

from __future__ import annotations

from runnerops.model.common import Key
from runnerops.model.inventory import FileSpec, Host
from runnerops.services.registry.caches import own_caches
from runnerops.services.registry.format import CONFIG_TEMPLATE

_CONFIG: dict[Key, Key] = {
    ("proxy", "remoteurl"): ("upstream",),
    ("proxy", "username"): ("username",),
    ("proxy", "password"): ("password",),
    ("proxy", "ttl"): ("ttl",),
}
_COMPOSE = {"image": "image", "ports": "listen", "environment": "environment", "volumes": "volume"}


def source_keys(host: Host, spec: FileSpec, key: Key) -> tuple[Key, ...]:
    """The keys in the section of the cache to which the file, or the service in a Compose file, belongs."""
    if spec.template == CONFIG_TEMPLATE:
        cache = _cache(host, spec.name)
        config_key = (*cache, "config", *key) if key else cache
        return (config_key, (*cache, *_CONFIG[key])) if key in _CONFIG else (config_key,)
    if key[:1] == ("services",) and len(key) > 1:
        return ((*_cache(host, str(key[1])), *_of_service(key[2:])),)
    if key[:1] == ("volumes",) and len(key) > 1:
        return ((*_cache(host, str(key[1])), "volume"),)
    return ((),)


def _of_service(key: Key) -> Key:
    name = _COMPOSE.get(str(key[0])) if key else None
    if name is None:
        return key
    return (name, *key[1:]) if name == "environment" else (name,)


def _cache(host: Host, name: str) -> Key:
    indices = (index for index, cache in enumerate(own_caches(host)) if name in {cache.name, f"cache-{cache.name}"})
    return ("caches", index) if (index := next(indices, None)) is not None else ()
