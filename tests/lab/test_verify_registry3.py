"""verify against a registry 3, whose log and whose answers are its own: whole, and with what only it can break."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.login import Door
from tests.lab.project import Project, cache_section, host_entry
from tests.lab.registry3 import IMAGE, has_go, registry3_image
from tests.lab.roots import BOOKWORM, ensure_root
from tests.lab.verify_links import ALL, broken, links

pytestmark = pytest.mark.hosts("bookworm", "docker28")  # Compose 1 and the newest

if has_go():

    @pytest.fixture(name="project")
    def fixture_project(tmp_path: Path, lab: Lab, host: LabHost) -> Project:
        """A host with such a cache, deployed."""
        host.load(registry3_image(ensure_root(BOOKWORM)))
        project = Project(tmp_path, lab)
        section = cache_section(host, lab.hub, image=IMAGE)
        project.write({"hosts": {host.name: host_entry(host, docker={"live-restore": True}, registry=section)}})
        project.deploy()
        return project

    def test_whole_and_without_its_upstream(project: Project, lab: Lab) -> None:
        for _ in range(2):
            by_name = links(project)
            assert list(by_name) == ALL
            assert {link["state"] for link in by_name.values()} == {"pass"}, by_name
        lab.hub.stop()
        assert list(broken(project)) == ["upstream"]
        assert list(broken(project, "--image", "alpine:3.1")) == ["upstream", "pull"]

    def test_a_login_that_is_refused(project: Project, host: LabHost, lab: Lab) -> None:
        with Door(lab.hub, "acme", "right-password") as door:
            keys = {"upstream": door.url, "username": "acme", "password": "right-password", "image": IMAGE}
            project.set(host.name, "registry", value=cache_section(host, lab.hub, **keys))
            project.deploy()
            assert {link["state"] for link in links(project).values()} == {"pass"}
            door.login = "acme:revoked-since"
            door.forget()
            by_name = broken(project, "--image", "alpine:3.1")
        assert "refuses the login of the cache (acme)" in by_name["upstream"]["reason"]
        assert "pull" in by_name

    def test_a_config_that_it_does_not_read(project: Project, host: LabHost) -> None:
        """Its image's own config instead of ours: it answers, the mirror is loaded, and it is no cache."""
        place = "/opt/registry/docker-compose.yml"
        config = host.read(place).decode()
        host.write(
            place,
            config.replace(
                '"serve", "/etc/runnerops/registry-config.yml"', '"serve", "/etc/distribution/config.yml"'
            ).encode(),
        )
        host.run(f"{' '.join(host.compose)} -p runnerops -f {place} up -d")
        by_name = broken(project)
        assert list(by_name) == ["upstream", "pull"]
        assert "answered 404" in by_name["pull"]["reason"]
