"""Builds hosts and their state for tests of docker and registry."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from runnerops.model.common import Secret, ServiceName, SourceLocation, Tree
from runnerops.model.facts import (
    Container,
    DataRoot,
    DockerFacts,
    DockerStore,
    Facts,
    Job,
    RegistryFacts,
    RunnerFacts,
    Unit,
)
from runnerops.model.host_state import HostState, Intent, RemoteFile
from runnerops.model.inventory import Cache, Host, Policy, RenderedFile
from runnerops.model.plan import Change
from runnerops.planning.blockers import TOOLS
from runnerops.render.renderer import Renderer, Resolves
from runnerops.services import DOCKER
from runnerops.services.base import Service

POLICY = Policy()
MIRROR = "http://192.0.2.10:5000"
BRIDGE = "172.17.0.1"
ARGV = ("/usr/bin/dockerd", "-H", "fd://", "--containerd=/run/containerd/containerd.sock")
DAEMON = "/etc/docker/daemon.json"
HUB = "https://registry-1.docker.io"


def json_bytes(tree: object) -> bytes:
    return (json.dumps(tree, indent=2) + "\n").encode()


def engine(
    version: str = "26.1.5",
    *,
    mirrors: tuple[str, ...] | None = (),
    live: bool | None = False,
    active: str = "active",
    argv: tuple[str, ...] = ARGV,
    containers: Iterable[Container] = (),
    images: Iterable[str] = (),
    swarm: bool = False,
    store: DockerStore | None = None,
    roots: Mapping[str, DataRoot] | None = None,
    bridge: str = BRIDGE,
) -> DockerFacts:
    """A daemon that answers, unless its unit is not active."""
    unit = Unit("docker.service", active, 100 if active == "active" else 0, "inv-1" if active == "active" else "", argv)
    if active != "active":
        return DockerFacts(unit, bridge=BRIDGE)
    loaded = None if mirrors is None else tuple(f"{url}/" for url in mirrors)
    docker = DockerFacts(unit, version, "engine", loaded, live, swarm, bridge, tuple(containers), frozenset(images))
    return replace(docker, store=store, roots=roots or {})


def runner(*, active: str = "active", jobs: int = 0) -> RunnerFacts:
    running_jobs = tuple(Job(str(number), "job") for number in range(jobs))
    return RunnerFacts(Unit("gitlab-runner.service", active), "19.3.0", running_jobs)


def state(
    files: Mapping[str, bytes] | None = None,
    docker_facts: DockerFacts | None = None,
    *,
    registry_facts: RegistryFacts | None = None,
    runner_facts: RunnerFacts | None = None,
    intents: tuple[Intent, ...] = (),
    applied: Mapping[str, str] | None = None,
) -> HostState:
    remote_files = {
        path: RemoteFile(path, "file", content, "0644", "root:root") for path, content in (files or {}).items()
    }
    facts = Facts(
        tools=frozenset({"curl", *TOOLS}),
        addresses=("127.0.0.1", "192.0.2.10"),
        docker=docker_facts,
        registry=registry_facts,
        runner=runner_facts,
    )
    return HostState(files=remote_files, facts=facts, intents=intents, applied=applied or {})


def host(
    docker_section: Tree | None = None,
    caches: list[Tree] | None = None,
    *,
    usable: tuple[Cache, ...] = (),
    always_restart: frozenset[ServiceName] = frozenset(),
    keep: Mapping[ServiceName, tuple[str, ...]] | None = None,
) -> Host:
    sections: dict[ServiceName, Tree] = {}
    if docker_section is not None:
        sections[ServiceName.DOCKER] = docker_section
    if caches is not None:
        sections[ServiceName.REGISTRY] = {"directory": "/opt/registry", "caches": list(caches)}
    return Host("h1", "192.0.2.10", sections=sections, caches=usable, always_restart=always_restart, keep=keep or {})


def cache(name: str = "dockerhub", **keys: Any) -> Tree:
    """A cache's section as the inventory fills it in."""
    listen = keys.get("listen") or f"{BRIDGE}:5000"
    filled: Tree = {
        "name": name,
        "upstream": HUB,
        "serves": "docker.io",
        "listen": listen,
        "url": f"http://{listen}",
        "image": "registry:3.0.0",
        "username": None,
        "password": None,
        "ttl": None,
        "volume": f"runnerops-{name}",
        "environment": {"OTEL_TRACES_EXPORTER": "none"},
        "config": {},
        "use": True,
        "for": None,
        "config_file": "registry-config.yml" if name == "dockerhub" else f"registry-config.{name}.yml",
        "local": listen.startswith("172."),
        "listen_given": "listen" in keys,
    }
    return {**filled, **keys}


def changes(
    service: Service, this_host: Host, rendered: Iterable[RenderedFile], observed: HostState
) -> tuple[Change, ...]:
    """What the plan makes of files that are asked for: settled, then compared."""
    items = []
    for file in service.reconcile(this_host, tuple(rendered), observed)[0]:
        old = observed.file(file.spec.path)
        if old.content == file.content:
            continue
        before = {} if old.content is None else service.parse(file.spec, old.content)
        after = {} if file.content is None else service.parse(file.spec, file.content)
        items.append(Change(old, file, service.key_changes(file.spec, before, after)))
    return tuple(items)


def daemon(tree: Tree) -> RenderedFile:
    """A daemon.json that is asked for."""
    (spec,) = DOCKER.files(host(tree))
    return RenderedFile(spec, json_bytes(tree))


def change_daemon(observed: HostState, tree: Tree, this_host: Host | None = None) -> tuple[Change, ...]:
    return changes(DOCKER, this_host or host(tree), [daemon(tree)], observed)


class Vault:
    """Gives every secret the same value."""

    def __init__(self, value: str = "s3cret") -> None:
        self.value = value

    def resolve(self, secret: Secret) -> str:
        assert secret.source == "env"
        return self.value


def secret(name: str = "TOKEN") -> Secret:
    return Secret("env", name, SourceLocation("inventory.yml", 1, 1))


def render_file(this_host: Host, value: str = "s3cret") -> tuple[RenderedFile, ...]:
    """The registry's files as the shipped templates render them, made once for each host and value of its secrets."""
    asked = (repr(this_host), value)
    if asked not in _RENDERED:
        made = render_all(this_host, Vault(value))
        _RENDERED[asked] = tuple(file for file in made if file.spec.service is ServiceName.REGISTRY)
    return _RENDERED[asked]


_RENDERED: dict[tuple[str, str], tuple[RenderedFile, ...]] = {}


class _Borrowed:
    """Asks the resolver of the moment."""

    now: Resolves = Vault()

    def resolve(self, secret: Secret) -> str:
        return self.now.resolve(secret)


_BORROWED = _Borrowed()
_RENDERER = Renderer(Path("no-such-project"), _BORROWED)
"""One for all tests, for it compiles each template once."""


def render_all(this_host: Host, resolver: Resolves) -> tuple[RenderedFile, ...]:
    """A host's files as the shipped templates render them."""
    _BORROWED.now = resolver
    return _RENDERER.files(this_host)


def container(
    name: str = "runnerops-dockerhub-1", *, labels: Mapping[str, str] | None = None, **keys: Any
) -> Container:
    found = Container("c" * 64, name, "registry:3.0.0", True, "always", (f"{BRIDGE}:5000",), labels or {})
    return replace(found, **keys)


def our_container(service: str = "dockerhub", label: str = "", **keys: Any) -> Container:
    labels = {"com.docker.compose.project": "runnerops", "com.docker.compose.service": service}
    if label:
        labels["runnerops.registry-config.sha256"] = label
    return container(f"runnerops-{service}-1", labels=labels, **keys)


def compose_facts(**keys: Any) -> RegistryFacts:
    return replace(RegistryFacts(("docker", "compose"), "2.26.1"), **keys)
