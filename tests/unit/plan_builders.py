"""A host with Docker and a runner, as the inventory asks for it and as it is observed, and the plan that follows."""

from __future__ import annotations

from dataclasses import replace

from runnerops.model.common import ServiceName, Tree
from runnerops.model.facts import Job, RunnerFacts, Unit
from runnerops.model.host_state import HostState, Intent, RemoteFile, sha256
from runnerops.model.inventory import Host, Policy, RenderedFile, Requester
from runnerops.model.plan import Plan
from runnerops.planning.plan import Request, make_plan
from runnerops.planning.reconcile import reconcile
from runnerops.services import service_of
from tests.unit.services.builders import DAEMON, daemon, engine, json_bytes, state

CONFIG = "/etc/gitlab-runner/config.toml"
ORIGIN = Requester("me", "laptop")
POLICY = Policy()
UNIT = Unit("gitlab-runner.service", "active", 42, "run-1", ("gitlab-runner", "run", "--config", CONFIG))
RUNNER = b"""concurrent = 2

[[runners]]
name = "one"
url = "https://gitlab.example.com"
executor = "shell"
token = "glrt-aaaaaaaaaaaa"
"""
DOCKER_TREE: Tree = {"live-restore": True, "log-opts": {"max-size": "7m"}}


def observed(
    daemon_json: Tree | None, config: bytes | None, *, jobs: int = 0, intents: tuple[Intent, ...] = ()
) -> HostState:
    files = {} if daemon_json is None else {DAEMON: json_bytes(daemon_json)}
    live = bool((daemon_json or {}).get("live-restore"))
    host_state = state(files, engine(live=live), intents=intents)
    known = dict(host_state.files)
    if config is not None:
        known[CONFIG] = RemoteFile(CONFIG, "file", config, "0600", "root:root")
    runner = RunnerFacts(UNIT, "16.11.0", tuple(Job(str(number), "job") for number in range(jobs)))
    applied = {path: sha256(file.content) for path, file in known.items()}
    return replace(host_state, files=known, facts=replace(host_state.facts, runner=runner), applied=applied)


def a_host(*services: ServiceName) -> Host:
    return Host("h", "h", sections={service: {} for service in services})


def ask(docker: Tree | None, config: bytes | None) -> tuple[RenderedFile, ...]:
    files = () if docker is None else (daemon(docker),)
    if config is None:
        return files
    service = service_of(ServiceName.GITLAB_RUNNER)
    (spec,) = service.files(a_host(ServiceName.GITLAB_RUNNER))
    return (*files, RenderedFile(spec, config))


def plan(
    rendered: tuple[RenderedFile, ...],
    host_state: HostState,
    policy: Policy = POLICY,
    *,
    host: Host | None = None,
    deployed: frozenset[str] = frozenset(),
    key: str = "",
) -> Plan:
    this_host = host or a_host(*{file.spec.service for file in rendered})
    desired, blockers = reconcile(this_host, rendered, host_state)
    return make_plan(
        Request(this_host, rendered, desired, host_state, policy, ORIGIN, blockers, deployed=deployed, key=key)
    )
