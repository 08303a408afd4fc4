"""What the caches must do for a change to take effect: `up -d`, a forced recreation, or nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from runnerops.model import Action, Change, Edit, Host, HostState, Policy, ServiceName, Tree, Verb, key_text
from runnerops.services.registry.caches import CONFIG_LABEL, OwnCache, own_caches
from runnerops.services.registry.containers import docker_answers, ours
from runnerops.services.registry.document import CONFIG_TEMPLATE, NAME, compose_spec
from runnerops.services.registry.meaning import plain_compose, read


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one cache must act; `name` is empty where it is about all of them."""

    verb: Verb
    name: str
    word: str


def choose(
    host: Host,
    changes: Sequence[Change],
    have: HostState,
    policy: Policy,  # noqa: ARG001
    before: Sequence[Action],
) -> Action | None:
    """`up -d` recreates exactly what differs; force is for what Compose cannot see. Docker's restart is one of these too."""
    if NAME not in host.sections:
        return None
    reasons = reasons_of(host, changes, have)
    restart = any(action.service is ServiceName.DOCKER and action.verb is Verb.RESTART for action in before)
    if not reasons and restart and own_caches(host):
        reasons = [Reason(Verb.PROVE, "", "docker restarts")]
    if not reasons:
        return None
    verb = max(reason.verb for reason in reasons)
    names = [reason.name for reason in reasons if reason.verb is verb]
    action = Action(
        NAME,
        verb,
        tuple(dict.fromkeys(reason.word for reason in reasons)),
        names=() if "" in names else tuple(dict.fromkeys(names)),
    )
    users = (name for cache in touched(host, action, changes, have) for name in host.clients.get(cache.name, ()))
    return replace(action, used_by=tuple(dict.fromkeys(users)))


def reasons_of(host: Host, changes: Sequence[Change], have: HostState) -> list[Reason]:
    """All that makes a cache act by itself; docker's restart apart."""
    edited = list(_edited(host, changes))
    told = {reason.name for reason in edited}
    other = (reason for reason in _not_as_wanted(host, changes, have) if not reason.name or reason.name not in told)
    return [*edited, *other, *_owed(have)]


def touched(host: Host, action: Action, changes: Sequence[Change], have: HostState) -> tuple[OwnCache, ...]:
    """The caches that this action may recreate or, for PROVE, that end with docker."""
    names = {reason.name for reason in reasons_of(host, changes, have)}
    everything = not names or "" in names or action.verb is Verb.PROVE
    return tuple(cache for cache in own_caches(host) if everything or cache.name in names)


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
            yield Reason(verb, name, f"{name} is new")
        elif change.new.content is not None:
            by_label = verb if name in relabelled else Verb.RECREATE
            yield from (Reason(by_label, name, f"{name}: {key_text(edit.key)}") for edit in change.edits)


def _composed(change: Change, verb: Verb) -> Iterator[Reason]:
    """One reason an edit; of a file that is new or goes, one for all."""
    if change.old.content is None or change.new.content is None:
        what = "is new" if change.old.content is None else "goes"
        yield Reason(verb, "", f"{change.new.spec.path.rpartition('/')[2]} {what}")
        return
    for edit in change.edits:
        if edit.key[-1] == CONFIG_LABEL and edit.old is not None:
            continue  # the config's own edits say it in its own words
        named = len(edit.key) > 1 and edit.key[0] in {"services", "volumes"}
        yield Reason(verb, str(edit.key[1]) if named else "", _word(edit))


def _word(edit: Edit) -> str:
    """An edit of the Compose file in the words of who wrote the inventory."""
    where, name = edit.key[0], str(edit.key[1]) if len(edit.key) > 1 else ""
    if where == "services" and len(edit.key) > 2:
        return f"{name}: {key_text(edit.key[2:])}"
    if where == "services" and name:
        return _gone(name) if edit.new is None else f"{name} is new"
    if where == "volumes" and name and isinstance(edit.old, dict) and edit.new is None:
        return f"volume {edit.old.get('name') or name} stays"
    return key_text(edit.key)


def _not_as_wanted(host: Host, changes: Sequence[Change], have: HostState) -> Iterator[Reason]:
    """Containers that are not what the files say: a run was cut off, or somebody took one away."""
    caches, there = own_caches(host), ours(have)
    if not docker_answers(have):
        if caches:
            yield Reason(Verb.UP, "", "docker is stopped")
        return
    labels = _labels(host, changes, have)
    for cache in caches:
        container = there.get(cache.name)
        if container is None or not container.running:
            yield Reason(Verb.UP, cache.name, f"{cache.name} is not running")
        elif labels.get(cache.name, "") not in ("", container.labels.get(CONFIG_LABEL, "")):
            yield Reason(Verb.UP, cache.name, f"{cache.name} runs another config")
    yield from (Reason(Verb.UP, name, _gone(name)) for name in there if name not in {cache.name for cache in caches})


def _gone(name: str) -> str:
    return f"{name} is no longer wanted"


def _labels(host: Host, changes: Sequence[Change], have: HostState) -> dict[str, str]:
    """Per cache, the checksum that its container should carry; none where a template of the user's has no label."""
    compose = compose_tree(host, changes, have)
    services = compose.get("services")
    found: dict[str, str] = {}
    for name, one in services.items() if isinstance(services, dict) else ():
        labels = one.get("labels") if isinstance(one, dict) else None
        if isinstance(labels, dict) and CONFIG_LABEL in labels:
            found[name] = str(labels[CONFIG_LABEL])
    return found


def compose_tree(host: Host, changes: Sequence[Change], have: HostState) -> Tree:
    """The Compose file as it will be, in the one form that `edits` compares."""
    spec = compose_spec(host)
    content = have.file(spec.path).content
    for change in changes:
        if change.new.spec.path == spec.path:
            content = change.new.content
    return plain_compose(read(spec, content) or {})


def wanted_label(cache: OwnCache, host: Host, changes: Sequence[Change], have: HostState) -> str:
    """The checksum that this cache's container should carry; empty where there is none."""
    return _labels(host, changes, have).get(cache.name, "")


def _owed(have: HostState) -> Iterator[Reason]:
    """What is owed to a cache names the containers of then: another id has paid it. One that names none counts for all."""
    owed = have.owes(NAME)
    if owed is None or not docker_answers(have):
        return
    ids = owed.invocation.split(",")
    for name, container in ours(have).items():
        if any(container.id.startswith(one) for one in ids):
            yield Reason(min(owed.verb, Verb.RECREATE), name, f"owed since run {owed.run}")
