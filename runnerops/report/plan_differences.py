"""The differences between a host's saved plan and its new one, and who made them, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import TypeVar

from runnerops.model.host_state import Run
from runnerops.model.saved_plan import SavedAction, SavedFile, SavedHost, SavedKey, SavedUpdate
from runnerops.report.history import holder_text

Row = TypeVar("Row")

_WRITERS = {"hand": "edited on the host", "runner": "written by gitlab-runner itself"}


def differences(saved: SavedHost, current: SavedHost, last: Run | None) -> tuple[str, ...]:
    """A sentence for each, causes before their effects; () if both would do the same. `last`: the host's last run."""
    if _without_writers(saved) == _without_writers(current):
        return ()
    sentences = tuple(dict.fromkeys(_sentences(saved, current, last)))
    return sentences or ("something that the plan depends on has changed",)


def _sentences(saved: SavedHost, current: SavedHost, last: Run | None) -> Iterator[str]:
    if saved.machine != current.machine:
        yield "another machine answers at this host's address"
    yield from _run(saved, current, last)
    comparable = saved.keyed == current.keyed
    if comparable and saved.rendered != current.rendered:
        yield "the inventory, a template or a secret asks for something else"
    yield from _files(saved, current, comparable=comparable)
    yield from _actions(saved.actions, current.actions)
    yield from _updates(saved.updates, current.updates, comparable=comparable)
    yield from _creations(saved, current, comparable=comparable)
    was, is_now = {blocker.code for blocker in saved.blockers}, {blocker.code for blocker in current.blockers}
    yield from (f"newly blocked: {code}" for code in sorted(is_now - was))
    yield from (f"not blocked any more: {code}" for code in sorted(was - is_now))
    if was == is_now and saved.blockers != current.blockers:
        yield f"blocked for other reasons: {', '.join(sorted(is_now))}"
    if saved.overridden != current.overridden:
        codes = sorted({blocker.code for blocker in (*saved.overridden, *current.overridden)})
        yield f"overrides something else: {', '.join(codes)}"
    yield from _steps("", saved.forward, current.forward)
    yield from _steps(" of the rollback", saved.rollback, current.rollback)


def _run(saved: SavedHost, current: SavedHost, last: Run | None) -> Iterator[str]:
    was, is_now = saved.last_run, current.last_run
    if was == is_now:
        return
    if last is None:
        yield f"the host's records of its runs are gone (run {was.number} was its last)"
    elif was.number == is_now.number:
        yield f"{holder_text(last)}, {'has ended' if not was.end else 'ended differently'}"
    elif was.number < is_now.number:
        yield f"another run came between: {holder_text(last)}"
    else:
        yield f"the host's last run was {was.number}, and is now {is_now.number}"


def _files(saved: SavedHost, current: SavedHost, *, comparable: bool) -> Iterator[str]:
    was, is_now = _by((file.path, file) for file in saved.files), _by((file.path, file) for file in current.files)
    for path in dict.fromkeys((*was, *is_now)):
        before, after = was.get(path), is_now.get(path)
        if after is None:
            yield f"{path}: would not change any more"
        elif before is None:
            yield f"{path}: would change too ({_whose(after, after.keys)}){_keys(after.keys)}"
        elif sentences := tuple(_file(before, after, comparable=comparable)):
            if before.by != after.by and after.by:
                yield f"{after.path}: {_WRITERS[after.by]}"
            yield from sentences


def _without_writers(host: SavedHost) -> SavedHost:
    """The plan without who wrote a file since the last run, which is no difference. The changed keys and old values
    remain.
    """
    return replace(host, files=tuple(replace(file, by="") for file in host.files))


def _file(before: SavedFile, after: SavedFile, *, comparable: bool) -> Iterator[str]:
    if before.state != after.state:
        yield f"{after.path}: {after.state}, and was: {before.state}"
    was, is_now = (
        _by((listed_key.key, listed_key) for listed_key in before.keys),
        _by((listed_key.key, listed_key) for listed_key in after.keys),
    )
    omitted = [saved_key for key, saved_key in was.items() if key not in is_now]
    added = [saved_key for key, saved_key in is_now.items() if key not in was]
    if omitted:
        yield f"{after.path}: would not change any more{_keys(omitted)}"
    if added:
        yield f"{after.path}: would change too ({_whose(after, added)}){_keys(added)}"
    pairs = [(was[key], is_now[key]) for key in was if key in is_now] if comparable else []
    if changed := [new for old, new in pairs if old.old != new.old]:
        whose = "put there by a run" if {key.origin for key in changed} == {"inventory"} else _whose(after, changed)
        yield f"{after.path}: the host has another value ({whose}){_keys(changed)}"
    if changed := [new for old, new in pairs if old.new != new.new]:
        yield f"{after.path}: the inventory has another value{_keys(changed)}"
    if changed := [new for old, new in pairs if replace(old, old=new.old, new=new.new) != new]:
        yield f"{after.path}: the origin of the difference has changed ({_whose(after, changed)}){_keys(changed)}"


def _whose(file: SavedFile, keys: Sequence[SavedKey]) -> str:
    """Who made the difference, as far as the host tells: it compares with what the last run left there."""
    origins = {key.origin for key in keys} or {file.origin}
    if origins == {"inventory"}:
        return "your change"
    return _WRITERS.get("runner" if origins == {"runner"} else file.by, "edited on the host")


def _keys(keys: Iterable[SavedKey]) -> str:
    names = [f"{key.key} ({key.name})" if key.name else key.key for key in keys]
    return f": {', '.join(names)}" if names else ""


def _actions(saved: Sequence[SavedAction], current: Sequence[SavedAction]) -> Iterator[str]:
    was, is_now = _by((action.service, action) for action in saved), _by((action.service, action) for action in current)
    for service in dict.fromkeys((*was, *is_now)):
        before, after = was.get(service), is_now.get(service)
        if before != after:
            yield f"{service.replace('_', '-')}: {_act(after)}, and was: {_act(before)}"


def _updates(saved: Sequence[SavedUpdate], current: Sequence[SavedUpdate], *, comparable: bool) -> Iterator[str]:
    was, is_now = _by((update.runner, update) for update in saved), _by((update.runner, update) for update in current)
    for name in dict.fromkeys((*was, *is_now)):
        before, after = was.get(name), is_now.get(name)
        if after is None:
            yield f"runner {name}: no settings of it would be changed in GitLab any more"
        elif before is None:
            yield f"runner {name}: would be updated in GitLab too: {', '.join(key.key for key in after.keys)}"
        elif before.id != after.id:
            yield f"runner {name}: it is another runner of GitLab now ({after.id}, and was {before.id})"
        elif comparable and before != after:
            keys = [key.key for key in (*before.keys, *after.keys) if key not in before.keys or key not in after.keys]
            yield f"runner {name}: GitLab or the inventory has another value: {', '.join(dict.fromkeys(keys))}"


def _creations(saved: SavedHost, current: SavedHost, *, comparable: bool) -> Iterator[str]:
    was, is_now = (
        _by((creation.runner, creation) for creation in saved.creations),
        _by((creation.runner, creation) for creation in current.creations),
    )
    for name in dict.fromkeys((*was, *is_now)):
        before, after = was.get(name), is_now.get(name)
        if after is None:
            yield f"runner {name}: would not be created in GitLab any more"
        elif before is None:
            yield f"runner {name}: would be created in GitLab too ({after.place})"
        elif before.place != after.place:
            yield f"runner {name}: would be created in GitLab elsewhere ({after.place}, and was {before.place})"
        elif comparable and before != after:
            yield f"runner {name}: would be created in GitLab with other settings"
    if saved.leftovers != current.leftovers:
        ids = ", ".join(map(str, sorted({*saved.leftovers} ^ {*current.leftovers})))
        yield f"interrupted deploys have left different runners in GitLab: {ids}"
    for number in sorted({*saved.deletions} ^ {*current.deletions}):
        words = (
            "would not be deleted in GitLab any more" if number in saved.deletions else "would be deleted in GitLab too"
        )
        yield f"runner {number}: {words}"


def _act(action: SavedAction | None) -> str:
    if action is None:
        return "nothing to do"
    reasons = ", ".join((*action.names, *action.because))
    return f"{action.operation} ({reasons})" if reasons else action.operation


def _steps(which: str, saved: Sequence[tuple[str, str]], current: Sequence[tuple[str, str]]) -> Iterator[str]:
    """The first difference between the steps. Most later ones have the same reason."""
    for number, (before, after) in enumerate(zip_longest(saved, current), 1):
        if before != after:
            yield f"step {number}{which}: {after[1] if after else 'none'}, and was: {before[1] if before else 'none'}"
            return


def _by(pairs: Iterable[tuple[str, Row]]) -> Mapping[str, Row]:
    return dict(pairs)
