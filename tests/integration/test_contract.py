"""Runs the contract's cases on the demo's host: its SSH server, the real `host.sh`, and simulated programs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from runnerops.demo.server import Server, make_key
from runnerops.demo.site import Site
from runnerops.model.inventory import Host, Ssh
from runnerops.ssh.access import Access
from runnerops.ssh.connect import open_link
from runnerops.ssh.hostkeys import parse
from runnerops.ssh.keys import Credentials
from runnerops.ssh.link import Link
from tests.contract.cases import CASES, FOLDERS, Case, File
from tests.contract.prober import failures
from tests.contract.probes import PROBES
from tests.contract.suite import check


class DemoHost:
    """The demo's host as the suite sees it."""

    def __init__(self, site: Site, link: Link) -> None:
        self._site = site
        self._link = link

    def at(self, path: str) -> Path:
        return self._site.root / path.lstrip("/")

    def clear(self) -> None:
        for folder in (*FOLDERS, "/var/lib/runnerops/intents"):
            shutil.rmtree(self.at(folder), ignore_errors=True)

    def put(self, path: str, content: bytes, mode: str) -> None:
        self.at(path).parent.mkdir(parents=True, exist_ok=True)
        self.at(path).write_bytes(content)
        self.at(path).chmod(int(mode, 8))

    def get(self, path: str) -> File | None:
        place = self.at(path)
        return (place.read_bytes(), f"{place.stat().st_mode & 0o777:04o}") if place.exists() else None

    def next_run(self) -> int:
        return 1 + max((int(run.name) for run in self.at("/var/lib/runnerops/runs").glob("[0-9]*")), default=0)

    def link(self) -> Link:
        return self._link


@pytest.fixture(scope="module", name="demo_host")
def fixture_demo_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoHost]:
    site = Site(tmp_path_factory.mktemp("demo").resolve() / "site")
    site.build()
    key = make_key(site.project / "key")
    with Server(site.environ, site.root / "root", key) as server:
        host = Host("demo", "127.0.0.1", ssh=Ssh(user="root", port=server.port, key=str(site.project / "key")))
        environ = {"HOME": str(site.folder)}
        known_hosts = parse([("known_hosts", server.known_hosts)])
        with open_link(host, Access(known_hosts, Credentials.from_environ(environ), environ)) as link:
            yield DemoHost(site, link)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_on_the_demo_host(case: Case, demo_host: DemoHost) -> None:
    check(case, demo_host)


WORDS = {"IMAGE": "registry:2.8.3", "UPSTREAM": "https://registry-1.docker.io", "DOCKERD": "/usr/bin/dockerd"}


def test_every_command_on_the_demo_host(demo_host: DemoHost) -> None:
    """As plans emit it, with what the real program answers."""

    def run(command: Sequence[str]) -> tuple[int, str, str]:
        completed = demo_host.link().run(command, b"", 60)
        return completed.status, completed.stdout.decode(), completed.stderr.decode()

    def put(path: str, text: str | None) -> None:
        demo_host.at(path).parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            demo_host.at(path).unlink(missing_ok=True)
        else:
            demo_host.at(path).write_text(text)

    problems = list(failures(PROBES, run, put, WORDS))
    assert not problems, "\n".join(problems)
