"""Why a cache must act: what changed in its files, which running containers differ from them, which intents it has.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runnerops.frozen import frozen
from runnerops.model.common import Tree, Verb, key_text, value_at
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.model.plan import Change, KeyChange
from runnerops.services.registry.action.compared import differences
from runnerops.services.registry.caches import CONFIG_LABEL, OwnCache, own_caches
from runnerops.services.registry.diff import plain_compose
from runnerops.services.registry.format import CONFIG_TEMPLATE, NAME, compose_spec
from runnerops.services.registry.format.service import mounted_by
from runnerops.services.registry.observe.containers import own_containers, predecessor
from runnerops.services.registry.reconcile import read
from runnerops.services.shared.brought_up import coming_back
from runnerops.services.shared.daemon import docker_answers


@frozen
class Reason:
    """Why one cache must act; `name` is empty if it is about all of them. `operation` is what happens to its container;
    empty if that is not known.
    """

    verb: Verb
    name: str
    word: str
    operation: str = "recreate"


def reasons_of(host: Host, changes: Sequence[Change], observed: HostState) -> list[Reason]:
    """All reasons except docker's restart."""
    edited = list(_edited(host, changes))
    edited_names = {reason.name for reason in edited}
    unedited = (
        reason
        for reason in _not_as_wanted(host, changes, observed)
        if not reason.name or reason.name not in edited_names
    )
    reasons = [*edited, *unedited, *_taking_over(host, observed), *_intents(observed)]
    again = (
        Reason(Verb.UP, "", f"container {displaced.name} starts again", "start")
        for displaced in coming_back(host, observed)
    )
    return reasons or list(again)


def _taking_over(host: Host, observed: HostState) -> Iterator[Reason]:
    for cache in own_caches(host):
        if container := predecessor(cache, observed, host.returned):
            yield Reason(Verb.UP, cache.name, f"{cache.name} takes the place of container {container.name}", "start")


def _edited(host: Host, changes: Sequence[Change]) -> Iterator[Reason]:
    """The keys that differ. A different label is reported by the keys of the config."""
    composed = [
        key_change
        for change in changes
        if change.new.spec.template != CONFIG_TEMPLATE
        for key_change in change.key_changes
    ]
    relabelled = {
        str(key_change.key[1]) for key_change in composed if len(key_change.key) > 1 and key_change.key[0] == "services"
    }
    always_restart = NAME in host.always_restart
    for change in changes:
        name, verb = change.new.spec.name, Verb.RECREATE if always_restart else Verb.UP
        if change.new.spec.template != CONFIG_TEMPLATE:
            yield from _composed(change, verb)
        elif change.old.content is None:
            yield Reason(verb, name, f"{name} is new", "start")
        elif change.new.content is not None:
            by_label = verb if name in relabelled else Verb.RECREATE
            yield from (
                Reason(by_label, name, f"{name}: {key_text(key_change.key)}") for key_change in change.key_changes
            )


def _composed(change: Change, verb: Verb) -> Iterator[Reason]:
    """One reason for each edit. A file that is new or is removed has one for all."""
    if change.old.content is None or change.new.content is None:
        new = change.old.content is None
        word = f"{change.new.spec.path.rpartition('/')[2]} {'is new' if new else 'goes'}"
        yield Reason(verb, "", word, "start" if new else "remove")
        return
    compose = plain_compose(read(change.new.content) or {})
    for key_change in change.key_changes:
        where, name = key_change.key[0], str(key_change.key[1]) if len(key_change.key) > 1 else ""
        if key_change.key[-1] == CONFIG_LABEL and key_change.old is not None:
            continue  # the config's own edits are reported instead
        if where == "services" and name:
            yield _service(verb, name, key_change)
        elif where == "volumes" and name:
            yield from _volume(compose, verb, name, key_change)
        else:
            yield Reason(max(verb, Verb.RECREATE), "", key_text(key_change.key))


def _service(verb: Verb, name: str, key_change: KeyChange) -> Reason:
    if len(key_change.key) > 2:
        return Reason(verb, name, f"{name}: {key_text(key_change.key[2:])}")
    return (
        Reason(verb, name, _gone(name), "remove")
        if key_change.new is None
        else Reason(verb, name, f"{name} is new", "start")
    )


def _volume(compose: Tree, verb: Verb, key: str, key_change: KeyChange) -> Iterator[Reason]:
    """Compose does not notice another name of a volume. A volume that is added or removed belongs to a
    cache that is.
    """
    if key_change.new is None and isinstance(key_change.old, dict):
        yield Reason(verb, key, f"volume {key_change.old.get('name') or key} stays", "remove")
    elif len(key_change.key) > 2 or key_change.old is not None:
        yield from (Reason(Verb.RECREATE, name, f"{name}: volume") for name in mounted_by(compose, key))


def _not_as_wanted(host: Host, changes: Sequence[Change], observed: HostState) -> Iterator[Reason]:
    """Containers that differ from the files, because a run was interrupted or somebody removed one."""
    caches, containers = own_caches(host), own_containers(observed)
    if not docker_answers(observed):
        if caches:
            yield Reason(Verb.UP, "", "docker is stopped", "start")
        return
    compose = compose_tree(host, changes, observed)
    for cache in caches:
        yield from _of_container(cache, compose, observed)
    rendered = {cache.name for cache in caches}
    yield from (Reason(Verb.UP, name, _gone(name), "remove") for name in containers if name not in rendered)


def _of_container(cache: OwnCache, compose: Tree, observed: HostState) -> Iterator[Reason]:
    """A container that does not work is recreated by force, because a start would need a network that may not exist any
    more.
    """
    name, container = cache.name, own_containers(observed).get(cache.name)
    if container is None:
        yield Reason(Verb.UP, name, f"{name} is not running", "start")
    elif not container.running:
        yield Reason(Verb.RECREATE, name, f"{name} is not running")
    elif _label(compose, name) not in ("", container.labels.get(CONFIG_LABEL, "")):
        yield Reason(Verb.UP, name, f"{name} runs another config")
    elif keys := tuple(differences(compose, name, container)):
        yield from (Reason(Verb.RECREATE, name, f"{name}: {key} is not in effect") for key in keys)
    elif is_dead(cache, observed) and not upstream_silent(cache, observed):
        yield Reason(Verb.RECREATE, name, f"{name} does not answer")


def is_dead(cache: OwnCache, observed: HostState) -> bool:
    """Whether its container runs, or restarts again and again, and does not answer at its address."""
    registry, container = observed.facts.registry, own_containers(observed).get(cache.name)
    silent = registry is not None and registry.answers.get(cache.probe) is False
    return silent and container is not None and container.running


def works(cache: OwnCache, observed: HostState) -> bool:
    """Whether its container runs and, as far as it was asked, answers."""
    container = own_containers(observed).get(cache.name)
    return container is not None and container.running and not is_dead(cache, observed)


def upstream_silent(cache: OwnCache, observed: HostState) -> bool:
    """Whether the upstream was asked and did not answer. A registry ends at its start without it."""
    registry = observed.facts.registry
    return registry is not None and registry.upstreams.get(cache.name) is False


def _gone(name: str) -> str:
    return f"{name} is no longer wanted"


def _label(compose: Tree, name: str) -> str:
    """The checksum that a cache's container should have; empty if a template of the user has no label."""
    return str(value_at(compose, ("services", name, "labels", CONFIG_LABEL)) or "")


def compose_tree(host: Host, changes: Sequence[Change], observed: HostState) -> Tree:
    """The Compose file after the change, in the form that `edits` compares."""
    path = compose_spec(host).path
    content = observed.file(path).content
    for change in changes:
        if change.new.spec.path == path:
            content = change.new.content
    return plain_compose(read(content) or {})


def _intents(observed: HostState) -> Iterator[Reason]:
    """An intent names the containers of its time: another id means that it is completed. One without names counts for
    all.
    """
    intent = observed.intent_for(NAME)
    if intent is None or not docker_answers(observed):
        return
    ids = intent.invocation.split(",")
    for name, container in own_containers(observed).items():
        if any(container.id.startswith(prefix) for prefix in ids):
            yield Reason(min(intent.verb, Verb.RECREATE), name, f"unfinished since run {intent.run}", "")
