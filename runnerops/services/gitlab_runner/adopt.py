"""Makes the section of the inventory from a host's config.toml, without tokens and what the runner wrote by itself.
Pure.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time

from runnerops.model.common import Key, Tree, Value, value_at
from runnerops.model.facts import RunnerFacts
from runnerops.model.host_state import HostState
from runnerops.parsing.comments import comments_by_key, lines_left_over
from runnerops.parsing.places import places_in
from runnerops.services.base import Adopted, ParseError
from runnerops.services.gitlab_runner.diff import key_changes
from runnerops.services.gitlab_runner.diff.matching import normal_url
from runnerops.services.gitlab_runner.format import config_path, parse, runners_of
from runnerops.services.gitlab_runner.observe import NOT_THERE
from runnerops.services.gitlab_runner.schema import HOST_OWNED

_ALWAYS = ("concurrent", "name", "url", "executor")
"""Written even with their default values, because people look for them first."""

KEEP = "keep"
"""Stands in the inventory for a token that the host keeps."""

_HEAD = "# Managed by runnerops"
"""How the first line of the shipped template begins. Every deploy writes it again, so nothing is lost with it."""


def adopt(observed: HostState) -> Adopted:
    """Returns the keys in the order of the file, each runner's name first. What makes no difference is left out."""
    path = config_path(observed)
    file, facts = observed.file(path), observed.facts.runner
    if why := _unmanaged(facts):
        note = f", although {path} exists" if file.content is not None else ""
        return Adopted(notes=(f"{why}{note}: no gitlab_runner section",))
    if file.content is None:
        reason = "does not exist" if file.kind == "absent" else f"is not a regular file (a {file.kind})"
        return Adopted(notes=(f"{path} {reason}: no gitlab_runner section",))
    try:
        tree = parse(file.content)
    except ParseError as error:
        return Adopted(notes=(f"{path}:{error.line}:{error.column}: {error.problem}; correct it, then adopt again",))
    section, notes = _section(tree)
    if facts and not facts.lives:
        section = {"state": "stopped", **section}
        notes = (
            *notes,
            "gitlab-runner is stopped on the host, and stays so: remove `state: stopped` to have it started",
        )
    tokens = frozenset(str(runner["token"]) for runner in runners_of(tree) if runner.get("token"))
    comments, remaining_lines = _comments(file.content, section)
    return Adopted(section, comments, (*notes, *_said_of_comments(path, remaining_lines)), tokens)


def _unmanaged(facts: RunnerFacts | None) -> str:
    if facts is None:
        return "the host has no gitlab-runner"
    if facts.unit.active == NOT_THERE:
        return f"gitlab-runner is not a systemd service on the host ({', '.join(facts.unmanaged_runners) or 'no unit'})"
    return ""


def _section(tree: Tree) -> tuple[Tree, tuple[str, ...]]:
    """The section, and what of the file it cannot express."""
    runners = runners_of(tree)
    section = _pruned({name: value for name, value in tree.items() if name != "user"}, tree, ())
    names = _names(runners)
    identified = [_identified(*runner, runners) for runner in zip(runners_of(section), runners, names, strict=True)]
    section = {**section, "runners": [*identified]} if identified else section
    notes = tuple(_said_of_names(runners, names))
    if dates := tuple(dict.fromkeys(_dates(section, ()))):
        section = {KEEP: [*dates], **section}
        notes += (f"{', '.join(dates)}: dates, which YAML cannot express: `keep` leaves them as the host has them",)
    return section, notes


def _dates(value: Value, at: tuple[str, ...]) -> Iterator[str]:
    """The dotted keys whose value is a date or a time, or a list with one. `runners.KEY` is that key of
    every runner.
    """
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _dates(item, (*at, name))
    elif at == ("runners",):
        for item in _list(value):
            yield from _dates(item, at)
    elif _has_date(value):
        yield ".".join(at)


def _has_date(value: Value) -> bool:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, date | time) or any(map(_has_date, inside))


def _pruned(value: Tree, tree: Tree, at: Key) -> Tree:
    """Removes each key, from the inside outwards, that makes no difference when it is left out."""
    pruned = dict(value)
    for name in value:
        below = (*at, name)
        if isinstance(value[name], dict):
            pruned[name] = _pruned(_tree(value[name]), tree, below)
        elif isinstance(value[name], list):
            pruned[name] = [
                _pruned(item, tree, (*below, index)) if isinstance(item, dict) else item
                for index, item in enumerate(_list(value[name]))
            ]
        owned = len(at) == 2 and at[0] == "runners" and name in HOST_OWNED
        always = name in _ALWAYS and len(at) in {0, 2}
        if owned or (not always and not _differs(tree, below)):
            del pruned[name]
    return pruned


def _differs(tree: Tree, key: Key) -> bool:
    """Whether the file would mean something else without this key."""
    if key == ("runners",):
        return bool(runners_of(tree))
    without = copy.deepcopy(tree)
    place: Value = without
    for part in key[:-1]:
        place = place[part] if isinstance(place, dict | list) else None  # type: ignore[index]
    if isinstance(place, dict):
        del place[str(key[-1])]
    return bool(key_changes(tree, without))


def _identified(runner: Tree, full_runner: Tree, name: str, runners: Sequence[Tree]) -> Tree:
    """The runner with a unique name, with the name in the file if that differs, and with what identifies its token."""
    called = str(full_runner.get("name") or "")
    apart = called != name or sum(str(runner.get("name") or "") == called for runner in runners) > 1
    first: Tree = {"name": name} if called == name else {"name": name, "called": called}
    if apart and full_runner.get("id") and _alone(runners, full_runner):
        first["id"] = full_runner["id"]
    other_keys = {key: value for key, value in runner.items() if key not in {"name", "token"}}
    ordered = {key: other_keys.pop(key) for key in ("url",) if key in other_keys}
    token: Tree = {"token": KEEP if full_runner.get("token") else ""}
    return {**first, **ordered, **token, **other_keys}


def _names(runners: Sequence[Tree]) -> list[str]:
    """The name of each runner in the inventory: that of the file if there is one and it is unique."""
    old_names = [str(runner.get("name") or "") for runner in runners]
    names: list[str] = []
    for number, called in enumerate(old_names, 1):
        usable = called.strip() and called.isprintable() and "{" not in called
        name = called if usable and called not in names else ""
        base, count = (called, 2) if usable else ("unnamed", number)
        while not name or (name != called and name in old_names) or name in names:
            name, count = f"{base}-{count}", count + 1
        names.append(name)
    return names


def _said_of_names(runners: Sequence[Tree], names: Sequence[str]) -> Iterator[str]:
    pairs = zip(runners, names, strict=True)
    if renamed := [name for table, name in pairs if str(table.get("name") or "") != name]:
        are = "are" if len(renamed) > 1 else "is"
        yield f"{', '.join(renamed)} {are} named differently in config.toml, or not at all: `called` keeps that as it is"


def _alone(runners: Sequence[Tree], runner: Tree) -> bool:
    """Whether no other runner of the same GitLab has its id."""
    keys = [(runner.get("id"), normal_url(runner.get("url"))) for runner in runners]
    return keys.count((runner["id"], normal_url(runner.get("url")))) == 1


def _comments(content: bytes, section: Tree) -> tuple[Mapping[Key, tuple[str, ...]], tuple[int, ...]]:
    """Comments on keys that the section has, and the numbers of the lines with other comments."""
    text = content.decode("utf-8-sig").replace("\r\n", "\n")
    places = places_in("toml", text, "")
    comments = {
        key: lines for key, lines in comments_by_key(text, places).items() if value_at(section, key) is not None
    }
    kept_comments = {key: lines for key, lines in comments.items() if not _is_hosts_own(key)}
    head_lines = 1 if text.startswith(_HEAD) else 0
    return kept_comments, tuple(number for number in lines_left_over(text, places, [*comments]) if number != head_lines)


def _is_hosts_own(key: Key) -> bool:
    return key[0] == "runners" and len(key) == 3 and key[2] in HOST_OWNED


def _said_of_comments(path: str, line_numbers: Sequence[int]) -> Iterator[str]:
    if line_numbers:
        lines = f"{'lines' if len(line_numbers) > 1 else 'line'} {_ranges(line_numbers)}"
        yield (
            f"{path}: comments at {lines} do not belong to a key of this entry and are left out; "
            "the first deploy that changes the file removes them from the host"
        )


def _ranges(numbers: Sequence[int]) -> str:
    """`1-3, 7`."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1].append(number)
        else:
            ranges.append([number])
    return ", ".join(str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}" for numbers in ranges)


def _tree(value: Value) -> Tree:
    return value if isinstance(value, dict) else {}


def _list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []
