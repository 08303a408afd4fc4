"""The shape of the inventory's own keys, which `typed` checks. Keys of the managed systems pass through.

Every value may be null: with it, a layer removes what another one has set. Checks that need the merged host come later.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from runnerops.inventory.keys import checks, endpoints, rollout
from runnerops.inventory.keys.typed import Before, Check, Hint, Shape

Name = Annotated[str, Check(checks.name)]
BlockerCode = Annotated[str, Check(checks.overridable)]
RuleId = Annotated[str, Check(checks.rule)]
_PROTECTED = "`ref_protected` runs the jobs of protected branches and tags only"


class SshShape(Shape):
    """How to reach a host."""

    user: Annotated[str, Check(checks.user)] | None = None
    port: Annotated[int, Check(checks.port)] | None = None
    key: Annotated[str, Check(checks.path)] | None = None
    gateway: Annotated[str, Check(checks.gateway)] | None = None
    sudo: bool | None = None
    sudo_password: Annotated[Any, Check(checks.text_or_secret)] = None


class SectionShape(Shape):
    """The keys of runnerops itself in the section of a service."""

    on_change: Annotated[Literal["restart"], Hint("leave the key out for the least action that is enough")] | None = (
        None
    )
    keep: list[Annotated[str, Check(checks.line)]] | None = None


class DockerShape(SectionShape, further=True):
    """The keys of daemon.json. Any key that is not listed here is passed on to Docker."""


class CacheShape(Shape):
    """A pull-through cache: a registry that holds the images of another one."""

    name: Name | None = None
    upstream: Annotated[str, Check(endpoints.upstream)] | None = None
    serves: Annotated[str, Check(checks.serves)] | None = None
    listen: Annotated[str, Check(endpoints.listen)] | None = None
    url: Annotated[str, Check(endpoints.url)] | None = None
    image: Annotated[str, Check(checks.image)] | None = None
    username: Annotated[Any, Check(checks.text_or_secret)] = None
    password: Annotated[Any, Check(checks.text_or_secret)] = None
    ttl: Annotated[Any, Check(checks.duration)] = None
    volume: Annotated[str, Check(checks.volume)] | None = None
    environment: dict[str, Annotated[Any, Check(checks.entry)]] | None = None
    config: dict[str, Any] | None = None
    use: bool | None = None
    for_: list[str] | None = None


class RegistryShape(SectionShape):
    """The caches of a host."""

    directory: Annotated[str, Check(checks.directory)] | None = None
    caches: list[CacheShape] | None = None


class DindShape(Shape):
    """Settings of Docker-in-Docker, in place of `true`."""

    image: Annotated[str, Check(checks.image)] | None = None
    alias: Annotated[str, Check(checks.alias)] | None = None
    tls: bool | None = None
    pool: Annotated[str, Check(endpoints.pool)] | None = None
    command: Annotated[list[str], Check(checks.flags)] | None = None


class RunnerSettingsShape(Shape):
    """The settings of a runner in GitLab, and where a deploy creates it."""

    group: Annotated[int | str, Check(checks.gitlab_place)] | None = None
    project: Annotated[int | str, Check(checks.gitlab_place)] | None = None
    instance: bool | None = None
    description: Annotated[str, Check(checks.note)] | None = None
    tags: Annotated[list[str], Check(checks.tags)] | None = None
    run_untagged: bool | None = None
    locked: bool | None = None
    paused: bool | None = None
    access_level: Annotated[Literal["not_protected", "ref_protected"], Hint(_PROTECTED)] | None = None
    maximum_timeout: Annotated[int, Check(checks.job_timeout)] | None = None
    maintenance_note: Annotated[str, Check(checks.note)] | None = None


class RunnerShape(Shape, further=True):
    """An entry of `[[runners]]`. Any key that is not listed here is passed on to gitlab-runner."""

    name: Annotated[str, Check(checks.line)]
    was: Annotated[str, Check(checks.line)] | None = None
    called: str | None = None
    docker_in_docker: Annotated[DindShape | None, Before(checks.mapping_or_bool)] = None
    gitlab: RunnerSettingsShape | None = None


class GitlabRunnerShape(SectionShape, further=True):
    """The keys of config.toml. Any key that is not listed here is passed on to gitlab-runner."""

    state: Annotated[Literal["started", "stopped"], Hint("leave the key out to have it started")] | None = None
    runners: list[RunnerShape] | None = None


class GitlabShape(Shape):
    """The GitLab in which the runners of the host are registered."""

    url: Annotated[str, Check(endpoints.gitlab)] | None = None
    token: Annotated[Any, Check(checks.text_or_secret)] = None
    ca_file: Annotated[str, Check(checks.path)] | None = None


class VersionsShape(Shape):
    """The versions that `check` assumes on a host, because it cannot ask the host."""

    docker: Annotated[str, Check(checks.version)] | None = None
    compose: Annotated[str, Check(checks.version)] | None = None
    gitlab_runner: Annotated[str, Check(checks.version)] | None = None
    registry: Annotated[str, Check(checks.version)] | None = None


class RunsShape(Shape):
    """Which records of past runs a host keeps."""

    keep: Annotated[int, Check(checks.kept_runs)] | None = None


class LayerShape(Shape):
    """The keys that defaults, groups and hosts have in common."""

    ssh: SshShape | None = None
    docker: DockerShape | None = None
    registry: RegistryShape | None = None
    gitlab_runner: GitlabRunnerShape | None = None
    gitlab: GitlabShape | None = None
    vars: dict[str, Any] | None = None
    maintenance: Annotated[str, Check(checks.maintenance)] | None = None
    versions: VersionsShape | None = None
    runs: RunsShape | None = None
    ignore: dict[RuleId, Annotated[str, Check(checks.reason)] | None] | None = None


class GroupShape(LayerShape):
    """A group of hosts. `groups` names other groups whose keys it takes over."""

    groups: list[str] | None = None


class HostShape(GroupShape):
    """A host, with the groups whose keys it takes over."""

    address: Annotated[str, Check(checks.address)] | None = None
    allow: dict[BlockerCode, Annotated[str, Check(checks.allowed_because)]] | None = None


class RolloutShape(Shape):
    """The order in which a deploy goes over the hosts, and when it stops."""

    canary: Annotated[str, Check(checks.line)] | None = None
    batch: Annotated[Any, Check(rollout.batch)] = None
    max_failures: Annotated[int, Check(checks.failures)] | None = None
    pause: Annotated[Any, Check(rollout.pause)] = None
    health: Annotated[Any, Check(rollout.health)] = None


class InventoryShape(Shape):
    """The whole inventory."""

    rollout: RolloutShape | None = None
    defaults: LayerShape | None = None
    groups: dict[Name, GroupShape | None] | None = None
    hosts: dict[Name, HostShape | None]
