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


def label_of(this_host: Host, name: str = "dockerhub") -> str:
    compose: Any = REGISTRY.parse(render_file(this_host)[-1].spec, render_file(this_host)[-1].content or b"")
    return str(compose["services"][name]["labels"][LABEL])


def deployed(*caches: Tree, value: str = "s3cret", **facts: Any) -> HostState:
    """A host on which these caches run as they should."""
    this_host = host({}, list(caches))
    files = {file.spec.path: file.content or b"" for file in render_file(this_host, value)}
    running = [
        our_container(
            str(this_cache["name"]),
            label_of(this_host, str(this_cache["name"])),
            id=f"{number}" * 64,
            image=str(this_cache["image"]),
            ports=(str(this_cache["listen"]),),
        )
        for number, this_cache in enumerate(caches, 1)
    ]
    images = {str(this_cache["image"]) for this_cache in caches}
    return state(files, engine(containers=running, images=images), registry_facts=compose_facts(), **facts)


ONE = cache()
TWO = cache("quay.io", listen="192.0.2.10:5001", serves="quay.io")


def with_registry(observed: HostState, facts: RegistryFacts) -> HostState:
    return replace(observed, facts=replace(observed.facts, registry=facts))
