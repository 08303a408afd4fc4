"""The entries of one `adopt`, made together and inserted into the text of the inventory. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from runnerops.adopt.entry import Entry, by_name, make_entry
from runnerops.adopt.joining import variables_in
from runnerops.adopt.layers import merged
from runnerops.adopt.mirrors import with_mirrors, without_mirrors
from runnerops.adopt.place import AdoptedHost, Place, only_adds
from runnerops.adopt.secrets import Vault
from runnerops.adopt.shared import Layer, share
from runnerops.adopt.templates import Templates, templates_with
from runnerops.errors import RunneropsError
from runnerops.frozen import frozen
from runnerops.model.common import Secret, Tree, Value
from runnerops.model.inventory import Inventory


@frozen
class Draft:
    """`text` is the inventory's text with the layer and all entries. `entries` are by the hosts' names."""

    places: Sequence[Place]
    layer: Layer | None
    entries: Mapping[str, Entry]
    text: str = field(repr=False)

    @property
    def variables(self) -> Mapping[str, str]:
        """Every secret, by the name of its variable in the text."""
        secrets = dict(self.layer.variables) if self.layer else {}
        for entry in self.entries.values():
            secrets |= entry.variables
        return secrets

    def templates(self, existing: Mapping[str, str]) -> Templates:
        """The project's templates, including settings of these hosts for which no section has a key. `existing` are
        those that it has.
        """
        return templates_with(existing, {name: entry.additions for name, entry in self.entries.items()})

    @property
    def content(self) -> bytes:
        """The bytes of the inventory with the entries."""
        return self.places[0].content_of(self.text)

    def load(self) -> Inventory:
        """Loads the new inventory. Raises RunneropsError, also if anything else in the inventory would change."""
        path = self.places[0].path
        if not only_adds(self.places, self.text, self.layer.place if self.layer else ""):
            raise RunneropsError(f"{path}: the entry cannot be inserted without changing other lines",
                                 "insert it by hand")  # fmt: skip
        return self.places[0].load(self.content)


@frozen
class Drafted:
    """`draft` is None if no host has an entry that the inventory accepts. `refused` has the reasons, by host name.

    `by_hand` has the entries of the refused hosts, if they could be made.
    """

    draft: Draft | None
    loaded: Inventory | None
    refused: Mapping[str, RunneropsError]
    by_hand: Mapping[str, Entry] = field(default_factory=dict)


def draft_of(hosts: Sequence[AdoptedHost], known_variables: Mapping[str, str], group: str) -> Drafted:
    """The best draft of all hosts whose entries the inventory accepts. A refused host does not exclude the others."""
    return _with((), hosts, known_variables, group)


def _with(
    accepted: Sequence[AdoptedHost], candidates: Sequence[AdoptedHost], known_variables: Mapping[str, str], group: str
) -> Drafted:
    """The draft of these hosts. Those in `accepted` are known to be accepted; `candidates` is halved until it
    is known which of them are refused.
    """
    if not accepted and not candidates:
        return Drafted(None, None, {})
    try:
        draft = best_draft([*accepted, *candidates], known_variables, group)
        return Drafted(draft, draft.load(), {})
    except RunneropsError as error:
        if len(candidates) == 1:
            name, entry = candidates[0].name, _entry_alone(candidates[0], known_variables)
            second = _with(accepted, (), known_variables, group)
            return replace(second, refused={name: _refused(error)}, by_hand={name: entry} if entry else {})
    half = len(candidates) // 2
    first = _with(accepted, candidates[:half], known_variables, group)
    second = _with(
        [*accepted, *(adopted_host for adopted_host in candidates[:half] if adopted_host.name not in first.refused)],
        candidates[half:],
        known_variables,
        group,
    )
    return replace(second, refused={**first.refused, **second.refused}, by_hand={**first.by_hand, **second.by_hand})


def _entry_alone(adopted_host: AdoptedHost, known_variables: Mapping[str, str]) -> Entry | None:
    try:
        return _entry(adopted_host, known_variables, None)
    except RunneropsError:
        return None


def _refused(error: RunneropsError) -> RunneropsError:
    by_hand = "correct that on the host and adopt again, or insert its entry by hand"
    refused = "it has no entry that the inventory would accept"
    if error.problems:
        return RunneropsError(refused, error.hint or by_hand, error.problems)
    return RunneropsError(f"{refused}: {error.message}", error.hint or by_hand)


def best_draft(hosts: Sequence[AdoptedHost], known_variables: Mapping[str, str], group: str) -> Draft:
    """Writes once what several new hosts have in common: in the group, or in the defaults of an inventory without
    hosts.

    Each host gets the same values as if its entry were complete. `known_variables` already have a value.
    """
    bare = make_draft([without_mirrors(adopted_host) for adopted_host in hosts], known_variables)
    loaded = _loaded(bare)
    hosts = [with_mirrors(adopted_host, loaded) for adopted_host in hosts]
    alone = make_draft(hosts, known_variables)
    layer = _layer(hosts, known_variables, group)
    if layer is None:
        return alone
    together = make_draft(hosts, known_variables, layer)
    return together if _asks_for(alone) == _asks_for(together) else alone


def would_share_keys(hosts: Sequence[AdoptedHost], known_variables: Mapping[str, str], draft: Draft) -> bool:
    """Whether hosts with complete entries have something in common that a group could say once."""
    apart = not any(adopted_host.place.is_in_file or adopted_host.place.group for adopted_host in hosts)
    fit = len(hosts) > 1 and draft.layer is None and apart
    return (
        fit
        and share({adopted_host.name: adopted_host.adopted for adopted_host in hosts}, "", known_variables) is not None
    )


def make_draft(hosts: Sequence[AdoptedHost], known_variables: Mapping[str, str], layer: Layer | None = None) -> Draft:
    """The entry of every host, without what the inventory and this layer say already."""
    entries: dict[str, Entry] = {}
    text = hosts[0].place.text
    if layer:
        text = layer.into(text)
    for adopted_host in hosts:
        entry = _entry(adopted_host, known_variables, layer)
        entries[adopted_host.name] = entry
        known_variables = {**known_variables, **entry.variables}
        text = entry.into(text)
    return Draft([adopted_host.place for adopted_host in hosts], layer, entries, text)


def _entry(adopted_host: AdoptedHost, known_variables: Mapping[str, str], layer: Layer | None) -> Entry:
    host = adopted_host.place.host
    own_keys: Tree | None = None if adopted_host.place.is_in_file else adopted_host.place.own_keys
    inherited = adopted_host.place.inherited
    shared = variables_in(inherited, known_variables)
    if layer:
        inherited = merged(inherited, layer.of_host(host.name))
        own_keys = {**(own_keys or {}), "groups": [layer.group]} if layer.group else own_keys
        shared |= layer.variables
    entry = make_entry(Vault(host.name, known_variables, shared), own_keys, adopted_host.adopted, inherited)
    if layer:
        entry = layer.without_its_comments(entry)
    return entry.beside_vars(adopted_host.place.variables) if "vars" in adopted_host.place.entry_keys else entry


def _layer(hosts: Sequence[AdoptedHost], known_variables: Mapping[str, str], group: str) -> Layer | None:
    """The new layer. A new group is empty if there is only one host, or if the hosts have nothing in common."""
    place = hosts[0].place
    if place.group or not (group or place.is_empty):
        return None
    shared = share({adopted_host.name: adopted_host.adopted for adopted_host in hosts}, group, known_variables)
    return shared or (Layer(group, {}) if group else None)


def _loaded(draft: Draft) -> Inventory | None:
    """The new inventory; None if it cannot be loaded."""
    try:
        return draft.places[0].load(draft.content)
    except RunneropsError:
        return None


def _asks_for(draft: Draft) -> Mapping[str, Value]:
    """The sections of each host, with the secrets in place of their variables, whose names depend on the host."""
    loaded = _loaded(draft)
    return {host.name: _plain(by_name(host.sections), draft.variables) for host in loaded.hosts} if loaded else {}


def _plain(value: Value, variables: Mapping[str, str]) -> Value:
    if isinstance(value, dict):
        return {name: _plain(item, variables) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, variables) for item in value]
    return variables.get(value.argument, value.argument) if isinstance(value, Secret) else value
