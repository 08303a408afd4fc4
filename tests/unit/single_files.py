"""Single files that check is given."""

from __future__ import annotations

from runnerops.model.common import ServiceName
from runnerops.model.inventory import FileSpec

JSON = FileSpec(ServiceName.DOCKER, "daemon.json", "daemon.json.j2", "json")
TOML = FileSpec(ServiceName.GITLAB_RUNNER, "config.toml", "config.toml.j2", "toml")
REGISTRY = FileSpec(ServiceName.REGISTRY, "registry-config.yml", "registry-config.yml.j2", "yaml")
YAML = FileSpec(ServiceName.REGISTRY, "compose.yml", "docker-compose.yml.j2", "yaml")
