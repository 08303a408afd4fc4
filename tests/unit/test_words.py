"""Times, codes of blockers and numbers of runs on the command line."""

from __future__ import annotations

import pytest

from runnerops.codes.blockers import BLOCKERS
from runnerops.commands.options import parse_allow, parse_run, parse_time
from runnerops.errors import UsageError


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("5m", 300), ("2h", 7200)])
def test_times_are_parsed_into_seconds(text: str, seconds: int) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-5", "5d", "five", "1.5h", "5 m"])
def test_a_text_that_is_no_time_is_usage(text: str) -> None:
    with pytest.raises(UsageError, match="not a time"):
        parse_time(text)


def test_a_blocker_is_overridden_for_all_hosts_or_for_one() -> None:
    allow = parse_allow(["unmanaged-file", "data-root@a", "data-root@b"])
    assert allow == {"unmanaged-file": {""}, "data-root": {"a", "b"}}


@pytest.mark.parametrize("code", [code for code, row in BLOCKERS.items() if row.flag.startswith("--allow")])
def test_every_code_is_accepted_even_if_it_does_not_arise(code: str) -> None:
    assert parse_allow([code]) == {code: {""}}


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("unmanaged-fil", "unmanaged-file"),
        ("gibberish", "docs/blockers.md lists all"),
        ("jobs-running", "--kill-jobs"),
        ("port-taken", "another port"),
    ],
)
def test_an_unknown_code_is_usage(word: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_allow([word])
    assert says in f"{caught.value.message}; {caught.value.hint}"
    assert "--allow" not in caught.value.message  # whoever reports it names the flag


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("41", 41)])
def test_numbers_of_runs_are_parsed(text: str, number: int) -> None:
    assert parse_run(text) == number


@pytest.mark.parametrize("text", ["", "-1", "1.5", "last", "²"])
def test_a_text_that_is_no_number_of_a_run_is_usage(text: str) -> None:
    with pytest.raises(UsageError, match="not the number of a run"):
        parse_run(text)
