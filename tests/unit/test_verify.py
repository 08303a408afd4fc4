"""`verify` as a user types and reads it, over simulated connections: phases, progress, exit codes, text and JSON."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from runnerops.commands.verify import verify
from runnerops.engine.options import Invocation
from runnerops.errors import UsageError
from runnerops.model.common import ServiceName
from runnerops.remote.links import PullTestReader
from runnerops.report.checks import check_document, check_lines, summary_line
from runnerops.report.screen import Screen
from runnerops.report.waiting import waiting
from runnerops.services.verify import Check

HELD = Check("daemon", ServiceName.DOCKER, "the Docker daemon answers (26.1.5)")
FAIL = Check(
    "answers-container",
    ServiceName.REGISTRY,
    "http://172.17.0.1:5000 answers from a container (default bridge)",
    "fail",
    "it does not answer in time: the host's firewall lets the host through, but not its containers",
    "on runner-1: iptables -I INPUT -p tcp -d 172.17.0.1 --dport 5000 -j ACCEPT",
)
UNTRIED = Check("pull", ServiceName.REGISTRY, "a pull of alpine:3 is served by a cache", "skip", "nothing was pulled")


def test_a_check_has_its_reason_and_its_fix_below_it() -> None:
    lines = [text for check in (HELD, FAIL, UNTRIED) for _, text in check_lines(check)]
    assert lines == [
        "  ok       the Docker daemon answers (26.1.5)",
        "  FAIL     http://172.17.0.1:5000 answers from a container (default bridge)",
        "           it does not answer in time: the host's firewall lets the host through, but not its containers",
        "           fix: on runner-1: iptables -I INPUT -p tcp -d 172.17.0.1 --dport 5000 -j ACCEPT",
        "  skipped  a pull of alpine:3 is served by a cache",
        "           nothing was pulled",
    ]


@pytest.mark.parametrize(
    ("checks", "style", "expected"),
    [
        ((HELD, HELD), "good", "2 of 2 checks passed"),
        ((HELD, UNTRIED), "good", "1 of 2 checks passed, 1 skipped"),
        ((HELD, FAIL, UNTRIED), "bad", "1 of 3 checks passed, 1 failed, 1 skipped"),
        ((), "warn", "nothing to verify: it has no cache, no mirror and no runner"),
    ],
)
def test_the_checks_of_a_host_in_one_line(checks: tuple[Check, ...], style: str, expected: str) -> None:
    assert summary_line(checks) == (style, expected)


def test_a_check_as_json() -> None:
    assert check_document(UNTRIED) == {
        "check": "pull",
        "service": "registry",
        "what": "a pull of alpine:3 is served by a cache",
        "state": "skip",
        "reason": "nothing was pulled",
        "fix": "",
    }


@pytest.mark.parametrize("image", ["ghcr.io/a/b:1", "localhost:5000/a", "alpine@sha256:00", "", "-x"])
def test_an_image_that_no_mirror_serves_is_usage(image: str, tmp_path: Path) -> None:
    screen = Screen(out=io.StringIO(), err=io.StringIO())
    with pytest.raises(UsageError, match="only images of Docker Hub"):
        verify(Invocation(tmp_path / "inventory.yml", (), {}, screen), image, quick=False, as_json=False)


class Stream:
    """A connection whose command prints these lines."""

    def __init__(self, *lines: bytes) -> None:
        self._said = lines

    def lines(self, command: Sequence[str], stdin: bytes) -> Iterator[bytes]:
        assert command == ("sh", "-s")
        assert stdin == b"script"
        yield from self._said


def test_a_pull_test_is_followed_while_it_lasts() -> None:
    watched: list[str] = []
    trying = PullTestReader(lambda: Stream(b"one\n", b"\xfftwo\n", b"rest"), watched.append)
    assert trying.read(b"script") == b"one\n\xfftwo\nrest"
    assert watched == ["one", "�two", "rest"]


def test_progress_is_a_line_a_change_where_nobody_looks() -> None:
    screen = Screen(out=io.StringIO(), err=io.StringIO())
    screen.redactor.learn(["s3cret-value"])
    with waiting(screen, silent=False) as busy:
        busy.say("h1", "asking s3cret-value")
        busy.detail("h1", "12 %")
        busy.say("h1", "")
    assert isinstance(screen.err, io.StringIO)
    assert screen.err.getvalue() == "h1: asking ********\n"
    with waiting(screen, silent=True) as busy:
        busy.say("h1", "asking")
    assert screen.err.getvalue().count("\n") == 1


def test_what_takes_a_moment_is_not_told_host_by_host_in_a_log() -> None:
    err = io.StringIO()
    with waiting(Screen(out=io.StringIO(), err=err), silent=False, hosts=3, short=True) as busy:
        busy.say("h1", "asking")
        busy.say("h1", "")
    assert err.getvalue() == ""
