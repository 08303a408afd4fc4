"""What a container is compared with: sections of Compose files, and the lines that `docker inspect` must print."""

from __future__ import annotations

from typing import Any

import pytest

from runnerops.model.common import Tree
from runnerops.services.registry.action.compared import differences, traits
from runnerops.services.registry.diff import plain_compose
from runnerops.services.registry.format.service import mounted_by, volumes_of
from tests.unit.services.builders import our_container


def compose(section: dict[str, Any], volumes: Any = None) -> Tree:
    return plain_compose({"services": {"one": section}, "volumes": volumes or {}})


TRAITS: list[tuple[dict[str, Any], list[str]]] = [
    ({"image": "registry:3"}, ["image registry:3"]),
    ({"image": "${MY_IMAGE}"}, []),
    ({"image": "a$$b"}, ["image a$b"]),
    ({"restart": "on-failure:3"}, ["restart on-failure"]),
    ({"restart": False}, []),
    ({"command": ["serve", "/a b"]}, ['command ["serve","/a b"]']),
    ({"command": "serve /a"}, []),
    ({"ports": ["192.0.2.1:5000:5000"]}, ['ports {"5000/tcp":[{"HostIp":"192.0.2.1","HostPort":"5000"}]}']),
    ({"ports": ["5000:5000"]}, []),
    ({"ports": ["[2001:db8::1]:5000:5000"]}, []),
    ({"ports": ["192.0.2.1:5000:5000", "192.0.2.1:5001:5000"]}, []),
    ({"logging": {"driver": "json-file", "options": {"max-file": "3"}}}, ["logs json-file", "log max-file=3"]),
    ({"labels": ["runnerops.registry-config.sha256=abc"]}, ["label abc"]),
    ({"environment": ["A=b=c", "B"]}, ["env A=b=c"]),
    ({"environment": {"HIDDEN": "x", "MY_PASSWORD": "y", "N": 1}}, ["env HIDDEN=", "env MY_PASSWORD=", "env N=1"]),
    ({"volumes": ["./a.yml:/etc/a.yml:ro", "data:/data"]}, ["mount /etc/a.yml=", "mount /data=runnerops_data"]),
    ({"volumes": [{"type": "volume", "source": "data", "target": "/data/"}]}, ["mount /data=runnerops_data"]),
    ({"volumes": ["/anonymous"]}, []),
]  # fmt: skip


@pytest.mark.parametrize(("section", "lines"), TRAITS)
def test_what_docker_must_show_of_a_caches_container(section: dict[str, Any], lines: list[str]) -> None:
    assert list(traits(compose(section), "one", {"HIDDEN"})) == ["state running", *lines]


VOLUMES = [
    (None, "runnerops_data"),
    ({"data": None}, "runnerops_data"),
    ({"data": {"name": "x"}}, "x"),
    ({"data": {"external": True}}, "data"),
    ({"data": {"external": {"name": "y"}}}, "y"),
]


@pytest.mark.parametrize(("volumes", "name"), VOLUMES)
def test_a_volume_has_the_name_that_docker_knows(volumes: Any, name: str) -> None:
    tree = compose({"volumes": ["data:/data", "./f:/f"]}, volumes)
    assert volumes_of(tree, "one") == {"/data": name}
    assert mounted_by(tree, "data") == ("one",)


def test_an_unobserved_value_is_no_difference() -> None:
    tree = compose({"image": "${X}", "restart": "always", "ports": ["5000:5000"], "volumes": ["data:/data"]})
    assert list(differences(tree, "one", our_container(restart="", ports=(), mounts=None))) == []
    assert list(differences(tree, "one", our_container(restart="no", mounts={}))) == ["restart", "volume"]
