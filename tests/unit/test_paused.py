"""Runners that an earlier run left paused in GitLab: a deploy unpauses them, leaves them paused, or reports them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnerops.model.common import Secret, ServiceName, SourceLocation
from runnerops.model.gitlab import GitlabAccess, Pause, PauseRecord
from runnerops.model.host_state import Run
from runnerops.model.inventory import Host, Requester
from runnerops.planning.paused import left_paused, notes_on_still_paused
from runnerops.report.paused import paused_lines

URL = "https://gitlab.example.com"
HOST = Host("h", "h", gitlab=GitlabAccess(URL, "glpat-x"))
THERE = (PauseRecord(7, 41, URL, "one"),)


@pytest.mark.parametrize(
    ("command", "host", "url", "unpauses", "tells"),
    [
        ("deploy", HOST, URL, True, False),
        ("deploy", HOST, "HTTPS://GitLab.Example.com/", True, False),
        (
            "deploy",
            replace(
                HOST, gitlab=GitlabAccess(URL, Secret("env", "GITLAB_TOKEN", SourceLocation("inventory.yml", 1, 1)))
            ),
            URL,
            True,
            False,
        ),
        ("deploy", replace(HOST, gitlab=GitlabAccess(URL)), URL, False, True),
        ("deploy", replace(HOST, gitlab=None), URL, False, True),
        ("deploy", HOST, "https://gitlab.example.org", False, True),
        ("deploy", replace(HOST, gitlab=None, left_out=frozenset({ServiceName.GITLAB_RUNNER})), URL, False, False),
        ("rollback to run 3", HOST, URL, True, False),
        ("remove gitlab_runner", HOST, URL, True, False),
        ("remove", replace(HOST, gitlab=None), URL, False, True),
        ("abort", HOST, URL, True, False),
        ("rotate", replace(HOST, gitlab=None), URL, False, True),
    ],
)
def test_which_runners_are_unpaused_and_which_only_reported(
    command: str, host: Host, url: str, unpauses: bool, tells: bool
) -> None:
    records = (PauseRecord(7, 41, url, "one"),)
    assert left_paused(command, host, records) == ((Pause("one", 7, 41),) if unpauses else ())
    notes = list(notes_on_still_paused(command, host, records))
    assert bool(notes) == tells
    assert all("run 41 paused runner one" in text and "paused/7 on the host" in text for text in notes)


def test_a_rotation_leaves_it_and_says_what_does_not() -> None:
    assert left_paused("rotate", HOST, THERE) == ()
    assert [
        text.endswith("was not unpaused: `runnerops deploy h` does that")
        for text in notes_on_still_paused("rotate", HOST, THERE)
    ] == [True]


@pytest.mark.parametrize(
    ("command", "running", "says"),
    [
        ("deploy", False, "and was not unpaused: runnerops deploy h"),
        ("rollback to run 3", False, "and was not unpaused: runnerops deploy h"),
        ("remove", False, "and was not unpaused: runnerops remove h"),
        ("remove gitlab_runner --volumes", False, "and was not unpaused: runnerops remove h gitlab_runner"),
        ("deploy", True, "which is still going on; the client that began it unpauses the runner at its end"),
    ],
)
def test_it_is_said_who_will_unpause_a_runner(command: str, running: bool, says: str) -> None:
    last = Run(41, Requester("anna", "laptop"), "", "", running=running, command=command)
    assert (
        next(text for _, text in paused_lines("h", THERE, last))
        == f"  runner one is paused in GitLab by run 41, {says}"
    )


@pytest.mark.parametrize(("paused", "stays"), [(True, True), (False, False), (None, False)])
def test_one_that_the_inventory_wants_paused_stays_so(paused: bool | None, stays: bool) -> None:
    host = replace(HOST, gitlab_settings={} if paused is None else {"one": {"paused": paused}})
    assert [pause.stays for pause in left_paused("deploy", host, THERE)] == [stays]
