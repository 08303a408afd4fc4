"""The shape of OUR keys, as pydantic models; the managed systems' own keys pass through. Imported only while loading.

Every value may be null: a layer takes away with it what another gave. What needs the merged host is checked later.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from runnerops.inventory import checks, endpoints, rollout

Name = Annotated[str, AfterValidator(checks.name)]
BlockerCode = Annotated[str, AfterValidator(checks.overridable)]
RuleId = Annotated[str, AfterValidator(checks.rule)]


class _Ours(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


class SshShape(_Ours):
    """How to reach a host."""

    user: Annotated[str, AfterValidator(checks.user)] | None = None
    port: Annotated[int, AfterValidator(checks.port)] | None = None
    key: Annotated[str, AfterValidator(checks.path)] | None = None
    gateway: Annotated[str, AfterValidator(checks.gateway)] | None = None
    sudo: bool | None = None
    sudo_password: Annotated[Any, AfterValidator(checks.text_or_secret)] = None


class SectionShape(_Ours):
    """What is ours in the section of a service."""

    on_change: Literal["restart"] | None = None
    keep: list[Annotated[str, AfterValidator(checks.line)]] | None = None


class DockerShape(SectionShape):
    """daemon.json: any further key is Docker's own."""

    model_config = ConfigDict(extra="allow")


class CacheShape(_Ours):
    """A pull-through cache."""

    name: Name | None = None
    upstream: Annotated[str, AfterValidator(endpoints.upstream)] | None = None
    serves: Annotated[str, AfterValidator(checks.serves)] | None = None
    listen: Annotated[str, AfterValidator(endpoints.listen)] | None = None
    url: Annotated[str, AfterValidator(endpoints.url)] | None = None
    image: Annotated[str, AfterValidator(checks.image)] | None = None
    username: Annotated[Any, AfterValidator(checks.text_or_secret)] = None
    password: Annotated[Any, AfterValidator(checks.text_or_secret)] = None
    ttl: Annotated[Any, AfterValidator(checks.duration)] = None
    volume: Annotated[str, AfterValidator(checks.volume)] | None = None
    environment: dict[str, Annotated[Any, AfterValidator(checks.entry)]] | None = None
    config: dict[str, Any] | None = None
    use: bool | None = None
    for_: list[str] | None = Field(None, alias="for")


class RegistryShape(SectionShape):
    """The caches of a host."""

    directory: Annotated[str, AfterValidator(checks.directory)] | None = None
    caches: list[CacheShape] | None = None


class DindShape(_Ours):
    """How Docker-in-Docker is to be, where it is not just `true`."""

    image: Annotated[str, AfterValidator(checks.image)] | None = None
    alias: Annotated[str, AfterValidator(checks.alias)] | None = None
    tls: bool | None = None
    pool: Annotated[str, AfterValidator(endpoints.pool)] | None = None
    command: Annotated[list[str], AfterValidator(checks.flags)] | None = None


class RunnerSettingsShape(_Ours):
    """What a runner is to have in GitLab, and where it is created."""

    group: Annotated[int | str, AfterValidator(checks.gitlab_place)] | None = None
    project: Annotated[int | str, AfterValidator(checks.gitlab_place)] | None = None
    instance: bool | None = None
    description: Annotated[str, AfterValidator(checks.note)] | None = None
    tags: Annotated[list[str], AfterValidator(checks.tags)] | None = None
    run_untagged: bool | None = None
    locked: bool | None = None
    paused: bool | None = None
    access_level: Literal["not_protected", "ref_protected"] | None = None
    maximum_timeout: Annotated[int, AfterValidator(checks.job_timeout)] | None = None
    maintenance_note: Annotated[str, AfterValidator(checks.note)] | None = None


class RunnerShape(BaseModel):
    """One of `[[runners]]`: any further key is gitlab-runner's own."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True, arbitrary_types_allowed=True)

    name: Annotated[str, AfterValidator(checks.line)]
    was: Annotated[str, AfterValidator(checks.line)] | None = None
    called: str | None = None
    docker_in_docker: Annotated[DindShape | None, BeforeValidator(checks.mapping_or_bool)] = None
    gitlab: RunnerSettingsShape | None = None


class GitlabRunnerShape(SectionShape):
    """config.toml: any further key is gitlab-runner's own."""

    model_config = ConfigDict(extra="allow")

    state: Literal["started", "stopped"] | None = None
    runners: list[RunnerShape] | None = None


class GitlabShape(_Ours):
    """The GitLab whose runners these are."""

    url: Annotated[str, AfterValidator(endpoints.gitlab)] | None = None
    token: Annotated[Any, AfterValidator(checks.text_or_secret)] = None
    ca_file: Annotated[str, AfterValidator(checks.path)] | None = None


class VersionsShape(_Ours):
    """What `check` assumes to run on a host that it cannot ask."""

    docker: str | None = None
    compose: str | None = None
    gitlab_runner: str | None = None
    registry: str | None = None


class RunsShape(_Ours):
    """What a host keeps of past runs."""

    keep: Annotated[int, AfterValidator(checks.at_least_one)] | None = None


class LayerShape(_Ours):
    """What defaults, groups and hosts have in common."""

    ssh: SshShape | None = None
    docker: DockerShape | None = None
    registry: RegistryShape | None = None
    gitlab_runner: GitlabRunnerShape | None = None
    gitlab: GitlabShape | None = None
    vars: dict[str, Any] | None = None
    maintenance: Annotated[str, AfterValidator(checks.maintenance)] | None = None
    versions: VersionsShape | None = None
    runs: RunsShape | None = None
    ignore: dict[RuleId, Annotated[str, AfterValidator(checks.reason)] | None] | None = None


class GroupShape(LayerShape):
    """A group; `groups` are those it builds on."""

    groups: list[str] | None = None


class HostShape(GroupShape):
    """A host."""

    address: Annotated[str, AfterValidator(checks.address)] | None = None
    allow: dict[BlockerCode, Annotated[str, AfterValidator(checks.allowed_because)]] | None = None


class RolloutShape(_Ours):
    """In which order a deploy goes over the hosts, and when it stops."""

    canary: Annotated[str, AfterValidator(checks.line)] | None = None
    batch: Annotated[Any, AfterValidator(rollout.batch)] = None
    max_failures: Annotated[int, AfterValidator(checks.at_least_one)] | None = None
    pause: Annotated[Any, AfterValidator(rollout.pause)] = None
    health: Annotated[Any, AfterValidator(rollout.health)] = None


class InventoryShape(_Ours):
    """The whole file."""

    rollout: RolloutShape | None = None
    defaults: LayerShape | None = None
    groups: dict[Name, GroupShape | None] | None = None
    hosts: dict[Name, HostShape | None]
