"""Connections to a GitLab through real TLS with its own CA, and through a real proxy, to the stand-in for GitLab."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runnerops.errors import GitlabDownError, GitlabError
from runnerops.gitlab.client import GitlabClient
from tests.integration.tls import Ca, Tunnels, open_proxy
from tests.lab.gitlab import GitLab, open_gitlab

API, TOKEN = "glpat-canary", "glrt-canary-of-a-runner"


@pytest.fixture(name="ca")
def fixture_ca(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ca:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return Ca(tmp_path)


@pytest.fixture(name="gitlab")
def fixture_gitlab(ca: Ca) -> Iterator[GitLab]:
    with open_gitlab(tls=ca.context()) as gitlab:
        gitlab.api_tokens.add(API)
        gitlab.runner(TOKEN)
        yield gitlab


@pytest.fixture(name="proxy")
def fixture_proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tunnels]:
    with open_proxy() as tunnels:
        monkeypatch.setenv("HTTPS_PROXY", tunnels.url)
        yield tunnels


def refusal(client: GitlabClient) -> GitlabError:
    """Why both kinds of calls are not answered, which is one and the same."""
    with pytest.raises(GitlabDownError) as first:
        client.verify(TOKEN, "s_1")
    with pytest.raises(GitlabDownError) as second:
        client.runner(1)
    assert first.value.message == second.value.message
    return first.value


def test_a_ca_that_is_named_is_trusted_and_no_other(gitlab: GitLab, ca: Ca, tmp_path: Path) -> None:
    client = GitlabClient(gitlab.url, API, str(ca.path))
    assert client.verify(TOKEN, "s_1")
    assert client.runner(1)
    gitlab.requests.clear()
    for path in ("", str(Ca(tmp_path, "another ca").path)):
        refused = refusal(GitlabClient(gitlab.url, API, path))
        assert "its certificate is not trusted" in refused.message
        assert "ca_file" in (refused.hint or "")
    assert gitlab.requests == []  # no token was sent to whom nobody trusts


def test_a_proxy_of_the_environment_tunnels_to_it(gitlab: GitLab, ca: Ca, proxy: Tunnels) -> None:
    client = GitlabClient(gitlab.url, API, str(ca.path))
    assert client.verify(TOKEN, "s_1")
    assert client.runner(1)
    assert set(proxy.asked) == {f"CONNECT {gitlab.url.removeprefix('https://')}"}
    assert "its certificate is not trusted" in refusal(GitlabClient(gitlab.url, API)).message


def test_a_gitlab_that_no_proxy_names_is_asked_without_it(
    gitlab: GitLab, ca: Ca, proxy: Tunnels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert GitlabClient(gitlab.url, API, str(ca.path)).verify(TOKEN, "s_1")
    assert proxy.asked == []


def test_a_proxy_that_refuses_or_is_gone_is_named(
    gitlab: GitLab, ca: Ca, proxy: Tunnels, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy.refuses = True
    waits: list[float] = []
    client = GitlabClient(gitlab.url, API, str(ca.path), sleep=waits.append)
    assert "is not reached through the proxy" in refusal(client).message
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # discard: nobody listens
    refused = refusal(GitlabClient(gitlab.url, API, str(ca.path), sleep=waits.append))
    assert "is not reached through the proxy" in refused.message
    assert "HTTPS_PROXY" in (refused.hint or "")
    assert gitlab.requests == []


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("none", "there is no file"), ("folder", "is a folder"), ("text", "holds no certificate"), ("empty", "holds no")],
)
def test_a_ca_file_that_holds_none_is_named(tmp_path: Path, kind: str, expected: str) -> None:
    path = tmp_path / "ca.pem"
    if kind == "folder":
        path.mkdir()
    elif kind != "none":
        path.write_text("no certificate\n" if kind == "text" else "")
    with pytest.raises(GitlabError, match=expected):
        GitlabClient("https://gitlab.invalid", ca_file=str(path))
