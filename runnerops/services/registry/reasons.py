"""Why a cache must act: what changed in its files, what runs that is not as they say, what is owed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runnerops.model.common import Tree, Verb, key_text
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.model.plan import Change, Edit
from runnerops.services.base import value_at
from runnerops.services.registry.caches import CONFIG_LABEL, OwnCache, own_caches
from runnerops.services.registry.compared import differences, mounted_by
from runnerops.services.registry.containers import docker_answers, ours
from runnerops.services.registry.format import CONFIG_TEMPLATE, NAME, compose_spec
from runnerops.services.registry.reconcile import plain_compose, read


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one cache must act; `name` is empty where it is about all of them. `operation` is what becomes of its
    container; empty where that is not known."""

    verb: Verb
    name: str
    word: str
    operation: str = "recreate"


def reasons_of(host: Host, changes: Sequence[Change], have: HostState) -> list[Reason]:
    """All that makes a cache act by itself; docker's restart apart."""
    edited = list(_edited(host, changes))
    told = {reason.name for reason in edited}
    other = (reason for reason in _not_as_wanted(host, changes, have) if not reason.name or reason.name not in told)
    return [*edited, *other, *_owed(have)]


def _edited(host: Host, changes: Sequence[Change]) -> Iterator[Reason]:
    """The keys that differ. The label's own difference is the config's, told under its own keys."""
    composed = [edit for change in changes if change.new.spec.template != CONFIG_TEMPLATE for edit in change.edits]
    relabelled = {str(edit.key[1]) for edit in composed if len(edit.key) > 1 and edit.key[0] == "services"}
    blunt = NAME in host.blunt
    for change in changes:
        name, verb = change.new.spec.name, Verb.RECREATE if blunt else Verb.UP
        if change.new.spec.template != CONFIG_TEMPLATE:
            yield from _composed(change, verb)
        elif change.old.content is None:
            yield Reason(verb, name, f"{name} is new", "start")
        elif change.new.content is not None:
            by_label = verb if name in relabelled else Verb.RECREATE
            yield from (Reason(by_label, name, f"{name}: {key_text(edit.key)}") for edit in change.edits)


def _composed(change: Change, verb: Verb) -> Iterator[Reason]:
    """One reason an edit; of a file that is new or goes, one for all."""
    if change.old.content is None or change.new.content is None:
        new = change.old.content is None
        word = f"{change.new.spec.path.rpartition('/')[2]} {'is new' if new else 'goes'}"
        yield Reason(verb, "", word, "start" if new else "remove")
        return
    compose = plain_compose(read(change.new.spec, change.new.content) or {})
    for edit in change.edits:
        where, name = edit.key[0], str(edit.key[1]) if len(edit.key) > 1 else ""
        if edit.key[-1] == CONFIG_LABEL and edit.old is not None:
            continue  # the config's own edits say it in its own words
        if where == "services" and name:
            yield _service(verb, name, edit)
        elif where == "volumes" and name:
            yield from _volume(compose, verb, name, edit)
        else:
            yield Reason(max(verb, Verb.RECREATE), "", key_text(edit.key))


def _service(verb: Verb, name: str, edit: Edit) -> Reason:
    if len(edit.key) > 2:
        return Reason(verb, name, f"{name}: {key_text(edit.key[2:])}")
    return (
        Reason(verb, name, _gone(name), "remove") if edit.new is None else Reason(verb, name, f"{name} is new", "start")
    )


def _volume(compose: Tree, verb: Verb, key: str, edit: Edit) -> Iterator[Reason]:
    """Compose does not see another name of a volume; one that comes or goes does so with its cache."""
    if edit.new is None and isinstance(edit.old, dict):
        yield Reason(verb, key, f"volume {edit.old.get('name') or key} stays", "remove")
    elif len(edit.key) > 2 or edit.old is not None:
        yield from (Reason(Verb.RECREATE, name, f"{name}: volume") for name in mounted_by(compose, key))


def _not_as_wanted(host: Host, changes: Sequence[Change], have: HostState) -> Iterator[Reason]:
    """Containers that are not what the files say: a run was cut off, or somebody took one away."""
    caches, there = own_caches(host), ours(have)
    if not docker_answers(have):
        if caches:
            yield Reason(Verb.UP, "", "docker is stopped", "start")
        return
    compose = compose_tree(host, changes, have)
    for cache in caches:
        yield from _of_container(cache, compose, have)
    asked = {cache.name for cache in caches}
    yield from (Reason(Verb.UP, name, _gone(name), "remove") for name in there if name not in asked)


def _of_container(cache: OwnCache, compose: Tree, have: HostState) -> Iterator[Reason]:
    """A container that is there and does not work is made anew by force: to start it needs a network that may be gone."""
    name, container = cache.name, ours(have).get(cache.name)
    if container is None:
        yield Reason(Verb.UP, name, f"{name} is not running", "start")
    elif not container.running:
        yield Reason(Verb.RECREATE, name, f"{name} is not running")
    elif _label(compose, name) not in ("", container.labels.get(CONFIG_LABEL, "")):
        yield Reason(Verb.UP, name, f"{name} runs another config")
    elif other := tuple(differences(compose, name, container)):
        yield from (Reason(Verb.RECREATE, name, f"{name}: {key} is not in effect") for key in other)
    elif is_dead(cache, have) and not upstream_silent(cache, have):
        yield Reason(Verb.RECREATE, name, f"{name} does not answer")


def is_dead(cache: OwnCache, have: HostState) -> bool:
    """Whether its container runs, or is started again and again, and does not answer where it should."""
    registry, container = have.facts.registry, ours(have).get(cache.name)
    silent = registry is not None and registry.answers.get(cache.probe) is False
    return silent and container is not None and container.running


def upstream_silent(cache: OwnCache, have: HostState) -> bool:
    """Whether the upstream was asked and did not answer: without it a registry ends at its start."""
    registry = have.facts.registry
    return registry is not None and registry.upstreams.get(cache.name) is False


def _gone(name: str) -> str:
    return f"{name} is no longer wanted"


def _label(compose: Tree, name: str) -> str:
    """The checksum that a cache's container should carry; empty where a template of the user's has no label."""
    return str(value_at(compose, ("services", name, "labels", CONFIG_LABEL)) or "")


def compose_tree(host: Host, changes: Sequence[Change], have: HostState) -> Tree:
    """The Compose file as it will be, in the one form that `edits` compares."""
    spec = compose_spec(host)
    content = have.file(spec.path).content
    for change in changes:
        if change.new.spec.path == spec.path:
            content = change.new.content
    return plain_compose(read(spec, content) or {})


def _owed(have: HostState) -> Iterator[Reason]:
    """What is owed to a cache names the containers of then: another id has paid it. One that names none counts for all."""
    owed = have.owes(NAME)
    if owed is None or not docker_answers(have):
        return
    ids = owed.invocation.split(",")
    for name, container in ours(have).items():
        if any(container.id.startswith(one) for one in ids):
            yield Reason(min(owed.verb, Verb.RECREATE), name, f"owed since run {owed.run}", "")
