"""What a screen prints: lines whole or broken at words, in colour if that is wanted, and output that is cut off."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import termios
from io import StringIO
from pathlib import Path

import pytest

from runnerops.report.screen import Screen

SENTENCE = (
    "  blocked: new-volume: the cache starts empty on its new volume, and the old one stays where it is: cache_old"
)


def on_a_terminal(columns: int, text: str, style: str) -> list[str]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(slave, "w") as terminal:
        Screen(out=terminal).data(text, style)
    output = b""
    with contextlib.suppress(OSError):  # what a terminal gives at its end
        while chunk := os.read(master, 65536):
            output += chunk
    os.close(master)
    return output.decode().replace("\r\n", "\n").rstrip("\n").split("\n")


@pytest.mark.parametrize("columns", [60, 80])
def test_on_a_terminal_no_line_is_longer_than_it(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    lines = on_a_terminal(columns, SENTENCE, "bad")
    assert len(lines) > 1
    assert max(map(len, lines)) <= columns
    assert " ".join(line.strip() for line in lines) == SENTENCE.strip()


@pytest.mark.parametrize("style", ["new", "gone", "verbatim", "command", "typed"])
def test_what_is_compared_or_copied_stays_whole(style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert on_a_terminal(60, SENTENCE, style) == [SENTENCE]


def test_elsewhere_every_line_is_whole() -> None:
    out = StringIO()
    Screen(out=out).lines([("bad", SENTENCE), ("plain", SENTENCE)])
    assert out.getvalue() == f"{SENTENCE}\n{SENTENCE}\n"


def test_colour_is_asked_for_and_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a stream that is no terminal, as a job's log is."""
    names = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE")
    cases: list[tuple[dict[str, str], bool]] = [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"CLICOLOR_FORCE": "1"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"FORCE_COLOR": ""}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
    ]
    for environ, wanted in cases:
        for name in names:
            monkeypatch.delenv(name, raising=False)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        out = StringIO()
        Screen(out=out).data("x", "good")
        assert ("\x1b[" in out.getvalue()) is wanted, environ


def test_a_full_disk_ends_the_output_and_not_the_work_and_is_reported() -> None:
    with Path("/dev/full").open("w") as full:
        screen = Screen(out=full, err=(err := StringIO()))
        for line in ("one", "two"):
            screen.data(line)
    assert screen.cut_off
    assert err.getvalue() == "the output is incomplete: No space left on device\n"
