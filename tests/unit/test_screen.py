"""Where lines break: at words on a terminal, nowhere in what anything else reads."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import termios
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from runnerops.model.common import Result
from runnerops.model.run import Outcome
from runnerops.report.screen import Screen
from runnerops.report.summary import table_lines
from runnerops.report.text import summary_line
from runnerops.report.wrap import broken_at_words, shortened

SENTENCE = (
    "  blocked: new-volume: the cache starts empty on its new volume, and the old one stays where it is: cache_old"
)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 80, [""]),
        ("short", 80, ["short"]),
        (
            SENTENCE,
            60,
            [
                "  blocked: new-volume: the cache starts empty on its new",
                "      volume, and the old one stays where it is: cache_old",
            ],
        ),
        (
            "  FAIL     http://172.17.0.1:5000 does not answer in time",
            44,
            ["  FAIL     http://172.17.0.1:5000 does not", "           answer in time"],
        ),
        ("hint: /a/path/that/is/longer/than/the/terminal", 40, ["hint:", "    /a/path/that/is/longer/than/the/terminal"]),
        ("a b", 1, ["a b"]),
    ],
)  # fmt: skip
def test_broken_at_words(text: str, width: int, lines: list[str]) -> None:
    assert broken_at_words(text, width) == lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [("", ""), ("restart it", "restart it"), ("wait until gitlab-runner has loaded it", "wait until gitlab-runner has…")],
)  # fmt: skip
def test_what_stands_beside_a_bar_ends_with_a_word(text: str, shown: str) -> None:
    assert shortened(text, 32) == shown


def on_a_terminal(columns: int, text: str, style: str) -> list[str]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(slave, "w") as terminal:
        Screen(out=terminal).data(text, style)
    said = b""
    with contextlib.suppress(OSError):  # what a terminal gives at its end
        while chunk := os.read(master, 65536):
            said += chunk
    os.close(master)
    return said.decode().replace("\r\n", "\n").rstrip("\n").split("\n")


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


def test_a_part_folds_in_a_job_log_and_is_plain_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [("host", "h"), ("plain", "  one"), ("plain", "  two")]
    for folded, option in ((True, "[collapsed=true]"), (False, "")):
        out = StringIO()
        Screen(out=out, sections=True).section("plan_h", lines, folded=folded)
        first, *rest, last = out.getvalue().split("\n")[:-1]
        assert re.fullmatch(rf"\x1b\[0Ksection_start:\d+:plan_h{re.escape(option)}\r\x1b\[0Kh", first)
        assert rest == ["  one", "  two"]
        assert re.fullmatch(r"\x1b\[0Ksection_end:\d+:plan_h\r\x1b\[0K", last)
    monkeypatch.setenv("GITLAB_CI", "true")
    with (tmp_path / "plan.txt").open("w") as file:
        Screen(out=file).section("plan_h", lines, folded=True)
    assert (tmp_path / "plan.txt").read_text() == "h\n  one\n  two\n"
    read, write = os.pipe()
    with os.fdopen(write, "w") as pipe:
        Screen(out=pipe).section("plan_h", lines, folded=True)
    with os.fdopen(read) as pipe:
        assert "section_start" in pipe.read()


def test_a_full_disk_ends_the_output_and_not_the_work_and_is_told() -> None:
    with Path("/dev/full").open("w") as full:
        screen = Screen(out=full, err=(err := StringIO()))
        for line in ("one", "two"):
            screen.data(line)
    assert screen.cut_off
    assert err.getvalue() == "the output is cut off: No space left on device\n"


def test_parts_of_a_job_log_have_names_that_gitlab_reads_and_that_differ() -> None:
    out = StringIO()
    screen = Screen(out=out, sections=True)
    for name in ("plan_é", "plan_ü", "plan_b-2", "plan_b", "plan_b", "plan_b", "p q/[x]\r"):
        screen.section(name, [("host", name)], folded=False)
    marks = re.findall(r"section_(start|end):\d+:([a-zA-Z0-9_.-]+)\r\x1b\[0K", out.getvalue())
    names = ["plan__", "plan__-2", "plan_b-2", "plan_b", "plan_b-3", "plan_b-4", "p_q__x__"]
    assert marks == [(end, name) for name in names for end in ("start", "end")]


def test_a_part_is_closed_whatever_befalls_its_lines() -> None:
    def breaking() -> Iterator[tuple[str, str]]:
        yield "host", "h"
        raise KeyError("gone")

    out = StringIO()
    with pytest.raises(KeyError, match="gone"):
        Screen(out=out, sections=True).section("h", breaking(), folded=True)
    assert re.search(r"section_end:\d+:h\r\x1b\[0K\n$", out.getvalue())


def test_the_last_line_counts_hosts_by_how_they_ended() -> None:
    ends = [("a", Result.APPLIED), ("b", Result.ROLLED_BACK), ("c", Result.APPLIED), ("d", Result.UNREACHABLE)]
    outcomes = [Outcome(name, result) for name, result in ends]
    assert summary_line(outcomes) == "4 hosts: 2 applied, 1 rolled-back (b), 1 unreachable (d)"


def test_a_deploy_ends_with_a_table_of_the_worst_first() -> None:
    long = f"runner-{'x' * 30}"
    outcomes = [
        Outcome("a", Result.APPLIED, seconds=3.21),
        Outcome("b", Result.UNCHANGED),
        Outcome(long, Result.SKIPPED, message=f"not touched: {'word ' * 30}\nmore"),
        Outcome("d", Result.NEEDS_ATTENTION, message="failed, and secret", seconds=100),
    ]
    assert [
        text
        for _, text in table_lines(outcomes, {"a": "reload docker"}, lambda text: text.replace("secret", "********"))
    ] == [
        "d                         needs-attention   100.0 s  failed, and ********",
        "runner-xxxxxxxxxxxxxxxx…  skipped                    not touched: word word…",
        "a                         applied             3.2 s  reload docker",
    ]


def test_the_table_of_many_hosts_has_those_that_did_not_end_well() -> None:
    applied = [Outcome(f"r{number}", Result.APPLIED) for number in range(480)]
    failed = [Outcome(f"f{number}", Result.UNREACHABLE, message="no route") for number in range(20)]
    lines = [text for _, text in table_lines([*applied, *failed], {}, str)]
    assert [line.split() for line in lines] == [["f[0:19]", "unreachable", "no", "route"]], "one reason, one row"
    broken = [Outcome(f"b{number}", Result.ROLLED_BACK, message="no", seconds=2.0) for number in range(200)]
    assert len(list(table_lines([*applied, *failed, *broken], {}, str))) == 50, "each run has its own"
    assert list(table_lines([Outcome("a", Result.UNCHANGED), Outcome("b", Result.PENDING)], {}, str)) == []
