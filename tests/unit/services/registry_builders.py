"""Caches and hosts that have deployed them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from runnerops.model.common import ServiceName, Tree, Verb
from runnerops.model.facts import RegistryFacts
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.model.plan import Action
from runnerops.services import REGISTRY
from tests.unit.services.builders import (
    cache,
    compose_facts,
    engine,
    host,
    our_container,
    render_file,
    state,
)

LABEL = "runnerops.registry-config.sha256"
RESTART = Action(ServiceName.DOCKER, Verb.RESTART, ("mtu",))


def label_of(here: Host, name: str = "dockerhub") -> str:
    compose: Any = REGISTRY.parse(render_file(here)[-1].spec, render_file(here)[-1].content or b"")
    return str(compose["services"][name]["labels"][LABEL])


def deployed(*caches: Tree, value: str = "s3cret", **facts: Any) -> HostState:
    """A host on which these caches run as they should."""
    here = host({}, list(caches))
    files = {file.spec.path: file.content or b"" for file in render_file(here, value)}
    running = [
        our_container(
            str(one["name"]),
            label_of(here, str(one["name"])),
            id=f"{number}" * 64,
            image=str(one["image"]),
            ports=(str(one["listen"]),),
        )
        for number, one in enumerate(caches, 1)
    ]
    images = {str(one["image"]) for one in caches}
    return state(files, engine(containers=running, images=images), registry_facts=compose_facts(), **facts)


ONE = cache()
TWO = cache("quay.io", listen="192.0.2.10:5001", serves="quay.io")


def with_registry(observed: HostState, facts: RegistryFacts) -> HostState:
    return replace(observed, facts=replace(observed.facts, registry=facts))
