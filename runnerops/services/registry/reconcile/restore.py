"""Earlier files of caches, as if an inventory asked for them. Pure.

Only services of a Compose file of runnerops count as caches. A file from before the first deploy is restored, but
nothing in it is started.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from runnerops.model.common import Tree
from runnerops.model.inventory import Cache, Host, RenderedFile, Restored
from runnerops.services.registry.caches import CONFIG_LABEL, directory, own_caches
from runnerops.services.registry.diff import plain_compose
from runnerops.services.registry.format import COMPOSE_TEMPLATE, CONFIG_TEMPLATE, spec_at
from runnerops.services.registry.format.service import STORAGE, volumes_of
from runnerops.services.registry.reconcile import read
from runnerops.services.shared.listeners import split


def restore(host: Host, files: Mapping[str, bytes | None]) -> Restored:
    """The caches of these files. A file that did not exist then is not asked for, and is removed."""
    ordered = sorted(files.items(), key=lambda item: not _is_config(item[0]))  # the Compose file has their checksums
    specs = {path: spec_at(path) for path, content in ordered if content is not None}
    trees = {path: read(files[path]) or {} for path in specs}
    composed = next((path for path, spec in specs.items() if spec.template == COMPOSE_TEMPLATE), "")
    known_trees = {cache.name: cache.tree for cache in own_caches(host)}
    caches = list(_caches(plain_compose(trees.get(composed, {})), trees, known_trees))
    place = composed.rpartition("/")[0] or directory(host)
    return Restored(
        {"directory": place, "caches": [*caches]},
        tuple(RenderedFile(spec, files[path]) for path, spec in specs.items()),
        tuple(_cache(host, tree) for tree in caches),
    )


def _caches(compose: Tree, trees: Mapping[str, Tree], known_trees: Mapping[str, Tree]) -> Iterator[Tree]:
    """One section for each service, with what planning reads of it."""
    services = compose.get("services")
    for name, service in services.items() if isinstance(services, dict) else ():
        labels = service.get("labels") if isinstance(service, dict) else None
        if not isinstance(service, dict) or not isinstance(labels, dict) or CONFIG_LABEL not in labels:
            continue
        path = next((path for path in trees if spec_at(path).name == name and _is_config(path)), "")
        proxy = trees.get(path, {}).get("proxy")
        plain: Tree = {"serves": "docker.io" if name == "dockerhub" else name, "upstream": "", "url": "", "use": True}
        listen = str(next(iter(_texts(service.get("ports"))), "")).rpartition(":")[0]
        yield {
            **plain,
            **known_trees.get(name, {}),
            "name": name,
            "listen": listen,
            "url": _url(known_trees.get(name, {}), listen),
            "image": str(service.get("image") or ""),
            "volume": volumes_of(compose, name).get(STORAGE, name),
            "environment": service.get("environment") or {},
            "config_file": path.rpartition("/")[2],
            "listen_given": True,
            **({"upstream": str(proxy.get("remoteurl") or "")} if isinstance(proxy, dict) else {}),
        }


def _url(known_tree: Tree, listen: str) -> str:
    """What clients used then: the inventory's URL of now, where the cache listened at another port with that one."""
    url, port = urlsplit(str(known_tree.get("url") or f"http://{listen}")), split(listen)[1]
    if port and str(url.port) == split(str(known_tree.get("listen") or ""))[1]:
        url = url._replace(netloc=f"{url.netloc.rpartition(':')[0]}:{port}")
    return url.geturl()


def _is_config(path: str) -> bool:
    return spec_at(path).template == CONFIG_TEMPLATE


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, str))


def _cache(host: Host, tree: Tree) -> Cache:
    before = next((cache for cache in host.caches if cache.host == host.name and cache.name == tree["name"]), None)
    local = before.local if before else True
    return Cache(
        str(tree["name"]), host.name, str(tree["upstream"]), str(tree["serves"]), str(tree["url"]), local,
        use=before.use if before else True,
    )  # fmt: skip
