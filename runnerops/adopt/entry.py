"""The entries of hosts: their sections without secrets, the comments that may be shown, the lines of YAML. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace

from runnerops.adopt.insert import add_host, add_sections, add_vars
from runnerops.adopt.layers import beside, left_over, moved
from runnerops.adopt.secrets import Vault
from runnerops.adopt.templates import secrets_of, variable
from runnerops.adopt.yaml_text import Writer
from runnerops.frozen import frozen
from runnerops.model.common import Key, ServiceName, Tree
from runnerops.redact.texts import secret_spans
from runnerops.services.base import Addition, Adopted

_BLOCKS = frozenset({name.value for name in ServiceName} | {"docker", "config", "environment"})

Comments = Mapping[Key, tuple[str, ...]]
"""Lines above keys, by key."""


@frozen
class Entry:
    """The entry of a host. `about` has its own keys besides the sections, or nothing if the inventory has the host
    already.

    A section that is None removes one that would be inherited. `variables` are the secrets by the names that the
    sections use. `additions` are for templates; secrets in them go to `vars`.
    """

    name: str
    is_in_file: bool
    about: Tree
    sections: Mapping[ServiceName, Tree | None]
    comments: Comments = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()
    additions: tuple[Addition, ...] = ()
    has_vars: bool = False
    """Whether the inventory has `vars` for the host. If so, the variables are added to them."""

    @property
    def vars(self) -> Tree:
        """The host's variables that its additions need."""
        by_variable = {variable(secret): secret for addition in self.additions for secret in secrets_of(addition.value)}
        return {"vars": {**by_variable}} if by_variable else {}

    def beside_vars(self, names: Collection[str]) -> Entry:
        """If the inventory has `vars` of the host with these names: the entry without the additions that need one of
        them.
        """
        kept_additions = tuple(
            addition
            for addition in self.additions
            if not any(variable(secret) in names for secret in secrets_of(addition.value))
        )
        note = f"{self.name} has such names in its `vars` already: what is secret in a template goes there by hand"
        notes = self.notes if kept_additions == self.additions else (*self.notes, note)
        return replace(self, additions=kept_additions, notes=notes, has_vars=True)

    def lines(self, indent: int, step: int) -> list[str]:
        """The whole entry. Its name comes first."""
        tree: Tree = {self.name: {**self.about, **self.vars, **by_name(self.sections)}}
        return list(self._writer(step).lines(tree, indent))

    def into(self, text: str) -> str:
        """The text of the inventory with this entry."""
        if not self.is_in_file:
            return add_host(text, self.lines)
        if not self.sections:
            return text
        apart = self.has_vars and self.vars
        return add_sections(add_vars(text, self.name, self._more_vars) if apart else text, self.name, self._own)

    def _own(self, indent: int, step: int) -> list[str]:
        first = {} if self.has_vars else self.vars
        return list(self._writer(step).lines({**first, **by_name(self.sections)}, indent, (self.name,)))

    def _more_vars(self, indent: int, step: int) -> list[str]:
        own_vars = self.vars["vars"]
        assert isinstance(own_vars, dict)
        return list(self._writer(step).lines(own_vars, indent, (self.name, "vars")))

    def _writer(self, step: int) -> Writer:
        return writer(step, {(self.name, *key): lines for key, lines in self.comments.items()})


def by_name(sections: Mapping[ServiceName, Tree | None]) -> Tree:
    """Sections as keys of the inventory."""
    return {service.value: section for service, section in sections.items()}


def writer(step: int, comments: Comments) -> Writer:
    """Writes entries and layers as YAML."""
    return Writer(step, comments, _BLOCKS)


def make_entry(vault: Vault, about: Tree | None, adopted: Mapping[ServiceName, Adopted], inherited: Tree) -> Entry:
    """`about` None: the inventory has the host. `inherited` are the sections that the host inherits."""
    notes: list[str] = []
    sections: dict[ServiceName, Tree | None] = {}
    comments: dict[Key, tuple[str, ...]] = {}
    for service, adopted_service in adopted.items():
        notes += adopted_service.notes
        above = inherited.get(service.value)
        if adopted_service.section is None:
            if above is not None and about is not None:
                sections[service] = None
                notes.append(f"{service.value} is inherited, but the host does not have it: null leaves it out")
            continue
        section = beside(above, vault.empty(service.value, adopted_service.section))
        stay = tuple(left_over(above, adopted_service.section))
        notes += (
            f"{service.value}: {inherited_name} is inherited, but not on the host: a deploy adds it"
            for inherited_name in stay
        )
        if section or above is None:
            sections[service] = section
        for key, lines in adopted_service.comments.items():
            if place := moved(key, adopted_service.section, section):
                comments[(service.value, *place)] = lines
    all_additions = _additions(adopted, vault)
    hidden = {*vault.shared.values(), *vault.variables.values(), *hidden_texts([adopted])}
    notes += (f"{key[-1]} is secret, but cannot be written into .env: it is in clear text" for key in vault.clear)
    comments = {key: shown(lines, hidden) for key, lines in comments.items()}
    once = tuple(dict.fromkeys(notes))
    return Entry(vault.host, about is None, about or {}, sections, comments, dict(vault.variables), once, all_additions)


def _additions(adopted: Mapping[ServiceName, Adopted], vault: Vault) -> tuple[Addition, ...]:
    pairs = ((service, addition) for service, each in adopted.items() for addition in each.additions)
    return tuple(replace(addition, value=vault.emptied(service.value, addition.value)) for service, addition in pairs)


def hidden_texts(adopted: Sequence[Mapping[ServiceName, Adopted]]) -> frozenset[str]:
    """The texts in the hosts' files that are never shown."""
    return frozenset(text for by_service in adopted for each in by_service.values() for text in each.secrets)


def shown(lines: Sequence[str], hidden: Collection[str]) -> tuple[str, ...]:
    """The lines, without those that may contain a secret."""
    return tuple(line for line in lines if not secret_spans(line) and not any(text in line for text in hidden))
