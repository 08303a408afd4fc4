"""What is printed during a deploy, also while a question is open, and for many hosts that end alike."""

from __future__ import annotations

import io
import json
import re
import threading

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn
from rich.text import Text

from runnerops.model.common import Result
from runnerops.model.inventory import Requester
from runnerops.model.plan import Plan
from runnerops.model.run import Event, Outcome
from runnerops.model.steps import Step
from runnerops.report.progress.bars import Bars
from runnerops.report.progress.lines import Lines
from runnerops.report.progress.live_display import LiveDisplay
from runnerops.report.progress.stream import Stream
from runnerops.report.screen import Screen

NAMES = [f"r{number}" for number in range(12)]
PLANS = {name: Plan(name, 1, Requester("me", "here"), forward=(Step("phase", ("docker",)),)) for name in NAMES}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def begun(show: Lines) -> None:
    for name in NAMES:
        show.watch(Event(name, 1.0, "forward", 0, "step", ""))


def ended(name: str, seconds: float = 2.0) -> Outcome:
    hint = f"`runnerops history {name} -v` tells"
    return Outcome(name, Result.ROLLED_BACK, message="back as it was", hint=hint, seconds=seconds)


@pytest.mark.parametrize(("kind", "lines"), [(Lines, len(NAMES)), (Bars, 0)])
def test_a_phase_gets_a_line_unless_its_host_has_a_bar_among_many(kind: type[Lines], lines: int) -> None:
    err = Terminal()
    with kind(Screen(out=io.StringIO(), err=err), PLANS, verbose=0) as show:
        begun(show)  # a host has its bar from the first event on
        before = len(err.getvalue())
        begun(show)
        assert sum(f"{name}: " in err.getvalue()[before:] for name in NAMES) == lines


@pytest.mark.parametrize("kind", [Lines, Bars])
def test_nothing_is_printed_while_somebody_is_asked_and_all_of_it_later(kind: type[Lines]) -> None:
    err = Terminal()
    with kind(Screen(out=io.StringIO(), err=err), PLANS, verbose=0) as show:
        begun(show)
        show.hush()
        before = err.getvalue()
        show.end(ended("r3"))
        show.watch(Event("r4", 1.0, "forward", 0, "fail", ""))
        assert err.getvalue() == before
        show.resume()
        assert "r3: rolled-back  (2.0 s)" in err.getvalue()
        show.hush()
        show.end(ended("r5"))
    assert "r5: rolled-back  (2.0 s)" in err.getvalue(), "though nothing was resumed"


def test_a_stream_has_no_event_after_an_interrupt_unless_the_runs_are_followed_on() -> None:
    """The last line is the summary."""
    stream = Stream(Screen(out=(out := io.StringIO())), PLANS)
    events = [Event(name, 1.0, "forward", 0, "step", "") for name in NAMES[:3]]
    stream.watch(events[0])
    stream.hush()
    stream.watch(events[1])
    assert [json.loads(line)["host"] for line in out.getvalue().splitlines()] == NAMES[:1]
    stream.resume()
    stream.watch(events[2])
    assert [json.loads(line)["host"] for line in out.getvalue().splitlines()] == NAMES[:3]


@pytest.mark.parametrize("kind", [Lines, Bars])
def test_what_happens_after_the_end_is_not_told(kind: type[Lines]) -> None:
    """The summary is being printed, and runs that are not followed any more may still have events."""
    err = Terminal()
    with kind(Screen(out=io.StringIO(), err=err), PLANS, verbose=0) as show:
        begun(show)
        show.hush()
    before = err.getvalue()
    begun(show)
    assert err.getvalue() == before


@pytest.mark.parametrize("kind", [Lines, Bars])
def test_hosts_that_are_rolled_back_together_are_reported_together(kind: type[Lines]) -> None:
    err = Terminal()
    with kind(Screen(out=io.StringIO(), err=err), PLANS, verbose=0) as show:
        begun(show)
        show.hush()
        show.end(ended("r0"))
        show.gather()
        show.resume()
        before = len(err.getvalue())
        for number, name in enumerate(NAMES[:0:-1]):
            show.end(ended(name, number))
        assert "back as it was" not in err.getvalue()[before:]
    output = err.getvalue()
    assert "12 hosts rolled-back: r[0:11]" in output
    assert output.count("hint: `runnerops history HOST -v` tells") == 1


def test_lines_of_hosts_that_end_at_the_same_time_do_not_mix() -> None:
    err = io.StringIO()
    show = Lines(Screen(out=io.StringIO(), err=err), PLANS, verbose=0)
    begun(show)
    begins = len(err.getvalue().splitlines())
    barrier = threading.Barrier(len(NAMES))

    def end(name: str) -> None:
        barrier.wait(20)
        show.end(ended(name))

    threads = [threading.Thread(target=end, args=(name,)) for name in NAMES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = err.getvalue().splitlines()[begins:]
    assert len(lines) == 3 * len(NAMES)
    for head, _, hint in zip(*[iter(lines)] * 3, strict=True):
        assert f"history {head.partition(':')[0]} -v" in hint


def test_what_is_drawn_again_covers_nothing_that_was_printed_in_between() -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=80)
    progress = Progress(TextColumn("{task.description}"), console=console, auto_refresh=False)
    for name in NAMES:
        progress.add_task(name, total=None)
    display = LiveDisplay(progress)
    display.resume()
    display.hush()
    output.write("a question and its answer\n")
    printed = len(output.getvalue())
    display.resume()
    assert "r11" in output.getvalue()[printed:]
    assert "\x1b[1A" not in output.getvalue()[printed:], "no line up"
    display.hush()


def on_screen(output: str) -> list[str]:
    """The lines that a terminal shows after it was sent this."""
    lines, row = [""], 0
    for piece in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", output):
        if piece == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif piece == "\x1b[1A":
            row -= 1
        elif piece == "\x1b[2K":
            lines[row] = ""
        elif piece[0] not in "\x1b\r":
            lines[row] += piece
    return lines


def test_no_line_is_lost_when_bars_end_while_others_are_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runnerops.report.progress.live_display._EVERY", 0.001)  # again and again, in another thread
    console = Console(file=(output := io.StringIO()), force_terminal=True, width=80)
    progress = Progress(TextColumn("{task.description}"), console=console, auto_refresh=False)
    display = LiveDisplay(progress)
    ended: list[str] = []
    display.resume()
    for part in range(32):
        for task in [progress.add_task("a bar", total=None) for _ in range(12)]:
            progress.remove_task(task)
            ended.append(f"host {len(ended)} of {part} ended")
            display.print(Text(ended[-1]))
    display.hush()
    assert [line for line in on_screen(output.getvalue()) if line] == ended
