"""Fixtures for tests against a real sshd and a stand-in for GitLab. Without an sshd, tests that need one are skipped; with
RUNNEROPS_LAB=require they fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.integration.gitlab_direct import DirectClient
from tests.integration.played import AFTER, PHASES, Fleet, Recording, end_played, fleet, record
from tests.integration.sshd import PROGRAM, Keys, Sshd
from tests.lab.gitlab import GitLab, open_gitlab
from tests.shells import without

StartSshd = Callable[..., Sshd]

API = "glpat-canary-of-the-api"
"""The API token that the stand-in for GitLab accepts."""


@pytest.fixture(scope="session", name="ssh_keys")
def fixture_ssh_keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    if PROGRAM is None:
        pytest.skip(without("sshd", "openssh-server"))
    return Keys(tmp_path_factory.mktemp("keys")).make()


@pytest.fixture(name="home")
def fixture_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without keys, known hosts, configuration or agent."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return home


@pytest.fixture(name="start_sshd")
def fixture_start_sshd(tmp_path: Path, ssh_keys: Keys, home: Path) -> Iterator[StartSshd]:  # noqa: ARG001
    """Starts servers that end with the test."""
    running: list[Sshd] = []

    def start(*options: str, kinds: tuple[str, ...] = ("ed25519",)) -> Sshd:
        server = Sshd(tmp_path / f"sshd{len(running)}", ssh_keys, kinds, options)
        running.append(server)
        return server.start()

    yield start
    for server in running:
        server.stop()


@pytest.fixture(name="sshd")
def fixture_sshd(start_sshd: StartSshd) -> Sshd:
    return start_sshd()


@pytest.fixture(name="recording", scope="session")
def fixture_recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record(tmp_path_factory.mktemp("recorded"))


@pytest.fixture(name="standing", scope="session")
def fixture_standing(recording: Recording, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A host for each of PHASES, as they stand."""
    with fleet(tmp_path_factory.mktemp("fleet"), recording, [*PHASES]) as hosts:
        yield hosts


@pytest.fixture(name="hosts")
def fixture_hosts(standing: Fleet) -> Iterator[Fleet]:
    """The same as at first, with an inventory that asks for a change which restarts Docker."""
    for played in standing.hosts.values():
        played.reset()
    standing.ask(AFTER)
    yield standing
    end_played()


@pytest.fixture(name="gitlab")
def fixture_gitlab() -> Iterator[GitLab]:
    with open_gitlab() as gitlab:
        gitlab.api_tokens.add(API)
        yield gitlab


@pytest.fixture(name="no_http")
def fixture_no_http(gitlab: GitLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands call the stand-in for GitLab directly, which is cheaper. `test_gitlab_each_call.py` has faults over HTTP."""
    monkeypatch.setattr("runnerops.gitlab.client.GitlabClient", partial(DirectClient, gitlab))


@pytest.fixture(name="no_pauses")
def fixture_no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request to GitLab that failed is made again at once."""
    monkeypatch.setattr("runnerops.gitlab.calls.PAUSES", (0.0, 0.0, 0.0))
