"""Names of the inventory that are one machine, reached by other addresses, ports or gateways; and machines that GitLab
cannot tell apart. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.model.facts import Facts
from runnerops.model.plan import Blocker
from runnerops.services.gitlab_runner.observe.registered import clone_fix


def same_machines(facts: Mapping[str, Facts]) -> Mapping[str, Blocker]:
    """A blocker for each such name, because every deploy of one would undo that of the other."""
    blockers: dict[str, Blocker] = {}
    for name, host_facts in facts.items():
        others = tuple(other for other, its in facts.items() if other != name and _same(host_facts, its))
        if others:
            message = f"{name} and {', '.join(others)} are the same machine, so each deploy would undo the other"
            blockers[name] = Blocker("same-machine", f"{message}: make them one host in the inventory", others)
    return blockers


def clones(facts: Mapping[str, Facts]) -> Mapping[str, tuple[str, ...]]:
    """By name, the other machines whose gitlab-runner has the same system id, by which GitLab knows a machine."""
    by_host: dict[str, tuple[str, ...]] = {}
    for name, host_facts in facts.items():
        system_id = _system_id(host_facts)
        its = {other: each for other, each in facts.items() if other != name and not _same(host_facts, each)}
        if system_id and (others := tuple(other for other, each in its.items() if _system_id(each) == system_id)):
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
