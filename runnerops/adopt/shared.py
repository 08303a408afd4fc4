"""Writes what several hosts have in common once, in `defaults` or in a group. Each host then has what differs. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field, replace

from runnerops.adopt.entry import Comments, Entry, by_name, hidden_texts, shown, writer
from runnerops.adopt.insert import add_defaults, add_group
from runnerops.adopt.layers import common, for_host, moved
from runnerops.adopt.secrets import Vault
from runnerops.frozen import frozen
from runnerops.inventory.values.scalars import Verbatim
from runnerops.model.common import Key, Secret, ServiceName, Tree, Value
from runnerops.services.base import Adopted

DEFAULTS = "defaults"

Sections = Mapping[ServiceName, Tree]


@frozen
class Layer:
    """A layer. `group` is its name; empty for `defaults`. `variables` are the secrets in its sections by name."""

    group: str
    sections: Sections
    comments: Comments = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def place(self) -> str:
        """The dotted place of the layer in the inventory."""
        return f"groups.{self.group}" if self.group else DEFAULTS

    def lines(self, indent: int, step: int) -> list[str]:
        """The layer as lines of YAML: its name and its sections."""
        name = self.group or DEFAULTS
        comments = {(name, *key): lines for key, lines in self.comments.items()}
        return list(writer(step, comments).lines({name: by_name(self.sections)}, indent))

    @property
    def text(self) -> str:
        """The layer as YAML text of an inventory."""
        lines = ["groups:", *self.lines(2, 2)] if self.group else self.lines(0, 2)
        return "".join(f"{line}\n" for line in lines)

    def into(self, text: str) -> str:
        """The text of the inventory with this layer."""
        return add_group(text, self.lines) if self.group else add_defaults(text, self.lines)

    def without_its_comments(self, entry: Entry) -> Entry:
        """The entry without the comments that the layer has already."""
        own_lines = {line for lines in self.comments.values() for line in lines}
        own_comments = {
            key: tuple(line for line in lines if line not in own_lines) for key, lines in entry.comments.items()
        }
        return replace(entry, comments=own_comments)

    def of_host(self, name: str) -> Tree:
        """The values that a host inherits from the layer."""
        return {key: for_host(value, name) for key, value in by_name(self.sections).items()}


def share(
    adopted: Mapping[str, Mapping[ServiceName, Adopted]], group: str, known_variables: Mapping[str, str]
) -> Layer | None:
    """What two or more hosts, by name, have in common; None if there is nothing.

    Runners whose names contain the name of their host count as equal, with `{host}` in its place.
    """
    vault = Vault(group or "shared", known_variables)
    emptied = {name: dict(_emptied(name, by_service, vault)) for name, by_service in adopted.items()}
    shared: dict[ServiceName, Tree] = {}
    for service in ServiceName:
        sections = [by_service[service] for by_service in emptied.values() if service in by_service]
        if len(sections) == len(adopted) > 1 and (alike := common(sections)):
            shared[service] = alike
    if not shared:
        return None
    used = set(_variables(by_name(shared)))
    hidden = {*vault.variables.values(), *hidden_texts([*adopted.values()])}
    comments = {key: shown([*dict.fromkeys(lines)], hidden) for key, lines in _comments(adopted, shared).items()}
    return Layer(group, shared, comments, {key: text for key, text in vault.variables.items() if key in used})


def _emptied(name: str, adopted: Mapping[ServiceName, Adopted], vault: Vault) -> Iterator[tuple[ServiceName, Tree]]:
    for service, adopted_service in adopted.items():
        if adopted_service.section is not None:
            yield service, _general(name, vault.empty(service.value, adopted_service.section))


def _general(host: str, section: Tree) -> Tree:
    """The section with `{host}` in place of the host's name in the names of runners, here and in config.toml."""
    runners = section.get("runners")
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(host)}(?![A-Za-z0-9])")
    if not isinstance(runners, list):
        return section
    entries: list[Value] = []
    for runner in runners:
        table = runner if isinstance(runner, dict) else {}
        names = {key: text for key in ("name", "called") if isinstance(text := table.get(key), str)}
        general = {key: word.sub("{host}", text) for key, text in names.items() if not isinstance(text, Verbatim)}
        entries.append({**table, **general} if table else runner)
    return {**section, "runners": entries}


def _variables(value: Value) -> Iterator[str]:
    if isinstance(value, Secret):
        yield value.argument
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inside:
        yield from _variables(item)


def _comments(adopted: Mapping[str, Mapping[ServiceName, Adopted]], sections: Sections) -> Mapping[Key, list[str]]:
    """The comments that every host's file has about keys of this layer."""
    by_place: dict[Key, list[str]] = {}
    for name, services in adopted.items():
        for service, adopted_service in services.items():
            alike = for_host(sections.get(service), name)
            for key, lines in adopted_service.comments.items():
                if place := moved(key, adopted_service.section, alike):
                    by_place.setdefault((service.value, *place), []).extend(lines)
    return by_place
