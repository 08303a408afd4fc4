"""`runnerops adopt`: makes inventory entries from hosts as they are. The hosts are only read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runnerops.adopt.finding import find_places, known_names
from runnerops.adopt.target import parse_target
from runnerops.commands.adopt.adoption import Adoption
from runnerops.commands.adopt.request import AdoptionRequest, AdoptOptions
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.errors import RunneropsError, UsageError
from runnerops.inventory import Where, name_of
from runnerops.model.common import Exit
from runnerops.model.inventory import Host, Inventory
from runnerops.report.screen import Screen


def adopt(path: Where, words: Sequence[str], environ: Mapping[str, str], screen: Screen, options: AdoptOptions) -> Exit:
    """Exit 0; 1 if a host was not reached, has nothing to adopt or nothing new for the inventory, or has an entry that the
    inventory refuses.

    The other hosts are adopted all the same.
    """
    targets = _of_ansible(path, words, screen, options) if options.ansible else _targets(words, options.name)
    places = find_places(path, targets, options.group)
    hosts = {host.name: host for host in (*places[0].loaded.hosts, *(place.host for place in places))}
    with ConnectionPool(
        Inventory(places[0].loaded.path, tuple(hosts.values()), {}, places[0].folder), environ, screen
    ) as pool:
        return Adoption(AdoptionRequest(places, environ, screen, pool, options)).run()


def _targets(words: Sequence[str], name: str) -> list[Host | str]:
    if not words:
        raise UsageError("adopt: name the hosts", "runnerops adopt HOST…, or --from-ansible FILE")
    if name and len(words) > 1:
        raise UsageError(f"--name {name}: there are several hosts", "name each: NAME=USER@ADDRESS")
    return [parse_target(word, name) for word in words]


def _of_ansible(path: Where, words: Sequence[str], screen: Screen, options: AdoptOptions) -> list[Host | str]:
    """The hosts of the Ansible inventory that ours does not have. Prints which others are left out."""
    from runnerops.adopt.ansible_files import read_ansible

    assert options.ansible
    if options.name:
        raise UsageError("--name: hosts of an Ansible inventory have names", "leave --name out")
    ansible = read_ansible(options.ansible, words)
    known_words = known_names(path)
    already_there = [host.name for host in ansible.hosts if {host.name, host.address} & known_words]
    for note in (*ansible.notes, *(f"{name} is left out: it is in {name_of(path)} already" for name in already_there)):
        screen.say(f"note: {note}", "warn")
    hosts = [host for host in ansible.hosts if host.name not in already_there]
    if not hosts:
        raise RunneropsError(f"{options.ansible}: it has no host that could be adopted", "see the notes")
    return [*hosts]


__all__ = ["AdoptOptions", "adopt"]
