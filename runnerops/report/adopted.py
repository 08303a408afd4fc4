"""The result of `adopt`, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runnerops.adopt.draft import Draft
from runnerops.adopt.entry import Entry
from runnerops.adopt.place import AdoptedHost
from runnerops.adopt.templates import FOLDER, Templates
from runnerops.model.host_names import brief
from runnerops.report.screen import Screen
from runnerops.report.text import Line


def show_entries(draft: Draft, screen: Screen) -> None:
    """Prints the entries as the inventory has them, after what hosts have in common."""
    if draft.layer:
        for line in draft.layer.text.splitlines():
            screen.data(line, "verbatim")
    screen.data("hosts:")
    for entry in draft.entries.values():
        for line in entry.lines(2, 2):
            screen.data(line, "verbatim")


def show_by_hand(entries: Mapping[str, Entry], screen: Screen) -> None:
    """Prints the entries that are not written to stderr, for a person to insert."""
    for name, entry in entries.items():
        screen.say(f"{name}: the entry that would keep the host as it is, below `hosts:`", "warn")
        for line in entry.lines(2, 2):
            screen.say(line, "verbatim")
        if entry.variables:
            screen.say(
                f"{name}: its secrets are in variables, which go into .env by hand: {', '.join(entry.variables)}",
                "warn",
            )


def show_notes(hosts: Sequence[AdoptedHost], draft: Draft | None, screen: Screen, *, alone: bool, write: bool) -> None:
    """Prints what the entries of the hosts do not contain, or why there is none. What is the same for several hosts is printed
    once. `alone`: no other host was named.
    """
    names_by_line: dict[Line, list[str]] = {}
    for host in hosts:
        for line in _note_lines(host, draft, write=write):
            names_by_line.setdefault(line, []).append(host.name)
    for (style, text), names in names_by_line.items():
        is_note = style == "warn"
        screen.say(text if alone and is_note else f"{', '.join(brief(names))}: {text}", style)


def _note_lines(host: AdoptedHost, draft: Draft | None, *, write: bool) -> Iterator[Line]:
    yield from (("warn", f"note: {note}") for note in notes_of(host, draft))
    entry = draft.entries.get(host.name) if draft else None
    variables = [*(draft.layer.variables if draft and draft.layer else ()), *(entry.variables if entry else ())]
    if variables:
        where = "in .env" if write else "which --write puts into .env"
        yield "warn", f"note: secrets stand in variables, {where}: {', '.join(variables)}"
    if not host.has_section:
        yield "bad", _why_not(host)


def unchanged_line(names: Sequence[str]) -> str:
    """Which hosts a deploy of the new entries leaves as they are."""
    return f"{', '.join(brief(names))}: a deploy of {'this' if len(names) == 1 else 'these'} changes nothing"


def show_templates(templates: Templates, screen: Screen, *, write: bool) -> None:
    """Prints to stderr what goes into the project's templates, because it is not part of the entries."""
    for name, text in templates.texts.items():
        screen.say(f"{FOLDER}/{name}{'' if write else ', which --write writes'}:", "warn")
        for line in text.splitlines():
            screen.say(f"  {line}", "verbatim")
    for name, text in templates.by_hand.items():
        screen.say(f"{FOLDER}/{name} is your own file and is not changed; add to it:", "warn")
        for line in text.splitlines():
            screen.say(f"  {line}", "verbatim")


def notes_of(host: AdoptedHost, draft: Draft | None) -> tuple[str, ...]:
    """The notes on this host, a sentence each."""
    if draft and (entry := draft.entries.get(host.name)):
        return entry.notes
    return tuple(dict.fromkeys(note for adopted in host.adopted.values() for note in adopted.notes))


def adopted_document(host: AdoptedHost, draft: Draft | None, plan: Mapping[str, Any] | None) -> dict[str, Any]:
    """`plan` is the host's plan as `diff` has it."""
    entry = draft.entries.get(host.name) if draft else None
    result = "adopted" if host.has_section else "present" if host.place.own_sections else "nothing"
    return {
        "host": host.name,
        "result": result,
        "entry": entry_text(entry) if entry else "",
        "variables": [*entry.variables] if entry else [],
        "notes": [*notes_of(host, draft)],
        "plan": plan,
    }


def entry_text(entry: Entry) -> str:
    """The entry as YAML."""
    return "".join(f"{line}\n" for line in entry.lines(0, 2))


def _why_not(host: AdoptedHost) -> str:
    services = sorted(service.value for service in host.place.own_sections)
    if not services:
        return "nothing on it can be managed"
    are = "are" if len(services) > 1 else "is"
    return f"{', '.join(services)} {are} in {host.place.path} already: nothing is overwritten"
