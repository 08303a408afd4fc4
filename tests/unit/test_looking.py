"""What is shown while many hosts are looked at."""

from __future__ import annotations

import threading
from io import StringIO

import pytest

from runnerops.engine.hosts.looking import look_at
from runnerops.model.common import Result
from runnerops.model.inventory import Requester
from runnerops.model.plan import Plan
from runnerops.model.run import Event, Outcome
from runnerops.model.steps import Step
from runnerops.report.looking import Looking
from runnerops.report.progress.bars import Bars
from runnerops.report.screen import Screen


class Terminal(StringIO):
    """A terminal as wide as usual."""

    def isatty(self) -> bool:
        return True


def test_who_is_waited_for_the_slowest_first() -> None:
    now = 0.0
    looking = Looking(Screen(out=StringIO(), err=StringIO()), 500, lambda: now)
    assert looking.line() == "0 of 500 hosts seen"
    for host in "abcde":
        looking.say(host, "connecting")
        now += 1
    looking.say("a", "looking")
    assert looking.line() == (
        "0 of 500 hosts seen; waiting for a (looking, 5 s), b (connecting, 4 s), c (connecting, 3 s) and 2 more"
    )
    looking.say("b", "")
    assert looking.line().startswith("1 of 500 hosts seen; waiting for a (looking, 5 s), c")


def test_a_host_is_seen_though_it_could_not_be_reached() -> None:
    looking = Looking(Screen(out=StringIO(), err=StringIO()), 2)

    def fail(host: str) -> str:
        looking.say(host, "connecting")
        raise OSError(host)

    with pytest.raises(OSError, match="a"):
        looking.each(fail)("a")
    assert looking.line() == "1 of 2 hosts seen"


def test_a_host_that_is_waited_for_is_named_and_the_line_is_gone_at_the_end() -> None:
    named = threading.Event()

    class Watched(Terminal):
        def write(self, text: str) -> int:
            if "1 of 2 hosts seen; waiting for b (asking" in text:
                named.set()
            return super().write(text)

    err = Watched()
    results = look_at(["a", "b"], lambda name: name == "a" or named.wait(60), Screen(out=StringIO(), err=err))
    assert results == {"a": True, "b": True}
    assert err.getvalue().endswith("\r\x1b[K")


def test_what_is_printed_stands_above_the_line_at_the_bottom() -> None:
    err = Terminal()
    screen = Screen(out=StringIO(), err=err)
    screen.status("1 of 2")
    screen.say("a: warning")
    screen.status("")
    assert err.getvalue() == "\r\x1b[K1 of 2\r\x1b[Ka: warning\n1 of 2\r\x1b[K"
    quiet = StringIO()
    Screen(out=StringIO(), err=quiet).status("1 of 2")
    assert quiet.getvalue() == ""


@pytest.mark.parametrize("hosts", [1, 2])
def test_nothing_is_said_of_a_look_that_is_over_at_once(hosts: int) -> None:
    err = Terminal()
    with Looking(Screen(out=StringIO(), err=err), hosts) as looking:
        looking.say("a", "connecting")
        looking.say("a", "")
    assert err.getvalue() == ""


def test_bars_of_several_hosts_have_a_line_for_all_of_them() -> None:
    step = Step("await", ("60", "ok", "sh", "drained.sh"), "wait for running jobs")
    plans = {name: Plan(name, 1, Requester("me", "here"), forward=(Step("phase", ("docker",)), step)) for name in "ab"}
    err = Terminal()
    with Bars(Screen(out=StringIO(), err=err), plans, verbose=0) as bars:
        bars.watch(Event("a", 0.0, "forward", 0, "step", ""))
        bars.end(Outcome("a", Result.APPLIED))
        bars.watch(Event("b", 0.0, "forward", 1, "step", ""))
        bars.hush()
    assert "1 of 2 done" in err.getvalue()
