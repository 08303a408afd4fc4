"""Requests to GitLab's API about runners, made by python-gitlab over HTTP on loopback to a stand-in for GitLab.

The stand-in (`tests/lab/gitlab.py`) answers as GitLab's documentation of the runners API says. No real GitLab is used.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from runnerops.engine.gitlab.context import GitlabContext
from runnerops.engine.gitlab.status import ask_gitlab, gitlab_checks, with_gitlab_status
from runnerops.engine.gitlab.tokens import check_new_tokens, other_machines_with_token, reset_token_by_id, token_is_lost
from runnerops.errors import GitlabDownError, GitlabError
from runnerops.gitlab.client import GitlabClient
from runnerops.model.common import Secret, SourceLocation
from runnerops.model.facts import RunnerFacts
from runnerops.model.gitlab import GitlabAccess, Registration, RunnerStatus
from runnerops.model.host_state import HostState
from runnerops.model.inventory import RenderedFile
from runnerops.redact import Redactor
from runnerops.report.status import status_document, status_lines
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from runnerops.services.gitlab_runner.status import status
from tests.integration.conftest import API
from tests.lab.gitlab import GitLab, open_gitlab
from tests.lab.gitlab_api import Answer
from tests.unit.services import runner_builders as build

ONE, TWO = "glrt-canary-of-runner-one", "glrt-canary-of-runner-two"
CANARIES = (API, ONE, TWO, "glrt-canary")


def observed(gitlab: GitLab) -> HostState:
    """Two runners of this GitLab, and one of another."""
    runners = [
        build.runner(name="one", url=f"{gitlab.url}/", token=ONE),
        build.runner(name="two", url=gitlab.url, token=TWO),
        build.runner(name="elsewhere", url="https://gitlab.invalid"),
    ]
    return build.observed(build.config(*runners), with_system_id())


def with_system_id() -> RunnerFacts:
    return RunnerFacts(build.NOW, "16.11.0", system_id="s_0123456789ab")


def gitlab_context(environ: Mapping[str, str] = {}) -> GitlabContext:
    return GitlabContext(Path("/nowhere"), environ, Redactor())


def ask(gitlab: GitLab, token: str | Secret | None = API, **environ: str) -> tuple[RunnerStatus, ...]:
    host = replace(build.HOST, gitlab=GitlabAccess(gitlab.url, token))
    statuses = ask_gitlab(host, observed(gitlab), gitlab_context(environ))
    assert not any(canary in repr(statuses) for canary in CANARIES)
    return statuses


def test_each_runner_is_told_apart(gitlab: GitLab) -> None:
    gitlab.runner(ONE).expires_at = "2099-12-24T10:00:00.000Z"
    gitlab.runner(ONE).paused = True
    gitlab.revoke(TWO)
    runner_status, two, elsewhere = ask(gitlab)
    assert (runner_status.is_known, runner_status.id, runner_status.paused, runner_status.online) == (
        True,
        1,
        True,
        "online",
    )
    assert runner_status.expires_at
    assert runner_status.expires_at.year == 2099
    assert two.is_known is False
    assert "GitLab does not know its token" in two.reason
    assert two.fix
    assert elsewhere.is_known is None  # and its token was not sent here
    assert gitlab.requests == [
        ("POST", "/api/v4/runners/verify"),
        ("GET", "/api/v4/runners/1"),
        ("POST", "/api/v4/runners/verify"),
    ]


def test_without_a_section_gitlab_is_not_asked_and_its_client_not_loaded(gitlab: GitLab) -> None:
    statuses = ask_gitlab(build.HOST, observed(gitlab), gitlab_context())
    assert [runner_status.is_known for runner_status in statuses] == [None, None, None]
    assert gitlab_checks(build.HOST, observed(gitlab), gitlab_context()) == ()
    assert gitlab.requests == []
    names = "status verify diff deploy check"
    line = "; ".join(f"import runnerops.commands.{name}" for name in names.split())
    code = f"import sys; {line}; print(sorted({{'gitlab', 'requests'}} & set(sys.modules)))"
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert completed.stdout == "[]\n"


def test_a_token_of_the_api_that_is_not_there_or_not_taken_leaves_what_needs_none(gitlab: GitLab) -> None:
    for token, reason in (
        (None, ""),
        (Secret("env", "NO_SUCH", SourceLocation("inventory.yml", 1, 1)), "!env NO_SUCH"),
        ("glpat-another", "does not accept the API token"),
        ("glpat-canary\n", "its token has a space, a line break"),
        ("glpat-canaryé", "its token has a space, a line break"),
    ):
        runner_status, two, _ = ask(gitlab, token)
        assert runner_status.is_known
        assert two.is_known
        assert reason in runner_status.reason
        assert bool(runner_status.fix) == bool(reason)
    assert runner_status.paused is None


def test_status_and_verify_say_so(gitlab: GitLab) -> None:
    gitlab.runner(ONE).expires_at = "2001-12-24T10:00:00.000Z"
    gitlab.revoke(TWO)
    host, host_state = replace(build.HOST, gitlab=GitlabAccess(gitlab.url, API)), observed(gitlab)
    host_state = replace(host_state, facts=replace(host_state.facts, clock=1_800_000_000))
    service_status = status(host, host_state, {})
    assert service_status
    assert service_status.healthy
    service_status = with_gitlab_status(service_status, ask_gitlab(host, host_state, gitlab_context()))
    assert not service_status.healthy
    lines = [text.strip() for _, text in status_lines("h", host_state, [service_status])]
    assert "runner one: its token expired 2001-12-24" in lines
    assert any(line.startswith("runner two: GitLab does not know its token") for line in lines)
    runners = status_document("h", host_state, [service_status])["services"][0]["runners"]
    assert [runner["known_to_gitlab"] for runner in runners] == [True, False, None]
    checks = gitlab_checks(host, host_state, gitlab_context())
    assert [(check.name, check.state) for check in checks] == [
        ("known-to-gitlab", "pass"),
        ("known-to-gitlab", "fail"),
        ("known-to-gitlab", "skip"),
    ]
    assert all(check.reason for check in checks[1:])
    assert not any(canary in repr((lines, runners, checks)) for canary in CANARIES)


def plan(gitlab: GitLab, *tokens: str, section: bool = True) -> tuple[list[str], tuple[str, ...]]:
    """Codes that block a deploy, and its notes, where each runner gets the token of this list; the host has ONE."""
    access = GitlabAccess(gitlab.url) if section else None
    runners = [build.runner(name=f"r{index}", url=gitlab.url, token=token) for index, token in enumerate(tokens)]
    content = to_toml(build.config(*runners)).encode()
    desired = (RenderedFile(build.SPEC, content),)
    blockers, notes = check_new_tokens(replace(build.HOST, gitlab=access), desired, observed(gitlab), {})
    assert not any(canary in repr((blockers, notes)) for canary in CANARIES)
    return [f"{blocker.code} {blocker.details[0]}" for blocker in blockers], notes


def test_a_deploy_asks_only_of_tokens_that_the_host_has_not_yet(gitlab: GitLab) -> None:
    new, gone = "glrt-canary-of-a-new-runner", "glrt-canary-of-a-gone-one"
    gitlab.revoke(gone)
    assert plan(gitlab, ONE, TWO) == ([], ())
    assert plan(gitlab, ONE, gone, section=False) == ([], ())
    assert gitlab.requests == []
    assert plan(gitlab, ONE, new, gone) == (["unknown-token r2"], ())
    assert gitlab.requests == [("POST", "/api/v4/runners/verify")] * 2
    moved = replace(build.HOST, gitlab=GitlabAccess(gitlab.url))
    before = build.observed(build.config(build.runner(token=gone, url="https://gitlab.invalid")), with_system_id())
    desired = (RenderedFile(build.SPEC, to_toml(build.config(build.runner(token=gone, url=gitlab.url))).encode()),)
    (blocker,), _ = check_new_tokens(moved, desired, before, {})
    assert blocker.code == "unknown-token"
    _, (note,) = check_new_tokens(moved, desired, build.observed(None), {})
    assert "no system id yet" in note
    broken = (RenderedFile(build.SPEC, b"[[runners]\n"),)
    assert check_new_tokens(moved, broken, before, {}) == ((), ())
    gitlab.faults = [Answer(401)]
    blocking, (note,) = plan(gitlab, new)
    assert not blocking
    assert note.startswith("whether GitLab knows the token of runner r0 is not known: ")


JSON = {"message": "glrt-canary-of-runner-one is not welcome"}
"""A message that quotes what was sent: it must not be passed on."""


def client(gitlab: GitLab, waits: list[float], seconds: float = 5) -> GitlabClient:
    return GitlabClient(gitlab.url, API, seconds=seconds, sleep=waits.append)


def test_what_passes_by_itself_is_asked_again(gitlab: GitLab) -> None:
    for fault, waited in (
        (Answer(429, JSON, {"Retry-After": "7"}), [7.0]),
        (Answer(429, JSON), [0.5]),
        (Answer(500, "<html>"), [0.5]),
        (Answer(503, "", {"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"}), [0.5]),
        (Answer(0), [0.5]),
    ):
        waits: list[float] = []
        gitlab.faults = [fault]
        assert client(gitlab, waits).verify(ONE, "s_1")
        gitlab.faults = [fault]
        assert client(gitlab, waits).runner(1)
        assert waits == waited * 2, fault


def test_what_does_not_pass_is_said_in_words_with_a_fix(gitlab: GitLab) -> None:
    for fault, times, text in (
        (Answer(401, JSON), 1, "does not accept the API token"),
        (Answer(403, "<html>the firewall"), 1, "something in front of GitLab refused"),
        (Answer(422, JSON), 1, "does not exist in GitLab any more"),
        (Answer(429, JSON), 4, "accepts no more requests"),
        (Answer(429, JSON, {"Retry-After": "86400"}), 1, "accepts no more requests"),
        (Answer(500, JSON), 4, "status 500"),
        (Answer(0), 4, "is not reached"),
        (Answer(200, "<html>log in"), 1, "does not answer as GitLab's API does"),
    ):
        for ask_it in ("verify", "runner"):
            gitlab.faults = [fault] * times
            before = len(gitlab.requests)
            first_client = client(gitlab, [])
            with pytest.raises(GitlabError) as caught:
                first_client.verify(ONE, "s_1") if ask_it == "verify" else first_client.runner(1)
            assert text in caught.value.message, fault
            assert caught.value.hint
            assert not any(canary in f"{caught.value.message} {caught.value.hint}" for canary in CANARIES)
            assert len(gitlab.requests) - before == times
            gitlab.faults.clear()
    gitlab.faults = [Answer(302, "", {"Location": f"{gitlab.url}/elsewhere"})]
    with pytest.raises(GitlabError, match="redirects"):
        client(gitlab, []).verify(ONE, "s_1")
    with open_gitlab() as another:  # a token must not go along
        gitlab.faults = [Answer(302, "", {"Location": f"{another.url}/api/v4/runners/1"})]
        with pytest.raises(GitlabError, match="redirects"):
            client(gitlab, []).runner(1)
        assert another.requests == []
    gitlab.faults = [Answer(403, JSON)]
    with pytest.raises(GitlabError, match="the API token is not allowed to do that") as caught:
        client(gitlab, []).runner(1)
    assert "manage_runner" in caught.value.hint


def test_a_gitlab_that_is_slow_or_gone_is_not_waited_for_by_every_runner(gitlab: GitLab) -> None:
    gitlab.slow = 2.0
    with pytest.raises(GitlabError, match=r"does not answer within 0 s"):
        client(gitlab, [], seconds=0.2).verify(ONE, "s_1")
    gitlab.slow = 0.0
    url = "http://127.0.0.1:9"  # discard: nobody listens
    runners = [build.runner(name=name, url=url, token=name * 20) for name in ("a", "b")]
    host = replace(build.HOST, gitlab=GitlabAccess(url, API))
    statuses = ask_gitlab(host, build.observed(build.config(*runners)), gitlab_context())
    assert [runner_status.reason for runner_status in statuses] == [f"{url} is not reached"] * 2


def test_one_that_does_not_answer_is_asked_for_one_host_of_a_command(gitlab: GitLab) -> None:
    gitlab.faults = [Answer(503, "", {"Retry-After": "0"})] * 4
    command = gitlab_context()
    host = replace(build.HOST, gitlab=GitlabAccess(gitlab.url, API))
    for _ in range(2):
        runner_status, two, _ = ask_gitlab(host, observed(gitlab), command)
        assert "status 503" in runner_status.reason
        assert two.reason == runner_status.reason
    assert len(gitlab.requests) == 4
    new = (RenderedFile(build.SPEC, to_toml(build.config(build.runner(url=gitlab.url, token="glrt-new"))).encode()),)
    assert "status 503" in str(check_new_tokens(host, new, observed(gitlab), command.down))
    assert len(gitlab.requests) == 4
    assert ask_gitlab(host, observed(gitlab), gitlab_context())[0].is_known


def test_the_time_limit_is_of_the_whole_answer_and_meets_one_question_alone() -> None:
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not over.wait(0.05):
                connection.sendall(b" ")

    def accept(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                taken.append(server.accept()[0])
                threading.Thread(target=drip, args=(taken[-1],), daemon=True).start()

    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, args=(server,), daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(GitlabDownError, match="does not answer within 1 s"):
            GitlabClient(url, seconds=1.0).verify(ONE, "s_1")
        assert len(taken) == 1
        over.set()


def test_a_gitlab_before_15_10_says_only_that_it_knows_the_runner(gitlab: GitLab) -> None:
    for body in ("200", '"200"'):
        gitlab.faults = [Answer(200, body)]
        assert client(gitlab, []).verify(ONE, "s_1") == {}


def test_a_ca_file_that_is_not_there_is_named(gitlab: GitLab, tmp_path: Path) -> None:
    with pytest.raises(GitlabError, match=r"there is no file .*no-such\.pem"):
        GitlabClient(gitlab.url, ca_file=str(tmp_path / "no-such.pem"))


def test_a_rotated_token_is_another_one(gitlab: GitLab) -> None:
    """The stand-in keeps GitLab's rule: a reset token is refused at once."""
    gitlab.lifetime = timedelta(days=30)
    assert client(gitlab, []).verify(ONE, "s_1")
    gitlab.revoke(ONE)
    assert client(gitlab, []).verify(ONE, "s_1") is None


def test_a_lost_token_is_replaced_by_the_runners_number(gitlab: GitLab) -> None:
    gitlab.lifetime = timedelta(days=30)
    number = gitlab.runner(ONE).id
    registration = Registration("one", gitlab.url, ONE, number)
    host = replace(build.HOST, gitlab=GitlabAccess(gitlab.url, API))
    assert not token_is_lost(host, registration, observed(gitlab))
    gitlab.revoke(ONE)
    assert token_is_lost(host, registration, observed(gitlab))
    assert not token_is_lost(replace(host, gitlab=None), registration, observed(gitlab))
    redactor = Redactor()
    given = reset_token_by_id(host, registration, GitlabContext(Path("/nowhere"), {}, redactor))
    assert given["token"] == gitlab.runner(ONE).token != ONE
    assert given["id"] == number
    assert {type(given[key]).__name__ for key in ("token_obtained_at", "token_expires_at")} == {"datetime"}
    assert str(given["token"]) not in redactor.text(f"it is {given['token']}.")
    for problem, changed, access in (
        ("does not contain the id", replace(registration, id=0), host.gitlab),
        ("does not exist in GitLab", replace(registration, id=99), host.gitlab),
        ("does not accept the API token", registration, GitlabAccess(gitlab.url, "glpat-another")),
        ("without an API token", registration, GitlabAccess(gitlab.url)),
    ):
        with pytest.raises(GitlabError, match=problem):
            reset_token_by_id(replace(host, gitlab=access), changed, gitlab_context())


def test_an_answer_that_was_lost_is_asked_for_again(gitlab: GitLab) -> None:
    gitlab.runner(ONE)
    gitlab.faults = [Answer(0), Answer(500, JSON)]  # each was carried out
    assert client(gitlab, []).reset_token(1)["token"] == gitlab.runner(ONE).token


def test_other_machines_with_a_token_are_reported_before_it_is_rotated(gitlab: GitLab) -> None:
    registration = Registration("one", gitlab.url, ONE, gitlab.runner(ONE).id)
    host = replace(build.HOST, gitlab=GitlabAccess(gitlab.url, API))
    own = with_system_id().system_id
    gitlab.managers = {own: "online", "s_other": "offline", "r_third": "online", "s_fourth": "stale"}
    assert other_machines_with_token(host, registration, observed(gitlab), gitlab_context()) == ("s_other", "r_third")
    gitlab.managers = {own: "online"}
    assert other_machines_with_token(host, registration, observed(gitlab), gitlab_context()) == ()
    gitlab.requests.clear()
    for this_host, changed in (
        (replace(host, gitlab=None), registration),
        (replace(host, gitlab=GitlabAccess(gitlab.url)), registration),
        (host, replace(registration, id=0)),
        (host, replace(registration, url="https://gitlab.invalid")),
    ):
        assert other_machines_with_token(this_host, changed, observed(gitlab), gitlab_context()) == ()
    assert gitlab.requests == []
    gitlab.faults = [Answer(404, JSON)]  # a GitLab that has no such list
    assert other_machines_with_token(host, registration, observed(gitlab), gitlab_context()) == ()
    gitlab.faults = [Answer(403, JSON)]
    with pytest.raises(GitlabError, match="the API token is not allowed to do that"):
        other_machines_with_token(host, registration, observed(gitlab), gitlab_context())
