"""`rotate` with every possible answer of GitLab at each of its calls: the next deploy or `rotate` makes both sides
agree.

The host is the demo's, over SSH, and Docker does not run on it, because a runner of the shell executor needs none. Its
gitlab-runner sends requests with the lab's stand-in for gitlab-runner. GitLab is a stand-in too.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from runnerops.commands.deploy import deploy
from runnerops.commands.rotate import rotate
from runnerops.demo.server import Server, make_key
from runnerops.demo.simulated.processes import adopt_orphans, end_descendants
from runnerops.demo.site import Site
from runnerops.engine.options import Flags, Invocation, UiOptions
from runnerops.errors import RunneropsError
from runnerops.gitlab.client import GitlabClient
from runnerops.model.common import Exit
from runnerops.report.screen import Screen
from tests.integration.conftest import API
from tests.integration.gitlab_faults import FAULTS
from tests.lab.forked import FORKING
from tests.lab.gitlab import GitLab, open_gitlab
from tests.lab.gitlab_api import OWN, Answer

ROTATED = "var/lib/runnerops/rotated"
STAND_IN = "from tests.lab.standin.commands import main; raise SystemExit(main())"
"""What Python is to run in place of gitlab-runner, without the packages that are installed: these take long to find."""
UI = UiOptions(yes=True, as_json=False, verbose=0)


@dataclass
class Desk:
    """Where commands are typed, the host, and GitLab. `concurrent` is what the inventory asks for now."""

    site: Site
    port: int
    gitlab: GitLab
    concurrent: int = 1
    said: str = ""

    def write(self) -> None:
        runner = {"name": "one", "url": self.gitlab.url, "executor": "shell", "gitlab": {"group": 42}}
        host = {
            "address": "127.0.0.1",
            "ssh": {"user": "root", "port": self.port, "key": "id_ecdsa"},
            "gitlab": {"url": self.gitlab.url, "token": API},
            "gitlab_runner": {"concurrent": self.concurrent, "runners": [runner]},
        }
        (self.site.project / "inventory.yml").write_text(yaml.safe_dump({"hosts": {"demo": host}}))

    def typed(self, command: str) -> Exit:
        """What it ends with; an error counts as its own exit code."""
        out = StringIO()
        screen = Screen(out=out, err=out)
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.site.folder)}
        path, flags = self.site.project / "inventory.yml", Flags({})
        try:
            if command == "deploy":
                return deploy(Invocation(path, (), environ, screen), flags, UI)
            return rotate(Invocation(path, ("demo",), environ, screen), "", flags, UI)
        except RunneropsError as error:
            out.write(f"{error.message}; {error.hint}")
            return error.exit
        finally:
            self.said = out.getvalue()
            assert not any(runner.token in self.said for runner in self.gitlab.created)

    @property
    def there(self) -> dict[str, Any]:
        """The host's config.toml."""
        return tomllib.loads((self.site.root / "etc/gitlab-runner/config.toml").read_text())

    def agrees(self) -> bool:
        """Whether GitLab takes the host's token, and nothing is kept beside it."""
        (made,), token = self.gitlab.created, self.there["runners"][0]["token"]
        is_known = self.gitlab.answer("POST", "/api/v4/runners/verify", {"token": token}, "", {}).status == 200
        return is_known and token == made.token and not any((self.site.root / ROTATED).glob("*"))


@pytest.fixture(scope="module", name="desk")
def fixture_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    adopt_orphans()
    site = Site(tmp_path_factory.mktemp("rotate"))
    site.build()
    programs = site.root / "usr/bin"
    (programs / "gitlab-runner").rename(programs / "gitlab-runner.own")
    stand_in = f"PYTHONPATH={Path(__file__).parents[2]} exec {sys.executable} -S -B -c '{STAND_IN}'"
    for name, text in {
        "gitlab-runner": f'case $1 in reset-token | verify) {stand_in} "$@" ;; esac\nexec gitlab-runner.own "$@"',
        "docker": "echo 'Cannot connect to the Docker daemon' >&2\nexit 1",
        "ip": "echo '2: eth0    inet 192.0.2.10/24 scope global eth0'",
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    (site.root / "etc/gitlab-runner/.runner_system_id").write_text("s_0123456789ab")
    try:
        with (
            open_gitlab() as gitlab,
            Server(site.environ, site.root / "root", make_key(site.project / "id_ecdsa")) as server,
        ):
            gitlab.api_tokens.add(API)
            (site.project / "known_hosts").write_text(server.known_hosts)
            desk = Desk(site, server.port, gitlab)
            desk.write()
            assert desk.typed("deploy") is Exit.OK, desk.said
            assert desk.agrees()
            yield desk
    finally:
        end_descendants(signal.SIGKILL, FORKING)


CALLS = {
    "there": [
        "POST /runners/verify$",  # whether GitLab takes the token that is there
        "GET /runners/N/managers$",
        "POST /runners/reset_authentication_token$",  # of the host
        "POST /runners/verify$",  # of the host: with the new token
    ],
    "lost": ["POST /runners/verify$", "POST /runners/N/reset_authentication_token$"],
}
"""What a rotation asks, in order: of a token that GitLab takes, and of one that it does not."""


pytestmark = pytest.mark.usefixtures("no_pauses")


def requests_of(desk: Desk) -> list[str]:
    """Since this was looked at, with N for the runner's number."""
    texts = [f"{method} {path.removeprefix('/api/v4')}$" for method, path in desk.gitlab.requests]
    desk.gitlab.requests.clear()
    return [re.sub(r"\d+", "N", call) for call in texts]


@pytest.mark.parametrize("token", CALLS)
def test_a_rotation_makes_these_calls(desk: Desk, token: str) -> None:
    if token == "lost":
        desk.gitlab.revoke(desk.there["runners"][0]["token"])
    requests_of(desk)
    assert desk.typed("rotate") is Exit.OK, desk.said
    assert requests_of(desk) == CALLS[token]
    assert desk.agrees()


@pytest.mark.parametrize("token", CALLS)
@pytest.mark.parametrize("name", ["cut", "429", "500", "401", "403", "404", "slow"])
def test_whatever_one_call_is_answered_with_the_next_deploy_or_rotation_makes_both_agree(
    desk: Desk, name: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the inventory a change is not deployed yet meanwhile: the rotation leaves it, the deploy brings it."""
    fault, times = FAULTS[name]
    seen: Counter[str] = Counter()
    for call in CALLS[token]:
        seen[call] += 1
        (made,), before = desk.gitlab.created, desk.concurrent
        desk.concurrent = before % 9 + 1
        desk.write()
        if token == "lost":
            desk.gitlab.revoke(desk.there["runners"][0]["token"])
        desk.gitlab.faults_at = {call.replace("N", str(made.id)): [*[Answer(OWN)] * (seen[call] - 1), *[fault] * times]}
        if fault.late_s:
            monkeypatch.setattr("runnerops.gitlab.client.GitlabClient", partial(GitlabClient, seconds=0.5))
        code = desk.typed("rotate")
        monkeypatch.setattr("runnerops.gitlab.client.GitlabClient", GitlabClient)
        text = desk.said
        where = f"{call}: {code!r} {text}"
        assert code in {Exit.OK, Exit.FAILED}, where
        assert sum(map(len, desk.gitlab.faults_at.values())) < times, where
        assert desk.there["concurrent"] == before, where
        desk.gitlab.faults_at = {}
        assert desk.typed("deploy") is Exit.OK, f"{where}\n{desk.said}"
        assert desk.there["concurrent"] == desk.concurrent, where
        if not desk.agrees():  # nobody has the new one: GitLab is asked for another
            assert "does not accept" in text or "does not say" in text, where
            assert desk.typed("rotate") is Exit.OK, f"{where}\n{desk.said}"
        assert desk.agrees(), f"{where}\n{desk.said}"
        assert [runner.id for runner in desk.gitlab.created] == [made.id]
