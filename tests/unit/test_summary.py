"""The table and the last line at the end of a deploy."""

from __future__ import annotations

from dataclasses import replace

from runnerops.model.common import Result
from runnerops.model.run import Outcome
from runnerops.report.summary import table_lines
from runnerops.report.text import summary_line


def test_the_last_line_counts_hosts_by_how_they_ended() -> None:
    ends = [("a", Result.APPLIED), ("b", Result.ROLLED_BACK), ("c", Result.APPLIED), ("d", Result.UNREACHABLE)]
    outcomes = [Outcome(name, result) for name, result in ends]
    assert summary_line(outcomes) == "4 hosts: 2 applied, 1 rolled-back (b), 1 unreachable (d)"
    names = ["a", "c", "e", "g", "i", *(f"r{number}" for number in range(40))]
    many = summary_line([Outcome(name, Result.UNREACHABLE) for name in names])
    assert many == "45 hosts: 45 unreachable (a, c, e, g, i and 40 more)"


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


def test_the_table_uses_a_wide_terminal_and_no_less_than_80_columns() -> None:
    outcomes = [Outcome("runner-06", Result.SKIPPED, message=f"not touched: {'word ' * 30}")]
    lengths = [len(text) for width in (40, 80, 120) for _, text in table_lines(outcomes, {}, str, width)]
    assert lengths[0] == lengths[1] <= 80
    assert 110 < lengths[2] <= 120


def test_the_table_of_many_hosts_has_those_that_did_not_end_well() -> None:
    applied = [Outcome(f"r{number}", Result.APPLIED) for number in range(480)]
    failed = [Outcome(f"f{number}", Result.UNREACHABLE, message="no route") for number in range(20)]
    lines = [text for _, text in table_lines([*applied, *failed], {}, str)]
    assert [line.split() for line in lines] == [["f[0:19]", "unreachable", "no", "route"]], "one reason, one row"
    refused = [
        Outcome(f"r{number}", Result.UNREACHABLE, message=f"a@192.0.2.{number}:22: refused") for number in (8, 9, 10)
    ]
    ((_, row),) = table_lines(refused, {}, str)
    assert row.split() == ["r[8:10]", "unreachable", "a@ADDRESS:22:", "refused"], "not the address of one of them"
    behind = [Outcome(f"r{port}", Result.UNREACHABLE, message=f"a@192.0.2.1:{port}: refused") for port in (2201, 2, 23)]
    ((_, row),) = table_lines(behind, {}, str)
    assert row.split() == ["r2201,", "r2,", "r23", "unreachable", "a@ADDRESS:", "refused"], "one address, many ports"
    back = [Outcome(f"b{number}", Result.ROLLED_BACK, message="no", seconds=2.0 + number) for number in range(200)]
    rows = [text.split() for _, text in table_lines([*applied, *failed, *back], {}, str)]
    assert rows[0] == ["b[0:199]", "rolled-back", "2.0", "to", "201.0", "s", "no"], "runs that were taken back too"
    different = [replace(outcome, message=f"no{number}x") for number, outcome in enumerate(back)]
    assert len(list(table_lines([*applied, *failed, *different], {}, str))) == 50
    assert list(table_lines([Outcome("a", Result.UNCHANGED), Outcome("b", Result.PENDING)], {}, str)) == []
