"""Rules with the versions that an inventory gives for a host that is not contacted."""

from __future__ import annotations

import pytest

from runnerops.model.common import ServiceName
from runnerops.model.facts import DockerFacts, Facts, Unit
from runnerops.model.inventory import FileSpec, Host, RenderedFile
from runnerops.planning.lint import lint

DAEMON = FileSpec(ServiceName.DOCKER, "/etc/docker/daemon.json", "daemon.json.j2", "json")
RUNNER = FileSpec(ServiceName.GITLAB_RUNNER, "/etc/gitlab-runner/config.toml", "config.toml.j2", "toml")
REGISTRY = FileSpec(
    ServiceName.REGISTRY, "/opt/registry/registry-config.yml", "registry-config.yml.j2", "yaml", name="dockerhub"
)
TTL = b"""version: 0.1
storage: {filesystem: {}, delete: {enabled: true}}
proxy: {remoteurl: "https://registry-1.docker.io", ttl: 24h}
"""

SSH = b"""concurrent = 1
[[runners]]
name = "old"
url = "https://gitlab.example.com"
token = "glrt-aaaaaaaaaaaaaaaaaaaa"
executor = "docker-ssh"
docker = {image = "alpine"}
ssh = {user = "ci"}
"""


def findings_of(
    versions: dict[str, str], spec: FileSpec, content: bytes, facts: Facts | None = None
) -> list[tuple[str, str]]:
    host = Host("h", "h", versions=versions)
    return [(finding.rule, finding.severity) for finding in lint(host, [RenderedFile(spec, content)], facts)]


@pytest.mark.parametrize(
    ("versions", "spec", "content", "findings"),
    [
        ({}, DAEMON, b'{"log-format": "json"}', []),
        ({"docker": "19.03"}, DAEMON, b'{"log-format": "json"}', [("D002", "error")]),
        ({"docker": "26.1"}, DAEMON, b'{"log-format": "json"}', []),
        ({"docker": "26.1"}, DAEMON, b'{"graph": "/x"}', [("D002", "error")]),
        ({"docker": "20.10"}, DAEMON, b'{"graph": "/x"}', []),
        ({"docker": "24.0"}, DAEMON, b'{"log-level": "warning"}', []),
        ({"docker": "28.5"}, DAEMON, b'{"hosts": ["fd://"]}', [("D007", "warning")]),
        ({"gitlab_runner": "15.0"}, RUNNER, b"concurrent = 1\nshutdown_timeout = 5\n", [("R007", "warning")]),
        ({"gitlab_runner": "16.0"}, RUNNER, b"concurrent = 1\nshutdown_timeout = 5\n", []),
        ({}, RUNNER, SSH, [("R003", "warning")]),
        ({"gitlab_runner": "15.11"}, RUNNER, SSH, []),
        ({"gitlab_runner": "16.0"}, RUNNER, SSH, [("R003", "error")]),
        ({"registry": "2.8"}, REGISTRY, TTL, [("C004", "warning")]),
        ({"registry": "3.1"}, REGISTRY, TTL, []),
        ({"compose": "2.26"}, REGISTRY, TTL, []),
    ],
)
def test_versions_of_the_inventory(
    versions: dict[str, str], spec: FileSpec, content: bytes, findings: list[tuple[str, str]]
) -> None:
    assert findings_of(versions, spec, content) == findings


def test_the_hosts_own_version_wins() -> None:
    facts = Facts(docker=DockerFacts(Unit("docker", "active"), "26.1.5"))
    assert findings_of({"docker": "19.03"}, DAEMON, b'{"log-format": "json"}', facts) == []
