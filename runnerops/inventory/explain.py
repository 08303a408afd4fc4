"""The data of `hosts --explain`: where each value of a host comes from, and what it overrode. Reads the inventory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runnerops.frozen import frozen
from runnerops.inventory.hosts import finish
from runnerops.inventory.layers.document import Document, child
from runnerops.inventory.layers.drafts import merge_layers
from runnerops.inventory.load import drafts_of, read_document
from runnerops.inventory.parse.nodes import Node
from runnerops.inventory.problems import Problems
from runnerops.inventory.sources import Where, folder_of
from runnerops.inventory.targets import no_host
from runnerops.inventory.values.expressions import variables_in
from runnerops.model.common import Key, SourceLocation, Value
from runnerops.model.inventory import Host

FILLED_IN = "filled in"
_FOR_US = frozenset({"local", "listen_given", "config_file"})
"""Fields of a cache for which the inventory has no key."""


@frozen
class Variable:
    """A variable that a value contains, and the layer that sets it."""

    name: str
    source: str
    location: SourceLocation


@frozen
class Layer:
    """A value as one layer wrote it. `source` is `defaults`, `groups.NAME` or `hosts.NAME`."""

    source: str
    location: SourceLocation
    value: Value
    variables: tuple[Variable, ...] = ()


@frozen
class Explained:
    """A value of a host. `over` is what it overrode, the nearest first. A value may be secret, so print it masked.

    `variables` are those in its expressions, and those that these use in turn. `source` is a layer, or `filled in`
    (then `mark` is None) if runnerops itself provides the value. `value` None: it was removed.
    """

    key: Key
    value: Value
    source: str
    location: SourceLocation | None
    over: tuple[Layer, ...] = ()
    variables: tuple[Variable, ...] = ()


def explain(where: Where, host: str) -> tuple[Explained, ...]:
    """Every value of `host`: its address, those of the inventory in merged order, then those that are filled in.

    Raises as `load` does, and UsageError for an unknown host.
    """
    document = read_document(where)
    if host not in document.hosts:
        raise no_host(host, document.hosts, document.groups, document.file)
    drafts = drafts_of(document)
    draft = next(draft for draft in drafts if draft.name == host)
    finished = next(other_host for other_host in finish(drafts, folder_of(where)) if other_host.name == host)
    sources = _sources(document, host)
    merged = merge_layers(document, host, Problems())
    used_variables = _Variables(child(merged, "vars"), sources)
    written = [_explained(key, node, child(draft.node, *key), used_variables) for key, node in _leaves(merged, ())]
    address = Explained(("address",), finished.address, f"hosts.{host}", draft.address_location)
    return (address, *written, *_filled_in(finished, {explained.key for explained in written if explained.value != {}}))


def _sources(document: Document, host: str) -> Mapping[SourceLocation, str]:
    """The layer that wrote at each place."""
    return {location: source for source, node in document.layers(host) for location in _marks(node)}


def _marks(node: Node) -> Iterator[SourceLocation]:
    yield node.location
    inner = node.value.values() if isinstance(node.value, dict) else node.value if isinstance(node.value, tuple) else ()
    for item in inner:
        yield from _marks(item)


@frozen
class _Variables:
    """The variables of a host as they are written, in `tree` by name."""

    tree: Node | None
    sources: Mapping[SourceLocation, str]

    def of(self, node: Node) -> tuple[Variable, ...]:
        """The variables that a value uses, in order, then those that these use."""
        by_name: dict[str, Variable] = {}
        names = list(_names(node))
        for name in names:
            variable = child(self.tree, name) if self.tree else None
            if variable and name not in by_name:
                by_name[name] = Variable(name, self.sources.get(variable.location, ""), variable.location)
                names += _names(variable)
        return tuple(by_name.values())


def _names(node: Node) -> Iterator[str]:
    if isinstance(node.value, str):
        yield from variables_in(node.value)
    inner = node.value.values() if isinstance(node.value, dict) else node.value if isinstance(node.value, tuple) else ()
    for item in inner:
        yield from _names(item)


def _leaves(node: Node, key: Key) -> Iterator[tuple[Key, Node]]:
    """Values that are written or replaced as a whole: scalars, empty mappings, and lists that do not merge by name."""
    from runnerops.inventory.layers.drafts import CACHES, RUNNERS  # noqa: PLC0415

    if isinstance(node.value, dict) and node.value:
        for name, item in node.value.items():
            yield from _leaves(item, (*key, name))
    elif isinstance(node.value, tuple) and key in (CACHES, RUNNERS):
        for index, item in enumerate(node.value):
            yield from _leaves(item, (*key, index))
    else:
        yield key, node


def _explained(key: Key, node: Node, final: Node | None, used_variables: _Variables) -> Explained:
    sources = used_variables.sources
    over: list[Layer] = []  # as written; `{host}` is only replaced in the value that won
    older = node.over
    while older is not None:
        over.append(Layer(sources.get(older.location, ""), older.location, _value(older), used_variables.of(older)))
        older = older.over
    value = _value(final) if final else None
    return Explained(key, value, sources.get(node.location, ""), node.location, tuple(over), used_variables.of(node))


def _value(node: Node) -> Value:
    if isinstance(node.value, dict):
        return {name: _value(item) for name, item in node.value.items()}
    if isinstance(node.value, tuple):
        return [_value(item) for item in node.value]
    return node.value


def _filled_in(host: Host, written: set[Key]) -> Iterator[Explained]:
    """Values in sections that are not in the inventory: mirrors from the wiring, and default fields of caches."""
    for service, section in host.sections.items():
        for key, value in _flat(section, (service.value,)):
            is_written = any(key[:size] in written for size in range(len(key) + 1))
            if value is not None and not is_written and key[-1] not in _FOR_US:
                yield Explained(key, value, FILLED_IN, None)


def _flat(value: Value, key: Key) -> Iterator[tuple[Key, Value]]:
    """The leaves of a section. A list of plain values counts as one leaf."""
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _flat(item, (*key, name))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from _flat(item, (*key, index))
    elif value != {}:
        yield key, value
