"""Merges the layers of one host into a draft: values with places, and the same values in their shapes. Pure."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import replace

from runnerops.frozen import frozen
from runnerops.inventory.keys.complaints import host_shape, plain
from runnerops.inventory.keys.shape import HostShape
from runnerops.inventory.layers.document import Document, child
from runnerops.inventory.layers.merge import Merger, NameOf
from runnerops.inventory.parse.nodes import Content, Node
from runnerops.inventory.problems import ExpressionError, Problems, dotted
from runnerops.inventory.values.expressions import Expressions
from runnerops.inventory.values.host_name import with_host
from runnerops.inventory.values.scalars import ScalarError, Verbatim, check_argument
from runnerops.model.common import Key, Secret, SourceLocation, Tree, Value
from runnerops.parsing.secret_text import with_arguments
from runnerops.services.shared.upstreams import cache_name

RUNNERS: Key = ("gitlab_runner", "runners")
CACHES: Key = ("registry", "caches")


@frozen
class Draft:
    """A host before its caches and mirrors are filled in. `node` contains no nulls, and `{host}` is replaced."""

    name: str
    groups: tuple[str, ...]
    node: Node
    shape: HostShape
    address_location: SourceLocation
    """The place of the address, or of the host's name if that is its address."""

    @property
    def has_dind(self) -> bool:
        """Whether a runner of this host shall have Docker-in-Docker."""
        section = self.shape.gitlab_runner
        return any(runner.docker_in_docker for runner in (section.runners if section else None) or ())

    def location(self, *key: str | int) -> SourceLocation:
        """The place of the value at `key`, or of the nearest value around it."""
        while (nearest := child(self.node, *key)) is None:
            key = key[:-1]
        return nearest.location


def draft(document: Document, host: str, problems: Problems) -> Draft:
    """Makes the draft of a host. Its address and groups are read separately, because they are not merged."""
    expressions = _expressions(document, host)
    written = child(document.hosts[host], "address") or Node(document.hosts[host].location, None)
    address = _Filling(host, expressions, problems).fill(written, ("address",))
    expressions = expressions.with_address(plain(address) or host)
    node = _Filling(host, expressions, problems).fill(merge_layers(document, host, problems), ())
    problems.stop()
    shape = host_shape({**plain(node), "address": plain(address)}, node, host, problems)
    return Draft(host, document.groups_of(host), node, shape, address.location)


def merge_layers(document: Document, host: str, problems: Problems) -> Node:
    """Everything that applies to a host as one node. Values that a layer has removed are nulls."""
    return _merger(host, _expressions(document, host), problems).fold(node for _, node in document.layers(host))


def inherited(document: Document, host: str) -> Node:
    """What a host inherits, without its own entry. For a host that is not in the file, these are the defaults. Without
    nulls.
    """
    layers = document.layers(host) if host in document.hosts else (("defaults", document.defaults),)
    own_sources = (f"hosts.{host}", None)
    nodes = [node for source, node in layers if node and node.value is not None and source not in own_sources]
    expressions = _expressions(document, host) if host in document.hosts else Expressions({"name": host}, dict)
    merged = _merger(host, expressions, Problems()).fold(nodes)
    return _Filling(host, expressions, Problems()).fill(merged, ())


def _expressions(document: Document, host: str) -> Expressions:
    def variables() -> Tree:
        layers = (
            Node(node.location, {"vars": inner}) for _, node in document.layers(host) if (inner := child(node, "vars"))
        )
        merged = child(_merger(host, Expressions({}, dict), Problems()).fold(layers), "vars")
        content = tree(_Filling(host, Expressions({}, dict), None).fill(merged, ()), (), {}) if merged else {}
        return content if isinstance(content, dict) else {}

    return Expressions({"name": host, "groups": list(document.groups_of(host))}, variables)


def _merger(host: str, expressions: Expressions, problems: Problems) -> Merger:
    def name_of(text: str) -> str:
        with contextlib.suppress(ExpressionError):  # reported where the value is replaced
            return str(expressions.expand(with_host(text, host)))
        return text

    names: Mapping[Key, NameOf] = {
        RUNNERS: lambda node: name_of(_text(node, "name")),
        CACHES: lambda node: name_of(_cache_name(node)),
    }
    return Merger(names, problems, ("hosts", host))


def tree(node: Node, key: Key, locations: dict[Key, SourceLocation]) -> Value:
    """The values alone. Their places are added to `locations`."""
    locations[key] = node.location
    if isinstance(node.value, dict):
        return {name: tree(item, (*key, name), locations) for name, item in node.value.items()}
    if isinstance(node.value, tuple):
        return [tree(item, (*key, index), locations) for index, item in enumerate(node.value)]
    return node.value


@frozen
class _Filling:
    """Replaces `{host}` and expressions in the values of a host. With `problems` None, only `{host}`."""

    host: str
    expressions: Expressions
    problems: Problems | None

    def fill(self, node: Node, key: Key) -> Node:
        """The node without nulls, except in the `config` of a cache, from which the template gets them."""
        value = node.value
        if isinstance(value, dict):
            nulls = key[: len(CACHES)] == CACHES and key[len(CACHES) + 1 :][:1] == ("config",)
            filled = {
                name: self.fill(item, (*key, name)) for name, item in value.items() if nulls or item.value is not None
            }
            return replace(node, value={name: item for name, item in filled.items() if nulls or item.value is not None})
        if isinstance(value, tuple):
            return replace(node, value=tuple(self.fill(item, (*key, index)) for index, item in enumerate(value)))
        if isinstance(value, Secret):
            return replace(node, value=self._secret(value, node, key))
        if isinstance(value, Verbatim):
            return replace(node, value=str(value)) if self.problems else node
        return self._text(value, node, key) if isinstance(value, str) else node

    def _text(self, value: str, node: Node, key: Key) -> Node:
        text = with_host(value, self.host)
        expanded = self._expanded(text, node, key)
        return node if expanded is value else replace(node, value=_content(expanded, node.location))

    def _secret(self, secret: Secret, node: Node, key: Key) -> Secret:
        argument = str(self._expanded(secret.argument, node, key))
        if secret.source == "secret":
            argument = with_host(with_arguments(argument, self._argument), self.host)
        else:
            argument = self._argument(secret.source, argument)
        try:
            return replace(secret, argument=check_argument(secret.source, argument))
        except ScalarError as error:
            self._note(node, key, error.text, error.hint)
            return secret

    def _argument(self, source: str, text: str) -> str:
        word = re.sub(r"[^A-Za-z0-9]", "_", self.host).upper() if source == "env" else self.host
        return with_host(text, word)

    def _expanded(self, text: str, node: Node, key: Key) -> Value:
        if ("{{" not in text and "{%" not in text) or self.problems is None:
            return text
        try:
            return self.expressions.expand(text)
        except ExpressionError as error:
            self._note(node, key, error.text, error.hint)
            return text

    def _note(self, node: Node, key: Key, text: str, hint: str) -> None:
        if self.problems is not None:
            self.problems.add(node.location, dotted(("hosts", self.host, *key)), text, hint)


def _content(value: Value, location: SourceLocation) -> Content:
    """The value of an expression, with the place of the expression."""
    if isinstance(value, dict):
        return {name: Node(location, _content(item, location)) for name, item in value.items()}
    if isinstance(value, list):
        return tuple(Node(location, _content(item, location)) for item in value)
    assert value is None or isinstance(value, str | int | float | bool | Secret)
    return value


def _text(node: Node, key: str) -> str:
    entry = child(node, key)
    return entry.value if entry and isinstance(entry.value, str) else ""


def _cache_name(node: Node) -> str:
    return cache_name(_text(node, "name"), _text(node, "serves"), _text(node, "upstream"))
