"""A host's entry in the inventory: its sections without secrets, the comments that may be shown, the lines of YAML. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from runnerops.adopt.insert import add_host, add_sections
from runnerops.adopt.layers import beside, left_over
from runnerops.adopt.secrets import Vault
from runnerops.adopt.yaml_text import Writer
from runnerops.model.common import Key, ServiceName, Tree
from runnerops.redact.texts import secret_spans
from runnerops.services.base import Adopted

_BLOCKS = frozenset({name.value for name in ServiceName} | {"docker", "config", "environment"})


@dataclass(frozen=True, slots=True)
class Entry:
    """`about` are the host's own keys beside its sections, none where the inventory has the host already.

    `variables` are secrets by the name that the sections have for them.
    """

    name: str
    known: bool
    about: Tree
    sections: Mapping[ServiceName, Tree]
    comments: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()

    def lines(self, indent: int, step: int) -> list[str]:
        """The whole entry, its name first."""
        writer = self._writer(step)
        return list(writer.lines({self.name: {**self.about, **self._sections}}, indent))

    def into(self, text: str) -> str:
        """The inventory's text with it."""
        if not self.known:
            return add_host(text, self.lines)
        return add_sections(text, self.name, self._own)

    def with_section(self, service: ServiceName, section: Tree) -> Entry:
        """The same with another section."""
        return replace(self, sections={**self.sections, service: section})

    @property
    def _sections(self) -> Tree:
        return {service.value: section for service, section in self.sections.items()}

    def _own(self, indent: int, step: int) -> list[str]:
        return list(self._writer(step).lines(self._sections, indent, (self.name,)))

    def _writer(self, step: int) -> Writer:
        return Writer(step, {(self.name, *key): lines for key, lines in self.comments.items()}, _BLOCKS)


def make_entry(
    name: str,
    about: Tree | None,
    adopted: Mapping[ServiceName, Adopted],
    inherited: Tree,
    taken: Mapping[str, str],
) -> Entry:
    """`about` None: the inventory has the host. `inherited` are the sections that it has without a word of its own.

    `taken` are variables that have a value.
    """
    vault = Vault(name, taken)
    notes: list[str] = []
    sections: dict[ServiceName, Tree] = {}
    comments: dict[Key, tuple[str, ...]] = {}
    for service, one in adopted.items():
        notes += one.notes
        above = inherited.get(service.value)
        if one.section is None:
            continue
        section = beside(above, vault.empty(service.value, one.section))
        stay = tuple(left_over(above, one.section))
        notes += (f"{service.value}: {other} is inherited, and not on the host: a deploy adds it" for other in stay)
        if section or above is None:
            sections[service] = section
        comments |= {(service.value, *key): lines for key, lines in one.comments.items()}
    hidden = {*vault.variables.values(), *(text for one in adopted.values() for text in one.secrets)}
    comments = {key: _shown(lines, hidden) for key, lines in comments.items()}
    notes += (f"{key[-1]} is secret, and no line of .env can hold it: it stands in clear" for key in vault.clear)
    return Entry(name, about is None, about or {}, sections, comments, vault.variables, tuple(dict.fromkeys(notes)))


def _shown(lines: Sequence[str], hidden: Collection[str]) -> tuple[str, ...]:
    """A line that may hold a secret is left out whole."""
    return tuple(line for line in lines if not secret_spans(line) and not any(text in line for text in hidden))
