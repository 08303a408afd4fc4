"""Another image store: what vanishes with it is said and brought up again, and a run that fails brings back what was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project, cache_section, host_entry

URL = "http://172.17.0.1:5000"
MOVED = "/srv/docker-moved"
SNAPSHOTTER = "containerd-snapshotter"


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
    host.run(
        "docker ps -aq | xargs -r docker rm -f"
    )  # with live-restore its file system stays mounted in the data-root
    host.run(f"systemctl stop docker.socket docker; rm -rf /etc/docker/daemon.json /etc/docker/certs.d {MOVED}")


def past_the_cache(project: Project, host: LabHost, lab: Lab) -> None:
    """Docker 28 reads a hosts.toml before its mirrors, for images in containerd's store: verify and diff say so, rightly."""
    path = "/etc/docker/certs.d/docker.io/hosts.toml"
    host.run(f"mkdir -p {path.rpartition('/')[0]}")
    host.write(path, f'[host."{lab.hub.url}"]\n  capabilities = ["pull", "resolve"]\n'.encode())
    output = json.loads(project.run("verify", "--quick", "-o", "json", code=None))["hosts"][0]["checks"]
    failed = [check["check"] for check in output if check["state"] == "fail"]
    host.run("docker pull -q alpine:3")
    caught = "library/alpine" in host.get(f"{URL}/v2/_catalog")[1]
    assert (failed, caught) == (([], True) if host.name == "trixie" else (["mirror-asked"], False))
    assert any(path in note for note in project.diff()["hosts"][0]["notes"]) is not caught
    host.run(f"rm -r {path.rpartition('/')[0]}; docker rmi alpine:3")


def blocked(project: Project) -> list[str]:
    (shown,) = project.diff()["hosts"]
    return [blocker["code"] for blocker in shown["blockers"]]


def in_containerd(host: LabHost) -> bool:
    return "io.containerd.snapshotter" in host.run("docker info --format '{{.DriverStatus}}'").stdout


def serves(host: LabHost) -> bool:
    return host.get(f"{URL}/v2/")[0] == 200


@pytest.mark.hosts("trixie", "docker28")
def test_what_is_in_effect_is_written_out_freely_and_another_store_is_brought_up(
    project: Project, host: LabHost, lab: Lab
) -> None:
    allow = ("--allow", f"data-root@{host.name}")
    life = host.run("systemctl show -p InvocationID --value docker").stdout
    driver = host.run("docker info --format '{{.Driver}}'").stdout.strip()
    by_default = in_containerd(host)  # as a fresh Docker 29 has it
    written_out = {"data-root": "/var/lib/docker", "storage-driver": driver, "features": {SNAPSHOTTER: by_default}}
    project.set(host.name, "docker", value=daemon(lab, **written_out))
    assert blocked(project) == []
    project.deploy()
    assert host.run("systemctl show -p InvocationID --value docker").stdout == life, "nothing was restarted"

    # a store that cannot come up: the cache is back, and answers
    host.run(f"install -m 644 /dev/null {MOVED}")
    project.set(host.name, "docker", value=daemon(lab, **{"data-root": MOVED}))
    assert blocked(project) == ["data-root"]
    assert "back as it was" in project.deploy(*allow, code=4)
    assert serves(host)
    project.set(host.name, "docker", value=daemon(lab, **written_out))
    assert "unchanged" in project.deploy()

    # a move: what runs there is new, pulled after the restart
    host.run(f"rm -f {MOVED}")
    project.set(host.name, "docker", value=daemon(lab, **{"data-root": MOVED}))
    assert "applied" in project.deploy(*allow)
    assert host.run("docker info --format '{{.DockerRootDir}}'").stdout.strip() == MOVED
    assert serves(host)
    project.run("diff", "--exit-code")

    # the image store, there and back: the same volumes, other images and containers
    for features in ({"features": {SNAPSHOTTER: not by_default}}, {}):
        project.set(host.name, "docker", value=daemon(lab, **{"data-root": MOVED, **features}))
        assert blocked(project) == ["data-root"]
        assert "applied" in project.deploy(*allow)
        assert in_containerd(host) is (not by_default if features else by_default)
        assert serves(host)
        if in_containerd(host):
            past_the_cache(project, host, lab)
    project.run("diff", "--exit-code")
