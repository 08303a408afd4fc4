"""Makes the section of the inventory from a host's daemon.json. Pure."""

from __future__ import annotations

from runnerops.model.common import Tree, Value
from runnerops.model.host_state import HostState
from runnerops.services.base import Adopted, ParseError
from runnerops.services.docker.diff import path_of
from runnerops.services.docker.format import parse
from runnerops.services.shared.daemon import running


def adopt(observed: HostState) -> Adopted:
    """Returns the keys in the order of the file. Nulls are left out: for dockerd they equal no key, but in an inventory
    they mean something else.
    """
    path = path_of(observed)
    file = observed.file(path)
    docker = observed.facts.docker
    if docker is None:
        return Adopted(notes=("the host has no Docker Engine, so there is no docker section",))
    if docker.flavour != "engine":
        return Adopted(
            notes=(f"Docker on the host is {docker.flavour}, which is not managed, so there is no docker section",)
        )
    if file.content is None:
        reason = "does not exist" if file.kind == "absent" else f"is not a regular file (a {file.kind})"
        return Adopted(
            notes=(f"{path} {reason}, so there is no docker section (with one, a deploy would write the file)",)
        )
    try:
        tree = parse(file.content)
    except ParseError as error:
        return Adopted(notes=(f"{path}:{error.line}:{error.column}: {error.problem}; correct it, then adopt again",))
    notes = () if running(docker) else ("Docker is stopped on the host; a deploy starts it",)
    return Adopted(_without_nulls(tree), notes=notes)


def _without_nulls(tree: Tree) -> Tree:
    return {name: _plain(value) for name, value in tree.items() if value is not None}


def _plain(value: Value) -> Value:
    return _without_nulls(value) if isinstance(value, dict) else value
