"""Two names of the inventory that are one machine: by another address, a port or a gateway that leads there too; and two
machines that are one to GitLab. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.model.facts import Facts
from runnerops.model.plan import Blocker
from runnerops.services.gitlab_runner.observe.registered import clone_fix


def same_machines(facts: Mapping[str, Facts]) -> Mapping[str, Blocker]:
    """For each such name what blocks it: every deploy of the one would undo the other's."""
    found: dict[str, Blocker] = {}
    for name, one in facts.items():
        others = tuple(other for other, its in facts.items() if other != name and _same(one, its))
        if others:
            message = f"{name} and {', '.join(others)} are the same machine, so each deploy would undo the other"
            found[name] = Blocker("same-machine", f"{message}: make them one host in the inventory", others)
    return found


def clones(facts: Mapping[str, Facts]) -> Mapping[str, tuple[str, ...]]:
    """For each such name the others: other machines whose gitlab-runner has the same system id, which GitLab knows it by."""
    found: dict[str, tuple[str, ...]] = {}
    for name, one in facts.items():
        own = _system_id(one)
        its = {other: each for other, each in facts.items() if other != name and not _same(one, each)}
        if own and (others := tuple(other for other, each in its.items() if _system_id(each) == own)):
            found[name] = others
    return found


def clone_texts(facts: Mapping[str, Facts]) -> Mapping[str, str]:
    """What is to be said of each clone: gitlab-runner makes the id of the machine's, once, and of the same the same again."""
    return {
        name: f"gitlab-runner has the system id of {', '.join(others)} too ({_system_id(facts[name])}): if they share a"
        f" token, GitLab takes them for one machine; {clone_fix([facts[name], *(facts[one] for one in others)])}"
        for name, others in clones(facts).items()
    }


def _system_id(one: Facts) -> str:
    return one.runner.system_id if one.runner else ""


def _same(one: Facts, other: Facts) -> bool:
    """By the ids of machine and boot: machines that were cloned share the first. Containers on one kernel may share both,

    but not the address at which one of them was reached.
    """
    ids = (one.machine, one.boot)
    return all(ids) and ids == (other.machine, other.boot) and _reached(one, other) and _reached(other, one)


def _reached(one: Facts, other: Facts) -> bool:
    server = one.docker.client.server if one.docker else ""
    return not server or not other.addresses or server in other.addresses
