"""Names of the inventory that are one machine, reached by other addresses, ports or gateways; and machines that GitLab
cannot tell apart. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from runnerops.model.facts import Facts
from runnerops.model.plan import Blocker
from runnerops.services.gitlab_runner.observe.registered import clone_fix


def same_machines(facts: Mapping[str, Facts]) -> Mapping[str, Blocker]:
    """A blocker for each such name, because every deploy of one would undo that of the other."""
    by_ids = _grouped(facts, lambda each: (each.machine, each.boot) if each.machine and each.boot else None)
    blockers: dict[str, Blocker] = {}
    for name, namesakes in by_ids.items():
        others = tuple(other for other in namesakes if _same(facts[name], facts[other]))
        if others:
            message = f"{name} and {', '.join(others)} are the same machine, so each deploy would undo the other"
            blockers[name] = Blocker("same-machine", f"{message}: make them one host in the inventory", others)
    return blockers


def clones(facts: Mapping[str, Facts]) -> Mapping[str, tuple[str, ...]]:
    """By name, the other machines whose gitlab-runner has the same system id, by which GitLab knows a machine."""
    by_host: dict[str, tuple[str, ...]] = {}
    for name, namesakes in _grouped(facts, lambda each: _system_id(each) or None).items():
        others = tuple(other for other in namesakes if not _same(facts[name], facts[other]))
        if others:
            by_host[name] = others
    return by_host


def clone_texts(facts: Mapping[str, Facts]) -> Mapping[str, str]:
    """By name, the note on a clone. gitlab-runner derives its system id from the machine-id, once, so clones get the
    same.
    """
    return {
        name: f"gitlab-runner has the system id of {', '.join(others)} too ({_system_id(facts[name])}): if they share a"
        f" token, GitLab takes them for one machine; {clone_fix([facts[name], *(facts[twin] for twin in others)])}"
        for name, others in clones(facts).items()
    }


def _grouped(facts: Mapping[str, Facts], id_of: Callable[[Facts], object]) -> Mapping[str, Sequence[str]]:
    """By name, the others with the same id. Names without an id are left out. A fleet has too many pairs to compare."""
    names_of_id: dict[object, list[str]] = {}
    for name, each in facts.items():
        names_of_id.setdefault(id_of(each), []).append(name)
    return {
        name: [other for other in names_of_id[its_id] if other != name]
        for name, each in facts.items()
        if (its_id := id_of(each)) is not None
    }


def _system_id(facts: Facts) -> str:
    return facts.runner.system_id if facts.runner else ""


def _same(facts: Facts, other: Facts) -> bool:
    """Compares the ids of machine and boot. Cloned machines have the same machine-id. Containers on one kernel may have
    both in common, but not the address at which one of them was reached.
    """
    ids = (facts.machine, facts.boot)
    return all(ids) and ids == (other.machine, other.boot) and _reached(facts, other) and _reached(other, facts)


def _reached(facts: Facts, other: Facts) -> bool:
    server = facts.docker.client.server if facts.docker else ""
    return not server or not other.addresses or server in other.addresses
