"""`--only SERVICE` on the demo's host: other services stay as they are, and a later diff and rollback are correct about
them.
"""

from __future__ import annotations

import json
import subprocess
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from runnerops.demo.site import Site
from runnerops.demo.story import ENVIRONMENT
from tests.integration.demo_host import fixture_site, playing, replace, typed

__all__ = ["fixture_site"]

DAEMON, CONFIG = "etc/docker/daemon.json", "etc/gitlab-runner/config.toml"


def files(site: Site, *words: str) -> dict[str, Any]:
    """What `diff` says of each file that it looks at, by its path."""
    (host,) = json.loads(typed(site, "diff", "-o", "json", *words))["hosts"]
    return {file["path"].lstrip("/"): file for file in host["files"]}


def test_what_is_left_out_stays_and_is_told_truly_later(site: Site) -> None:
    inventory = site.project / "inventory.yml"
    output = typed(site, "deploy", "--yes", "--only", "docker", code=1)
    assert "blocked: unproven-mirror" in output
    assert "the cache there, dockerhub of demo, is left out by --only" in output
    typed(site, "deploy", "--yes", "--only", "docker", "--only", "registry")  # around a runner that has no file yet
    assert not (site.root / CONFIG).exists()
    typed(site, "deploy", "--yes")
    was = (site.root / CONFIG).read_text()

    replace(site.root / CONFIG, "concurrent = 2", "concurrent = 5")  # somebody's edit
    replace(inventory, "max-size: 10m", "max-size: 20m")
    replace(inventory, 'image: "alpine:3"', 'image: "alpine:latest"')
    (site.project / ".env").unlink()  # no secret of what is left out is needed
    assert files(site, "--only", "docker").keys() == {DAEMON}
    output = typed(site, "deploy", "--yes", "--only", "docker")
    assert "note: left out by --only: gitlab_runner, registry" in output
    assert "20m" in (site.root / DAEMON).read_text()
    assert (site.root / CONFIG).read_text() == was.replace("concurrent = 2", "concurrent = 5")
    assert "deploy --only docker by" in typed(site, "history", "demo")

    (site.project / ".env").write_text(ENVIRONMENT.format("a" * 20))
    document = files(site)
    assert document[DAEMON]["state"] == "in sync"
    assert document[CONFIG]["origins"] == {"concurrent": "host", "runners[0].docker.image": "inventory"}
    assert (document[CONFIG]["edited"]["since_run"], document[CONFIG]["edited"]["by"]) == (2, "hand")

    typed(site, "rollback", "demo", "--yes")  # of the last run, which was Docker's alone
    assert "10m" in (site.root / DAEMON).read_text()
    assert "concurrent = 5" in (site.root / CONFIG).read_text()
    typed(site, "rollback", "demo", "--yes", "--to", "3", "--allow", "modified-on-host")
    assert "20m" in (site.root / DAEMON).read_text()
    back = tomllib.loads((site.root / CONFIG).read_text())
    assert back == tomllib.loads(was)  # as run 3 kept it, which had it from run 2

    (site.project / ".env").unlink()  # what the template says in clear is shown, and no secret is needed for that
    assert "-    - /etc/runnerops/registry-config.yml" in typed(site, "remove", "demo", "--dry-run")

    stop = "docker stop $(docker ps -q)"
    subprocess.run(["sh", "-c", stop], env=dict(site.environ), stdout=subprocess.DEVNULL, check=True)
    replace(inventory, "live-restore: true", "live-restore: true\n      max-concurrent-downloads: 5")
    output = typed(site, "deploy", "--yes", "--only", "docker", "--health", "verify", code=1)
    assert "its files are deployed, but verify does not pass" in output
    assert "cache dockerhub" in output
    assert "max-concurrent-downloads" in (site.root / DAEMON).read_text()


@pytest.mark.parametrize(
    "words",
    [
        "deploy @failed --yes",
        "deploy @failed --yes --only docker",
        "deploy @failed --yes -o json",
        "diff @failed --exit-code",
        "rollback @changed --yes",
        "history @failed -o json",
        "abort @running --yes",
        "status @failed",
    ],
)
def test_no_host_of_that_kind_is_nothing_to_do(still: Site, words: str) -> None:
    output = typed(still, *words.split())
    assert json.loads(output)["hosts"] == [] if "json" in words else "nothing to do" in output


@pytest.fixture(name="still", scope="module")
def fixture_still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo's host, on which no run ever was."""
    with playing(tmp_path_factory.mktemp("still")) as site:
        yield site
