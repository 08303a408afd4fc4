"""`runnerops history`, `abort` and `rollback` if a host cannot be reached, or with several hosts."""

from __future__ import annotations

import pytest

from runnerops.commands.history import _document
from runnerops.engine.plans.review import failed_outcome
from runnerops.errors import HostError, RunneropsError
from runnerops.model.common import SourceLocation
from runnerops.model.host_state import Run
from runnerops.model.inventory import Requester
from runnerops.model.run import Event, Record
from runnerops.model.steps import Step
from runnerops.remote.history import History
from runnerops.report.document import outcome_document
from runnerops.report.history import last_run_lines, record_lines
from runnerops.report.text import outcome_lines


def test_several_hosts_are_a_list_and_one_is_itself() -> None:
    gone = HostError("b", "no way")
    assert _document({"a": History(0, ())}) == {"version": 1, "host": "a", "runs": [], "paused_by_run": []}
    several = _document({"a": History(0, ()), "b": gone, "c": History(0, ())})
    assert [host["host"] for host in several["hosts"]] == ["a", "b", "c"]
    assert [host.get("result") for host in several["hosts"]] == [None, "unreachable", None]
    assert [host["message"] for host in _document({"b": gone})["hosts"]] == ["no way"]


@pytest.mark.parametrize("end", ["interrupted", "rolled-back"])
def test_a_run_that_somebody_ended_is_not_told_as_one_whose_step_failed(end: str) -> None:
    run, step = Run(7, Requester("anna", "laptop"), "", end, running=False), Step("run", ("5", "true"))
    shown = [text for _, text in record_lines(Record(run), "h", 0, verbose=0)]
    assert "  interrupted: no step failed" in shown
    failed = Record(run, forward=(step,), events=(Event("h", 1.0, "forward", 0, "fail", ""),))
    assert not any("interrupted" in text for _, text in record_lines(failed, "h", 0, verbose=0))
    (_, last), (_, hint) = last_run_lines(run, "h")
    assert last.endswith(end)
    assert hint == "  hint: `runnerops history h` tells why"


def test_a_run_without_an_end_may_be_one_that_has_not_written_its_first_line() -> None:
    for started_at, end in ((0, ": just beginning, or cut off"), (1000, " UTC: cut off")):
        run = Run(7, Requester("anna", "laptop"), "", "", running=False, started_at=started_at)
        (_, last), _ = last_run_lines(run, "h")
        assert last.endswith(end)


def test_problems_of_a_file_that_stop_a_host_are_lines_for_people_and_fields_for_programs() -> None:
    at = [SourceLocation("i.yml", line, 3) for line in (1, 2)]
    problems = ((at[0], "a: is wrong", "write b"), (at[1], "c: is wrong", "write d"))
    outcome = failed_outcome("h", RunneropsError("no entry is accepted", "insert it by hand", problems))
    assert [text for _, text in outcome_lines(outcome)][1:] == [
        *("  no entry is accepted", "    i.yml:1:3: a: is wrong", "      hint: write b"),
        *("    i.yml:2:3: c: is wrong", "      hint: write d", "  hint: insert it by hand"),
    ]
    document = outcome_document(outcome)
    assert (document["message"], document["hint"]) == ("no entry is accepted", "insert it by hand")
    assert [(problem["place"]["line"], problem["message"], problem["fix"]) for problem in document["problems"]] == [
        *((1, "a: is wrong", "write b"), (2, "c: is wrong", "write d")),
    ]
    assert "problems" not in outcome_document(failed_outcome("h", HostError("h", "no way")))


@pytest.mark.parametrize(
    ("ends", "latest"),  # of each run, the newest first, how it ended: + is going on
    [
        (["applied", "failed"], 2),
        (["+", "applied"], 2),
        (["locked", "+"], 1),
        (["+", "+", "applied"], 2),
        (["locked", "failed"], 1),
        (["locked"], 1),
        (["", "applied"], 2),
        ([], None),
    ],
)
def test_the_latest_run_is_the_one_that_has_the_host_or_had_it_last(ends: list[str], latest: int | None) -> None:
    runs = [
        Run(len(ends) - at, Requester("anna", "laptop"), "", end.strip("+"), running=end == "+")
        for at, end in enumerate(ends)
    ]
    record = History(0, tuple(map(Record, runs))).latest
    assert (record.run.number if record else None) == latest
