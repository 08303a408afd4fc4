"""Caches that are not what was asked: dead ones, forgotten mounts, networks that are gone, a Compose that is too old."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project, cache_section, host_entry
from tests.lab.roots import BOOKWORM, ensure_root
from tests.lab.shell import until

URL = "http://172.17.0.1:5000"
SECOND = "172.17.0.1:5001"
OURS = "--filter label=com.docker.compose.project=runnerops"
TO_CACHES = "-p tcp --dport 5000 ! -o eth0 -j REJECT"
"""What a firewall of the host does to its own requests to a cache, not to those of its registry to the hub."""

NOBODY = "http://127.0.0.1:9"
"""An upstream that refuses connections at once."""


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab, host: LabHost) -> Project:
    """A host with a cache and its mirror, deployed."""
    project = Project(tmp_path, lab)
    project.write({"hosts": {host.name: host_entry(host, docker={}, registry=cache_section(host, lab.hub))}})
    project.deploy()
    return project


def container(host: LabHost) -> str:
    return host.run(f"docker ps -q --no-trunc {OURS}").stdout.strip()


def volume(host: LabHost) -> str:
    form = '{{range .Mounts}}{{if eq .Destination "/var/lib/registry"}}{{.Name}}{{end}}{{end}}'
    return host.run(f"docker inspect $(docker ps -q {OURS}) --format '{form}'").stdout.strip()


def actions(project: Project) -> list[tuple[str, str, list[str]]]:
    (shown,) = project.diff()["hosts"]
    return [(action["service"], action["operation"], action["because"]) for action in shown["actions"]]


def in_sync(project: Project) -> None:
    project.run("diff", "--exit-code")
    assert actions(project) == []


OFF = "docker network disconnect -f runnerops_default $(docker ps -q)"
DEATHS = {  # what happens to a cache, and why it must act then
    OFF: "dockerhub does not answer",
    f"{OFF}; docker network rm runnerops_default": "dockerhub does not answer",
    "docker stop -t 1 $(docker ps -q); docker network rm runnerops_default": "dockerhub is not running",
    "docker pause $(docker ps -q)": "dockerhub does not answer",
    "docker update --restart=no $(docker ps -q)": "dockerhub: restart is not in effect",
}


def test_a_cache_that_does_not_work_is_recreated_though_all_files_are_in_sync(project: Project, host: LabHost) -> None:
    for death, why in DEATHS.items():
        before = container(host)
        host.run(death, check=False)
        assert actions(project) == [("registry", "recreate", [why])], death
        assert "applied" in project.deploy(), death
        assert container(host) not in ("", before), death
        assert host.get(f"{URL}/v2/")[0] == 200, death
    in_sync(project)


@pytest.mark.hosts("trixie")
def test_what_cannot_be_mended_is_not_called_applied(project: Project, host: LabHost, lab: Lab) -> None:
    """A cache that waits for its upstream is told of and left; one that goes on not to answer ends the deploy with 4."""
    lab.hub.stop()
    host.run("docker restart -t 1 $(docker ps -q)")
    output = project.deploy()
    assert "unchanged" in output
    assert "it starts by itself once the upstream answers" in project.run("diff")
    lab.hub.start()
    until("the cache is up again", lambda: host.get(f"{URL}/v2/")[0] == 200, seconds=60)
    host.run(f"iptables -I OUTPUT {TO_CACHES}")
    try:
        assert actions(project)[0][2] == ["dockerhub does not answer"]
        output = project.deploy("--verify-timeout", "5s", code=4)
    finally:
        host.run(f"iptables -D OUTPUT {TO_CACHES}")
    assert "failed step: wait until cache dockerhub answers" in output
    project.deploy()
    in_sync(project)


@pytest.mark.hosts(turns=True)
def test_every_cache_is_verified_whatever_it_serves(project: Project, host: LabHost, lab: Lab) -> None:
    first = container(host)
    second = {"name": "quay", "serves": "quay.io", "upstream": NOBODY, "listen": SECOND, "image": host.registry_image}
    caches = [*cache_section(host, lab.hub)["caches"], second]
    project.set(host.name, "registry", value={"caches": caches})
    output = project.deploy(code=1)
    assert "upstream-down" in output
    assert "cache quay would not start" in output
    assert "does not run yet" in project.deploy("--allow", f"upstream-down@{host.name}")
    project.set(host.name, "registry", value={"caches": [caches[0], {**second, "upstream": lab.hub.url}]})
    project.deploy()
    assert host.get(f"http://{SECOND}/v2/")[0] == 200
    project.set(host.name, "registry", "caches", value=caches[:1])
    assert actions(project)[0][1] == "remove"
    project.deploy()
    assert container(host) == first
    project.set(host.name, "registry", value=None)
    assert "cache dockerhub of earlier runs still runs" in project.run("diff")
    assert host.get(f"{URL}/v2/")[0] == 200


def test_another_volume_takes_effect_and_the_old_one_stays(project: Project, host: LabHost, lab: Lab) -> None:
    assert volume(host) == "runnerops-dockerhub"
    project.set(host.name, "registry", value=cache_section(host, lab.hub, volume="second"))
    output = project.deploy(code=1)
    assert "new-volume" in output
    assert "its present volume runnerops-dockerhub stays on the disk" in output
    assert actions(project) == [("registry", "recreate", ["dockerhub: volume"])]
    project.deploy("--allow", "new-volume")
    assert volume(host) == "second"
    assert "runnerops-dockerhub" in host.run("docker volume ls -q").stdout
    in_sync(project)


@pytest.fixture(name="compose1")
def fixture_compose1(host: LabHost) -> Iterator[None]:
    """Compose 1.29.2 of Debian 12, with its Python, in place of the plugin."""
    base, path = ensure_root(BOOKWORM) / "usr", host.container.root / "opt/compose1"
    plugin = "/usr/libexec/docker/cli-plugins/docker-compose"
    (path / "lib").mkdir(parents=True)
    for name in ("python3", "python3.11", "x86_64-linux-gnu"):
        subprocess.run(["cp", "-a", str(base / "lib" / name), str(path / "lib")], check=True)
    subprocess.run(["cp", "-a", str(base / "bin/python3.11"), str(path / "lib/python3.11.bin")], check=True)
    run = "PYTHONHOME=/opt/compose1 PYTHONPATH=$c/python3/dist-packages exec $c/x86_64-linux-gnu/ld-linux-x86-64.so.2"
    script = (
        f'#!/bin/sh\nc=/opt/compose1/lib\n{run} --library-path $c/x86_64-linux-gnu $c/python3.11.bin -m compose "$@"\n'
    )
    host.run(f"mv {plugin} {plugin}.away")
    host.write("/usr/local/bin/docker-compose", script.encode(), 0o755)
    yield
    host.run(f"rm -rf /usr/local/bin/docker-compose /opt/compose1; mv {plugin}.away {plugin}")


@pytest.mark.hosts("trixie")
@pytest.mark.usefixtures("compose1")
def test_compose_1_makes_caches_anew_on_a_docker_on_which_it_dies(lab: Lab, host: LabHost, tmp_path: Path) -> None:
    project = Project(tmp_path, lab)
    entry: dict[str, Any] = host_entry(host, docker={}, registry=cache_section(host, lab.hub))
    project.write({"hosts": {host.name: entry}})
    project.deploy()
    assert host.run("docker-compose version --short").stdout.strip() == "1.29.2"
    host.run("docker pull -q alpine:3 && docker rmi alpine:3")
    before = container(host)
    for section, allow in (({"ttl": "48h"}, ()), ({"volume": "second"}, ("--allow", "new-volume"))):
        project.set(host.name, "registry", value=cache_section(host, lab.hub, **section))
        project.deploy(*allow)
        assert container(host) not in ("", before)
        before = container(host)
    assert volume(host) == "second"
    project.set(host.name, "registry", value=cache_section(host, lab.hub, image="none-such:1"))
    project.deploy(code=1)
    assert container(host) == before
    host.run(OFF)
    project.set(host.name, "registry", value=cache_section(host, lab.hub))
    project.deploy("--allow", "new-volume")
    assert "library/alpine" in json.loads(host.get(f"{URL}/v2/_catalog")[1])["repositories"]
    in_sync(project)
