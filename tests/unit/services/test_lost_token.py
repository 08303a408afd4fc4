"""The advice that is given if GitLab no longer accepts the token of a runner."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnerops.model.common import ServiceName, Tree
from runnerops.model.gitlab import GitlabAccess, Place
from runnerops.model.inventory import Host
from runnerops.services.gitlab_runner.lost_token import way_out

RUNNER: Tree = {"name": "one", "url": "https://gitlab.example.com"}
HOST = Host(
    "h",
    "192.0.2.1",
    sections={ServiceName.GITLAB_RUNNER: {"runners": [RUNNER]}},
    gitlab=GitlabAccess("https://gitlab.example.com", "glpat-x"),
)
GIVEN = replace(HOST, sections={ServiceName.GITLAB_RUNNER: {"runners": [{**RUNNER, "token": "glrt-x"}]}})


@pytest.mark.parametrize(
    ("host", "number", "says"),
    [
        (HOST, 7, "create it in GitLab again"),
        (replace(HOST, gitlab_places={"one": Place("group", 42)}), 7, "deploy, which creates another"),
        (HOST, 0, ""),
        (GIVEN, 7, ""),
        (replace(HOST, gitlab=GitlabAccess("https://gitlab.example.com")), 7, ""),
        (replace(HOST, gitlab=None), 7, ""),
    ],
    ids=["managed", "created", "no number", "its token is given", "no token of the API", "no section"],
)
def test_rotate_is_named_where_it_can_help(host: Host, number: int, says: str) -> None:
    remedy = way_out(host, "one", number)
    assert ("if its token was reset: `runnerops rotate h one`" in remedy) is bool(says)
    assert says in remedy
