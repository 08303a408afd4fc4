"""Jobs that a run waits for, with name and age: as hosts report them, and as they are shown."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from runnerops.model.common import Result
from runnerops.model.facts import Job
from runnerops.model.inventory import Requester
from runnerops.model.plan import Plan
from runnerops.model.run import Event, Outcome
from runnerops.model.steps import Step
from runnerops.model.waited import Waited, age_text, in_words, read_waited
from runnerops.report.document import event_document
from runnerops.report.drains import DrainTracker, waiting_text
from runnerops.report.progress.bars import Bars
from runnerops.report.progress.lines import Lines
from runnerops.report.screen import Screen

STARTED = "2026-11-29T21:19:00Z"
BEGAN = 1795987140.0
"""The same in epoch seconds."""
ONE = f'job 7 name="build 1/2" project="team/app" runner="r, a" started="{STARTED}"'
TWO = f"2 jobs: {ONE}; job 8"
DRAIN = Step("await", ("60", "=gone", "sh", "drain.sh"), "wait for running jobs")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1 job", Waited(1)),
        ("no job left, it ends", None),
        (TWO, Waited(2, (Job("7", "job 7", True, "build 1/2", "team/app", "r, a", BEGAN), Job("8", "job 8")))),
        ("2 jobs: process 50 (su); container x", Waited(2, (Job("", "process 50 (su)"), Job("", "container x")))),
        ('1 job: job 7 started="soon"', Waited(1, (Job("7", "job 7"),))),
        ('1 job: job 7 started="2026-11-29T22:19:00+01:00"', Waited(1, (Job("7", "job 7", started_at=BEGAN),))),
        ('1 job: job 7 name="a\x1b[2Jb\x9b\u202e"', Waited(1, (Job("7", "job 7", True, "a[2Jb"),))),
        ('1 job: job 7 project="cut off', Waited(1, (Job("", 'job 7 project="cut off'),))),
    ],
)
def test_the_output_of_drain_is_parsed_into_jobs(text: str, read: Waited | None) -> None:
    assert read_waited(text) == read


@pytest.mark.parametrize(
    ("text", "room", "words"),
    [
        (TWO, 0, "2 jobs: job 7 build 1/2 of team/app on r, a, 12 min; job 8"),
        (TWO, 40, "2 jobs: 7 build 1/2 12 min; 8"),
        (TWO, 20, "2 jobs: 7 12 min; 8"),
        (f"20 jobs: {ONE}", 0, "20 jobs: job 7 build 1/2 of team/app on r, a, 12 min; 19 more"),
        (ONE, 0, "job 7 build 1/2 of team/app on r, a, 12 min"),
        ("no job left, it ends", 0, "no job left, it ends"),
        ('level=info msg="x" name="y"', 0, 'level=info msg="x" name="y"'),
    ],
)
def test_jobs_as_people_read_them(text: str, room: int, words: str) -> None:
    assert in_words(text, BEGAN + 720, room) == words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (40, "40 s"), (119, "119 s"), (125, "2 min"), (7500, "2 h 5 min"), (266400, "3 d 2 h")],
)
def test_the_age_of_a_job_as_text(seconds: float, text: str) -> None:
    assert age_text(seconds) == text


def test_in_json_a_wait_has_its_jobs_beside_the_number_of_them() -> None:
    document = event_document(wait("a", TWO), DRAIN)
    assert (document["text"], [job["id"] for job in document["jobs"]]) == ("2 jobs", ["7", "8"])
    assert (document["jobs"][0]["started_at"], document["jobs"][1]["started_at"]) == (BEGAN, None)


def test_gitlabs_own_count_stands_beside_the_hosts() -> None:
    event = replace(wait("a", TWO), in_gitlab=1)
    assert waiting_text(DRAIN, event, BEGAN).endswith("; job 8 · GitLab: 1 job")
    narrow = waiting_text(DRAIN, event, BEGAN, 60)
    assert (narrow, len(narrow) <= 60) == ("draining: 2 jobs: 7 build 1/2 0 s; 8 · GitLab: 1 job", True)
    assert event_document(event, DRAIN)["jobs_in_gitlab"] == 1
    assert "jobs_in_gitlab" not in event_document(wait("a", TWO), DRAIN)


def wait(host: str, text: str) -> Event:
    return Event(host, BEGAN, "forward", 1, "wait", text)


def plans(hosts: int) -> dict[str, Plan]:
    steps = (Step("phase", ("docker",)), DRAIN)
    return {f"r{number}": Plan(f"r{number}", 1, Requester("me", "here"), forward=steps) for number in range(hosts)}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_has_a_line_for_each_change_and_is_told_again_what_is_waited_for() -> None:
    err = io.StringIO()
    show = Lines(Screen(out=io.StringIO(), err=err), plans(13), verbose=0)
    show._drains = DrainTracker(13, lambda: BEGAN + 720)
    for name in plans(12):
        show.watch(wait(name, TWO))
    show.end(Outcome("r12", Result.APPLIED))
    first = err.getvalue().splitlines()[0]
    assert first == "r0:   draining: 2 jobs: job 7 build 1/2 of team/app on r, a, 12 min; job 8"
    again = list(show._drains.lines())
    assert again[0] == "1 of 13 hosts done, 12 wait for jobs"
    assert again[1] == first.replace("draining", "still draining")
    assert again[-1] == "and 2 hosts more"
    for name in plans(12):
        show.watch(Event(name, BEGAN, "forward", 1, "step", ""))
    assert list(show._drains.lines()) == []


@pytest.mark.parametrize("hosts", [1, 2, 500])
def test_bars_are_of_those_that_do_something_as_many_as_the_terminal_holds(hosts: int) -> None:
    err = Terminal()
    with Bars(Screen(out=io.StringIO(), err=err), made := plans(hosts), verbose=0) as bars:
        bars._drains = DrainTracker(hosts, lambda: BEGAN + 720)
        for name in [*made][:100]:
            bars.watch(wait(name, TWO))
        bars.hush()  # it draws once more
        bars.resume()
        painted = err.getvalue()
        height = bars._bars.console.height
        visible = len(bars._bars.tasks)
        assert "build" in painted
        assert visible < height
        if hosts > 1:
            assert f"0 of {hosts} done, {min(hosts, 100)} wait for jobs" in painted
        assert (f", {101 - visible} more" in painted) is (hosts == 500)
        bars.end(Outcome("r0", Result.APPLIED))
        assert len(bars._bars.tasks) == (visible if hosts == 500 else visible - 1)
        bars.hush()
