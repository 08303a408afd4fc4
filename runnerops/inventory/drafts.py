"""One host's layers merged into a draft: values with places, and the same values as shape.py knows them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from runnerops.inventory.complaints import host_shape, plain
from runnerops.inventory.document import Document, child
from runnerops.inventory.host_name import with_host
from runnerops.inventory.merge import Merger, NameOf
from runnerops.inventory.nodes import Node
from runnerops.inventory.problems import Problems
from runnerops.inventory.shape import HostShape
from runnerops.model.common import Key, Secret, SourceLocation, Value
from runnerops.services.registry.caches.upstreams import cache_name

RUNNERS: Key = ("gitlab_runner", "runners")
CACHES: Key = ("registry", "caches")


@dataclass(frozen=True, slots=True)
class Draft:
    """A host before its caches and mirrors are filled in. `node` has no nulls left, `{host}` is replaced."""

    name: str
    groups: tuple[str, ...]
    node: Node
    shape: HostShape
    address_location: SourceLocation
    """Of the address, or of the host's name where that is its address."""

    @property
    def has_dind(self) -> bool:
        """Whether a runner of this host is to have Docker-in-Docker."""
        section = self.shape.gitlab_runner
        return any(runner.docker_in_docker for runner in (section.runners if section else None) or ())

    def location(self, *key: str | int) -> SourceLocation:
        """The place of the value at `key`, or of the nearest around it."""
        while (found := child(self.node, *key)) is None:
            key = key[:-1]
        return found.location


def draft(document: Document, host: str, problems: Problems) -> Draft:
    """The host's own address and groups are read apart: layers don't merge them. `{host}` is replaced in all of it."""
    node = _for_host(merge_layers(document, host, problems), host)
    own = _for_host(child(document.hosts[host], "address") or Node(document.hosts[host].location, None), host)
    shape = host_shape({**plain(node), "address": plain(own)}, node, host, problems)
    return Draft(host, document.groups_of(host), node, shape, own.location)


def merge_layers(document: Document, host: str, problems: Problems) -> Node:
    """All that applies to a host as one node; what was taken away is a null there."""
    return _merger(host, problems).fold(node for _, node in document.layers(host))


def inherited(document: Document, host: str) -> Node:
    """What a host has without a word of its own; one that is not in the file has the defaults. Nothing taken away is left."""
    layers = document.layers(host) if host in document.hosts else (("defaults", document.defaults),)
    own = (f"hosts.{host}", None)
    found = [node for source, node in layers if node and node.value is not None and source not in own]
    return _for_host(_merger(host, Problems()).fold(found), host)


def _merger(host: str, problems: Problems) -> Merger:
    named: Mapping[Key, NameOf] = {
        RUNNERS: lambda node: with_host(_text(node, "name"), host),
        CACHES: lambda node: with_host(_cache_name(node), host),
    }
    return Merger(named, problems, ("hosts", host))


def tree(node: Node, key: Key, locations: dict[Key, SourceLocation]) -> Value:
    """The values alone; the places go into `marks`."""
    locations[key] = node.location
    if isinstance(node.value, dict):
        return {name: tree(item, (*key, name), locations) for name, item in node.value.items()}
    if isinstance(node.value, tuple):
        return [tree(item, (*key, index), locations) for index, item in enumerate(node.value)]
    return node.value


def _for_host(node: Node, host: str) -> Node:
    """Without the nulls that took something away, and with `{host}` replaced in every text; keys of mappings stay."""
    value = node.value
    if isinstance(value, dict):
        kept = {name: _for_host(item, host) for name, item in value.items() if item.value is not None}
        return replace(node, value=kept)
    if isinstance(value, tuple):
        return replace(node, value=tuple(_for_host(item, host) for item in value))
    if isinstance(value, Secret):
        return replace(node, value=_secret_for(value, host))
    if isinstance(value, str):
        return replace(node, value=with_host(value, host))
    return node


def _secret_for(secret: Secret, host: str) -> Secret:
    word = re.sub(r"[^A-Za-z0-9]", "_", host).upper() if secret.source == "env" else host
    return replace(secret, argument=with_host(secret.argument, word))


def _text(node: Node, key: str) -> str:
    found = child(node, key)
    return found.value if found and isinstance(found.value, str) else ""


def _cache_name(node: Node) -> str:
    return cache_name(_text(node, "name"), _text(node, "serves"), _text(node, "upstream"))
