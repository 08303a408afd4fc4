"""Reading from many hosts, some of which cannot be reached: each cause is printed once, and the runs of one deploy
together.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runnerops.demo.site import Site
from tests.integration.demo_host import playing, typed
from tests.integration.sshd import free_port

GONE = ("gone-1", "gone-2", "gone-3")


@pytest.fixture(name="site")
def fixture_site(tmp_path: Path) -> Iterator[Site]:
    """A host that is there and three that are not."""
    with playing(tmp_path) as site:
        inventory = site.project / "inventory.yml"
        port = free_port()
        more = [
            f"  {name}: {{address: 127.0.1.{number}, ssh: {{user: root, port: {port}}}, docker: {{registry-mirrors: []}}}}\n"
            for number, name in enumerate(GONE, 1)
        ]
        inventory.write_text(inventory.read_text() + "".join(more))
        with (site.project / "known_hosts").open("a") as known_hosts:
            known_hosts.writelines(f"[127.0.1.{number}]:{port} ssh-ed25519 AAAA\n" for number in (1, 2, 3))
        yield site


def test_what_keeps_hosts_from_being_reached_is_reported_once(site: Site) -> None:
    output = typed(site, "deploy", "gone-*", "--yes", code=1)
    assert output.count("connection refused") == 1
    assert output.count("hint:") == 1
    assert output.splitlines()[-1] == "3 hosts: 3 unreachable (gone-[1:3])"
    assert typed(site, "deploy", "gone-1", "--yes", code=1).count("connection refused") == 1

    output = typed(site, "deploy", "--yes", code=1)
    assert output.count("hint:") == 1
    *_, row, applied, last = output.splitlines()
    assert row.split()[:2] == ["gone-[1:3]", "unreachable"], "once more where the deploy ends, in short"
    assert applied.split()[:2] == ["demo", "applied"]
    assert last == "4 hosts: 1 applied, 3 unreachable (gone-[1:3])"
    assert output.count("connection refused") == 2
