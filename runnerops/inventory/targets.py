"""The hosts that the user means: names, groups, globs, ranges, `!` excludes. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from types import MappingProxyType

from runnerops.errors import UsageError
from runnerops.inventory.keys.checks import Refused
from runnerops.inventory.layers.ranges import expand
from runnerops.model.inventory import Host, Inventory
from runnerops.parsing.near import did_you_mean

STATES = frozenset({"@changed", "@failed", "@running"})
"""Targets that depend on a host's last run: what it did, how it ended, whether it is under way."""


def state_of(target: str) -> str:
    """The state that a target names, even if it is unknown; empty for any other target."""
    word = target.removeprefix("!")
    return word if word.startswith("@") else ""


def select(
    inventory: Inventory, targets: Sequence[str], states: Mapping[str, tuple[str, ...]] = MappingProxyType({})
) -> tuple[Host, ...]:
    """The hosts meant, in the inventory's order. Without targets, or with excludes only, the selection starts from all
    hosts.

    `states` has the hosts in each of STATES, if they were asked. Raises UsageError for an unknown name, for a pattern
    that matches nothing, and if no host is left. The result may only be empty if `states` is given.
    """
    for target in targets:
        if (state := state_of(target)) and state not in states:
            hint = "name hosts, groups or globs; `runnerops history @failed` shows which they are"
            raise UsageError(f"{state}: this needs a login on the hosts, which this command does not make", hint)
    names = {**_names(inventory), **states}
    wanted = [target for target in targets if not target.startswith("!")]
    chosen = _union(names, wanted, inventory) if wanted else {host.name for host in inventory.hosts}
    if not chosen and not states:
        raise UsageError(f"{' '.join(wanted)}: this group has no hosts", "a host names its groups: `groups: [NAME]`")
    excluded = _union(names, [target[1:] for target in targets if target.startswith("!")], inventory)
    if not chosen - excluded and not states:
        raise UsageError(f"{' '.join(targets)}: no host is left", "leave out a `!`, which excludes hosts")
    return tuple(host for host in inventory.hosts if host.name in chosen - excluded)


def the_host(inventory: Inventory, name: str) -> Host:
    """The host with exactly this name. Raises UsageError."""
    named_host = next((host for host in inventory.hosts if host.name == name), None)
    if named_host is None:
        raise no_host(name, [host.name for host in inventory.hosts], inventory.groups, inventory.path)
    return named_host


def check_named(inventory: Inventory, flag: str, names: Iterable[str]) -> None:
    """Checks that a flag names hosts of this inventory. Raises UsageError."""
    host_names = [host.name for host in inventory.hosts]
    for name in names:
        if name not in host_names:
            problem = "a group, not a host" if name in inventory.groups else "no such host"
            text = f"{flag}: {problem} in {inventory.path}{did_you_mean(name, host_names)}"
            raise UsageError(text, "name one host of the inventory: `runnerops hosts` lists them")


def _names(inventory: Inventory) -> Mapping[str, tuple[str, ...]]:
    return {**inventory.groups, **{host.name: (host.name,) for host in inventory.hosts}}


def _union(names: Mapping[str, tuple[str, ...]], patterns: Sequence[str], inventory: Inventory) -> set[str]:
    return {host for pattern in patterns for host in _matching(names, pattern, inventory)}


def _matching(names: Mapping[str, tuple[str, ...]], target: str, inventory: Inventory) -> set[str]:
    """The hosts of one target. A range is written as in the inventory and in all output; a glob would take it for a set
    of characters, and `web-[1:3]` would leave out `web-2`.
    """
    host_names: set[str] = set()
    for pattern in _patterns(target):
        matching = [hosts for name, hosts in names.items() if fnmatchcase(name, pattern)]
        if not matching:
            raise unknown_target(pattern, names, inventory.path)
        host_names.update(host for hosts in matching for host in hosts)
    return host_names


def _patterns(target: str) -> tuple[str, ...]:
    try:
        return expand(target)
    except Refused as error:
        raise UsageError(f"{target}: {error.text}", error.hint) from None


def no_host(name: str, hosts: Collection[str], groups: Collection[str], file: str) -> UsageError:
    """The error for a name that should be that of a host, and is not."""
    if name in groups or set(name) & set("*?["):
        kind = "a group" if name in groups else "a pattern"
        return UsageError(f"{name}: {kind}, and one host is meant", "`runnerops hosts` lists the hosts")
    return unknown_target(name, hosts, file)


def unknown_target(target: str, names: Iterable[str], file: str) -> UsageError:
    """The error for a target that is not one of `names`, with the most similar of them."""
    problem = "no host or group matches" if set(target) & set("*?[") else "no such host or group"
    near = "" if _foreign(target) else did_you_mean(target, names)
    hint = _foreign(target) or "`runnerops hosts` lists the hosts and groups"
    return UsageError(f"{target or repr(target)}: {problem} in {file}{near}", hint)


def _foreign(target: str) -> str:
    """What to write instead of a pattern of Ansible's, or of a file; empty for any other target."""
    if target.endswith(".json"):
        return f"a saved plan is named by --plan: `runnerops deploy --plan {target}`"
    if target.endswith((".yml", ".yaml")):
        return f"an inventory is named by -i: `-i {target}`"
    if target == "all":
        return "all hosts are meant if no target is given, or by '*'"
    if set(target) & set(",:&"):
        return "separate targets by spaces; '!NAME' leaves one out"
    return ""
