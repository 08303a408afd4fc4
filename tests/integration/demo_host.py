"""The demo's host, and commands on it as a user types them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runnerops.demo.server import Server, make_key
from runnerops.demo.simulated.processes import adopt_orphans, end_descendants
from runnerops.demo.site import Site
from runnerops.demo.story import ENVIRONMENT, INVENTORY
from tests.lab.forked import FORKING, run_forked


@contextmanager
def playing(folder: Path) -> Iterator[Site]:
    """The demo's host, up."""
    adopt_orphans()
    site = Site(folder)
    site.build()
    try:
        with Server(site.environ, site.root / "root", make_key(site.project / "id_ecdsa")) as server:
            (site.project / "known_hosts").write_text(server.known_hosts)
            (site.project / "inventory.yml").write_text(INVENTORY.format(port=server.port, key="id_ecdsa"))
            (site.project / ".env").write_text(ENVIRONMENT.format("a" * 20))
            yield site
    finally:
        end_descendants(signal.SIGKILL, FORKING)


@pytest.fixture(name="site")
def fixture_site(tmp_path: Path) -> Iterator[Site]:
    with playing(tmp_path) as site:
        yield site


def typed(site: Site, *words: str, code: int = 0) -> str:
    environ = {"PATH": os.environ["PATH"], "HOME": str(site.folder)}
    completed = run_forked(words, site.project, environ, seconds=600, apart="json" in words)
    assert completed.returncode == code, f"{completed.stdout}{completed.stderr}"
    return completed.stdout


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
