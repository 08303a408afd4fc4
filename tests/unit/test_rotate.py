"""What `rotate` refuses before it contacts a host."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnerops.commands.rotate import check_rotatable
from runnerops.errors import UsageError
from runnerops.model.common import Secret, ServiceName, SourceLocation, Tree
from runnerops.model.inventory import Host

KEPT: Tree = {"name": "one", "url": "https://gitlab.example.com", "executor": "shell"}
SECRET = Secret("env", "TOKEN", SourceLocation("inventory.yml", 1, 1))


def host(*runners: Tree) -> Host:
    return Host("h", "192.0.2.1", sections={ServiceName.GITLAB_RUNNER: {"runners": list(runners)}})


@pytest.mark.parametrize(
    ("this_host", "runner", "says"),
    [
        (host(KEPT), "", ""),
        (host(KEPT), "one", ""),
        (host(KEPT, {**KEPT, "name": "two"}), "two", ""),
        (host({**KEPT, "token": "glrt-x"}, {**KEPT, "name": "two"}), "two", ""),
        (host(KEPT, {**KEPT, "name": "two"}), "", "has 2 runners"),
        (host(KEPT), "two", "has no runner two"),
        (host(), "", "has 0 runners"),
        (replace(host(), sections={}), "", "has no gitlab_runner section"),
        (host({**KEPT, "token": SECRET}), "", "the inventory gives the token of runner one"),
        (host({**KEPT, "token": "glrt-x"}), "one", "the inventory gives the token of runner one"),
    ],
)
def test_a_runner_that_cannot_be_rotated_is_refused(this_host: Host, runner: str, says: str) -> None:
    if not says:
        check_rotatable(this_host, runner)
        return
    with pytest.raises(UsageError, match=says) as caught:
        check_rotatable(this_host, runner)
    assert caught.value.hint
