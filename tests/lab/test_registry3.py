"""Registry 3 is deployed like registry 2, and does what 2 only seems to do: it keeps to `ttl`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project, cache_section, host_entry
from tests.lab.registry3 import IMAGE, has_go, registry3_image
from tests.lab.roots import BOOKWORM, ensure_root
from tests.lab.shell import until

pytestmark = pytest.mark.hosts("bookworm", "docker28")  # Compose 1 and the newest

CACHE = "http://172.17.0.1:5000"
STATE = "/var/lib/docker/volumes/runnerops-dockerhub/_data/scheduler-state.json"

if has_go():

    @pytest.fixture(name="project")
    def fixture_project(tmp_path: Path, lab: Lab, host: LabHost) -> Project:
        """A project with a host that has the image; nothing is deployed."""
        host.load(registry3_image(ensure_root(BOOKWORM)))
        project = Project(tmp_path, lab)
        project.write({"hosts": {host.name: with_cache(host, lab, image=IMAGE, ttl="48h")}})
        return project

    def with_cache(host: LabHost, lab: Lab, **keys: object) -> dict[str, object]:
        return host_entry(host, docker={"live-restore": True}, registry=cache_section(host, lab.hub, **keys))

    def container(host: LabHost) -> str:
        return host.run("docker ps -q --no-trunc --filter label=com.docker.compose.project=runnerops").stdout.strip()

    def put(host: LabHost) -> int:
        """What an upload gets: 405 of a proxy, 202 of a registry that has not read our config."""
        command = f"curl -s -o /dev/null -w '%{{http_code}}' -X POST {CACHE}/v2/library/mine/blobs/uploads/"
        return int(host.run(command).stdout)

    def expiries(host: LabHost) -> list[datetime]:
        if not host.exists(STATE):
            return []
        entries = json.loads(host.read(STATE)).values()
        return [datetime.fromisoformat(entry["ExpiryData"][:19]).replace(tzinfo=UTC) for entry in entries]

    def test_it_reads_our_config_serves_and_keeps_to_its_ttl(project: Project, host: LabHost) -> None:
        project.deploy()
        assert host.get(f"{CACHE}/v2/")[0] == 200
        assert put(host) == 405
        host.run("docker pull -q alpine:3")
        assert json.loads(host.get(f"{CACHE}/v2/_catalog")[1]) == {"repositories": ["library/alpine"]}
        until("its schedule is on disk", lambda: bool(expiries(host)), seconds=15, every=0.5)
        now = datetime.fromtimestamp(int(host.run("date +%s").stdout), UTC)
        assert all(timedelta(hours=47) < expiry - now <= timedelta(hours=48) for expiry in expiries(host))

        before = container(host)
        assert "unchanged" in project.deploy()
        project.set(host.name, "registry", "caches", 0, "ttl", value="24h")
        project.deploy()
        assert container(host) != before
        assert "library/alpine" in host.get(f"{CACHE}/v2/_catalog")[1]

    def test_a_major_version_is_not_changed_unasked_and_keeps_the_volume(
        project: Project, host: LabHost, lab: Lab
    ) -> None:
        project.write({"hosts": {host.name: with_cache(host, lab)}})
        project.deploy()
        host.run("docker pull -q alpine:3")
        project.write({"hosts": {host.name: with_cache(host, lab, image=IMAGE)}})
        before = container(host)
        assert "registry-major" in project.deploy(code=1)
        assert container(host) == before
        project.deploy("--allow", "registry-major")
        assert container(host) != before
        assert "library/alpine" in host.get(f"{CACHE}/v2/_catalog")[1]
        lab.hub.forget()
        host.run("docker image rm -f alpine:3; docker pull -q alpine:3")
        assert not [request for request in lab.hub.requests() if "/blobs/" in request.path]
