"""`runnerops history` and `rollback` where a host cannot be reached, or several are meant."""

from __future__ import annotations

from runnerops.commands.history import _document
from runnerops.model.common import Result
from runnerops.model.run import Outcome
from runnerops.remote.history import History


def test_several_hosts_are_a_list_and_one_is_itself() -> None:
    found = {"a": History(0, ()), "b": History(0, ())}
    assert _document({"a": found["a"]}, [], alone=True) == {"version": 1, "host": "a", "runs": []}
    several = _document(found, [Outcome("c", Result.UNREACHABLE, message="no way")], alone=False)
    assert [one["host"] for one in several["hosts"]] == ["a", "b", "c"]
    assert several["hosts"][2]["result"] == "unreachable"
