"""The scripts that check whether a cache's upstream answers as before, with a registry that answers as a test wants."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from runnerops.services.scripts import content
from tests.shells import SHELLS

ALPINE, MINE = "/v2/library/alpine/tags/list", "/v2/team/app/tags/list"
CATALOG = "/v2/_catalog"
MANY, FEW = '{"tags":["1","2","3"]}', '{"tags":["1"]}'


@dataclass(slots=True)
class Cache:
    """`says`: status and body by path; every other path is a 404."""

    url: str = ""
    says: dict[str, tuple[int, str]] = field(default_factory=dict)


@pytest.fixture(name="cache")
def fixture_cache() -> Iterator[Cache]:
    cache = Cache()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = cache.says.get(self.path.partition("?")[0], (404, "{}"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        cache.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield cache
        server.shutdown()
        thread.join()


NOTE, COMPARE = "--note", "--compare"


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the scripts of one run note things."""

    shell: tuple[str, ...]
    folder: Path
    cache: Cache

    def run(self, what: str, repository: str = "library/alpine") -> str:
        script = self.folder / "cache-upstream.sh"
        script.write_bytes(content(script.name))
        environ = {"PATH": os.environ["PATH"], "RUNNEROPS_SCRATCH": str(self.folder)}
        words = [*self.shell, str(script), what, "dockerhub", self.cache.url, repository]
        completed = subprocess.run(words, env=environ, capture_output=True, text=True, check=True, timeout=60)
        assert not completed.stderr, completed.stderr
        return completed.stdout.strip()

    @property
    def told(self) -> str:
        tell = self.folder / "notes"
        return tell.read_text() if tell.exists() else ""


@pytest.fixture(params=SHELLS, name="desk")
def fixture_desk(request: pytest.FixtureRequest, tmp_path: Path, cache: Cache) -> Desk:
    return Desk(request.param, tmp_path, cache)


def test_the_same_answer_is_as_before(desk: Desk) -> None:
    desk.cache.says |= {CATALOG: (200, '{"repositories":["team/app"]}'), MINE: (200, MANY)}
    assert desk.run(NOTE) == ""
    assert (desk.folder / "upstream.dockerhub").read_text() == f"team/app 200 {len(MANY)}\n"
    assert desk.run(COMPARE) == "same"
    desk.cache.says[MINE] = (200, MANY + " ")
    assert desk.run(COMPARE) == "same"
    assert desk.told == ""


@pytest.mark.parametrize("after", [(401, "{}"), (404, "{}"), (200, FEW)])
def test_a_worse_answer_of_the_upstream_fails(desk: Desk, after: tuple[int, str]) -> None:
    """A cache that cannot reach its upstream answers with what it holds itself."""
    desk.cache.says |= {CATALOG: (200, '{"repositories":["team/app"]}'), MINE: (200, MANY)}
    desk.run(NOTE)
    desk.cache.says[MINE] = after
    assert "does not answer as before for team/app" in desk.run(COMPARE)


def test_what_did_not_answer_before_need_not_answer_now(desk: Desk) -> None:
    desk.cache.says[CATALOG] = (200, '{"repositories":[]}')
    desk.run(NOTE)
    assert desk.run(COMPARE) == "same"


def test_an_empty_catalog_asks_for_what_the_hub_has_for_certain(desk: Desk) -> None:
    desk.cache.says |= {CATALOG: (200, '{"repositories":[]}'), ALPINE: (200, MANY)}
    desk.run(NOTE)
    desk.cache.says[ALPINE] = (200, FEW)
    assert "library/alpine" in desk.run(COMPARE)


def test_without_a_repository_nothing_is_requested(desk: Desk) -> None:
    desk.run(NOTE, "-")
    assert not (desk.folder / "upstream.dockerhub").exists()
    assert desk.run(COMPARE, "-") == "same"


def test_on_a_first_deploy_a_silent_upstream_is_a_note(desk: Desk) -> None:
    assert desk.run(COMPARE) == "same"
    assert "does not serve library/alpine (status 404)" in desk.told
    (desk.folder / "notes").unlink()
    desk.cache.says[ALPINE] = (200, MANY)
    assert desk.run(COMPARE) == "same"
    assert desk.told == ""
