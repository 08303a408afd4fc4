"""The caches that run on a host, read from its section. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.frozen import frozen
from runnerops.model.common import Key, ServiceName, Tree
from runnerops.model.inventory import Host
from runnerops.services.base import ListeningPlace

CONFIG_LABEL = "runnerops.registry-config.sha256"

DIRECTORY = "/opt/registry"


@frozen
class OwnCache:
    """One cache of the host. `listen` is `ADDRESS:PORT`; `tree` is its whole section, as templates see it."""

    name: str
    upstream: str
    serves: str
    listen: str
    image: str
    volume: str
    config_file: str
    local: bool
    listen_given: bool
    environment: Tree
    config: Tree
    tree: Tree

    @property
    def address(self) -> str:
        """The address part of `listen`, without brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> str:
        """The port part of `listen`."""
        return self.listen.rpartition(":")[2]

    @property
    def probe(self) -> str:
        """The URL that the host itself asks, whatever clients use. For a wildcard this is the loopback address."""
        wildcard = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  asked, not bound
        address = wildcard.get(self.address, self.address)
        return f"http://[{address}]:{self.port}" if ":" in address else f"http://{address}:{self.port}"


def own_caches(host: Host) -> tuple[OwnCache, ...]:
    """The caches in the order of the inventory; none if the host has no section."""
    trees = host.sections.get(ServiceName.REGISTRY, {}).get("caches")
    return tuple(_own_cache(tree) for tree in (trees if isinstance(trees, list) else ()) if isinstance(tree, dict))


def directory(host: Host) -> str:
    """The folder of the files, without a slash at the end."""
    path = host.sections.get(ServiceName.REGISTRY, {}).get("directory")
    return str(path or DIRECTORY).rstrip("/")


def _own_cache(tree: Tree) -> OwnCache:
    environment, config = tree.get("environment"), tree.get("config")
    return OwnCache(
        name=str(tree["name"]),
        upstream=str(tree["upstream"]),
        serves=str(tree["serves"]),
        listen=str(tree["listen"]),
        image=str(tree["image"]),
        volume=str(tree["volume"]),
        config_file=str(tree["config_file"]),
        local=tree.get("local") is True,
        listen_given=tree.get("listen_given") is True,
        environment=environment if isinstance(environment, dict) else {},
        config=config if isinstance(config, dict) else {},
        tree=tree,
    )


def listens(host: Host) -> Iterator[ListeningPlace]:
    """See `FileFormat`."""
    for index, cache in enumerate(own_caches(host)):
        key: Key = ("caches", index, "listen")
        place = host.location(ServiceName.REGISTRY, key)
        yield ListeningPlace(f"cache {cache.name}", ServiceName.REGISTRY.value, key, cache.address, cache.port, place)
