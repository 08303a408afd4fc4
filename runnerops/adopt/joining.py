"""What a new host inherits: the defaults, and the group that it joins. Reads the files of the inventory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from runnerops.adopt.insert import add_host
from runnerops.adopt.place import Place, bare, inherited_by
from runnerops.adopt.scalars import key
from runnerops.adopt.yaml_text import flow
from runnerops.errors import RunneropsError, UsageError
from runnerops.inventory import load, the_host
from runnerops.inventory.keys import checks
from runnerops.inventory.load import read_document
from runnerops.model.common import Secret, Tree, Value


def with_group(
    places: Sequence[Place], group: str, host_names: Sequence[str], groups: Sequence[str]
) -> tuple[Place, ...]:
    """The same places, in the group if the inventory has it. `host_names`: those in use. Raises UsageError."""
    try:
        checks.name(group)
    except checks.Refused as error:
        raise UsageError(f"--group {group}: {error.text}", error.hint or "write another name") from None
    if group in {*host_names, *(place.host.name for place in places)}:
        raise UsageError(f"--group {group}: a host has that name already", "name another group")
    for place in places:
        if place.is_in_file and group not in place.host.groups:
            hint = "leave it out, or leave --group out"
            raise UsageError(f"--group: {place.host.name} is in {place.path} already", hint)
    if group not in groups:
        return tuple(places)
    return tuple(place if place.is_in_file else as_it_will_be(place, group) for place in places)


def as_it_will_be(place: Place, group: str = "") -> Place:
    """The place with what the host inherits. Its entry without sections is loaded as part of the inventory."""
    own_keys: Tree = {**place.own_keys, "groups": [group]} if group else dict(place.own_keys)
    name = place.host.name
    try:
        text = add_host(place.text, lambda indent, _: [f"{' ' * indent}{key(name)}: {flow(own_keys)}"])
        contents = {place.path: place.content_of(text)}
        where = place.where or place.path
        inherited = inherited_by(read_document(where, contents), name)
        host = bare(the_host(load(where, contents), name))
    except RunneropsError:  # reported when the whole entry is in the inventory
        return replace(place, own_keys=own_keys, group=group)
    return replace(place, own_keys=own_keys, group=group, host=host, inherited=inherited)


def variables_in(inherited: Value, known_variables: Mapping[str, str]) -> dict[str, str]:
    """The variables in the inherited values, with their values if they are known."""
    if isinstance(inherited, Secret):
        is_known = inherited.source == "env" and inherited.argument in known_variables
        return {inherited.argument: known_variables[inherited.argument]} if is_known else {}
    inside = inherited.values() if isinstance(inherited, dict) else inherited if isinstance(inherited, list) else ()
    return {name: text for item in inside for name, text in variables_in(item, known_variables).items()}
