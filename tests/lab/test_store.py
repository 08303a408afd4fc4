"""Another image store: what vanishes with it is said and brought up again, and a run that fails brings back what was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project, cache_section, host_entry

URL = "http://172.17.0.1:5000"
MOVED = "/srv/docker-moved"
SNAPSHOTTER = {"containerd-snapshotter": True}


def daemon(lab: Lab, **keys: Any) -> dict[str, Any]:
    plain = [url.partition("//")[2] for url in (URL, lab.hub.url)]  # containerd of 26.1 asks mirrors by https otherwise
    return {"live-restore": True, "registry-mirrors": [URL, lab.hub.url], "insecure-registries": plain, **keys}


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab, host: LabHost) -> Iterator[Project]:
    """A host with a cache, live-restore, and a hub that has the cache's own image."""
    lab.hub.push(next(image for image in host.kept if image.short == host.registry_image))
    project = Project(tmp_path, lab)
    section = cache_section(host, lab.hub)
    project.write({"hosts": {host.name: host_entry(host, docker=daemon(lab), registry=section)}})
    project.deploy("--allow", f"unproven-mirror@{host.name}")
    yield project
    host.run(f"systemctl stop docker.socket docker; rm -rf /etc/docker/daemon.json {MOVED}")


def blocked(project: Project) -> list[str]:
    (shown,) = project.diff()["hosts"]
    return [one["code"] for one in shown["blockers"]]


def serves(host: LabHost) -> bool:
    return host.get(f"{URL}/v2/")[0] == 200


@pytest.mark.hosts("trixie", "docker28")
def test_what_is_in_effect_is_written_out_freely_and_another_store_is_brought_up(
    project: Project, host: LabHost, lab: Lab
) -> None:
    allow = ("--allow", f"data-root@{host.name}")
    life = host.run("systemctl show -p InvocationID --value docker").stdout
    driver = host.run("docker info --format '{{.Driver}}'").stdout.strip()
    said = daemon(lab, **{"data-root": "/var/lib/docker", "storage-driver": driver})
    project.set(host.name, "docker", value={**said, "features": {"containerd-snapshotter": False}})
    assert blocked(project) == []
    project.deploy()
    assert host.run("systemctl show -p InvocationID --value docker").stdout == life, "nothing was restarted"

    # a store that cannot come up: the cache is back, and answers
    host.run(f"install -m 644 /dev/null {MOVED}")
    project.set(host.name, "docker", value=daemon(lab, **{"data-root": MOVED}))
    assert blocked(project) == ["data-root"]
    assert "back as it was" in project.deploy(*allow, code=4)
    assert serves(host)
    project.set(host.name, "docker", value={**said, "features": {"containerd-snapshotter": False}})
    assert "unchanged" in project.deploy()

    # a move: what runs there is new, pulled after the restart
    host.run(f"rm -f {MOVED}")
    project.set(host.name, "docker", value=daemon(lab, **{"data-root": MOVED}))
    assert "applied" in project.deploy(*allow)
    assert host.run("docker info --format '{{.DockerRootDir}}'").stdout.strip() == MOVED
    assert serves(host)
    project.run("diff", "--exit-code")

    # the image store, there and back: the same volumes, other images and containers
    project.set(host.name, "docker", value=daemon(lab, **{"data-root": MOVED, "features": SNAPSHOTTER}))
    assert blocked(project) == ["data-root"]
    assert "applied" in project.deploy(*allow)
    assert "io.containerd.snapshotter" in host.run("docker info --format '{{.DriverStatus}}'").stdout
    assert serves(host)
    project.set(host.name, "docker", value=daemon(lab, **{"data-root": MOVED}))
    assert blocked(project) == ["data-root"]
    assert "applied" in project.deploy(*allow)
    assert serves(host)
    project.run("diff", "--exit-code")
