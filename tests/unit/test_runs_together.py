"""The history of many hosts: the runs of one deploy are shown as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from runnerops.model.host_state import Run
from runnerops.model.inventory import Requester
from runnerops.model.run import Event, Record
from runnerops.model.steps import Step
from runnerops.report.runs_together import HostRun, merged_history_lines

ANNA, BOB = Requester("anna", "laptop", command_id="a1"), Requester("bob", "desk", command_id="b2")
AGAIN, NOBODY = replace(ANNA, command_id="a3"), replace(ANNA, command_id="")
NAMES = [f"ci-{number:02}" for number in range(1, 41)]
NOW = 100_000


def host_run(host: str, start: int, *, end: str = "applied", who: Requester = ANNA, says: str = "") -> HostRun:
    """A run of ten seconds, or with `end` empty one that goes on."""
    run = Run(start, who, "d", end, running=not end, started_at=start)
    forward = (Step("phase", ("docker",)), Step("run", ("5", "true"), f"ask {host}"))
    failed = [Event(host, start + 9, "forward", 1, "fail", says)] if says else []
    events = (*failed, Event(host, start + 10, "", -1, "end", end))
    return HostRun(host, Record(run, actions=("reload docker",), forward=forward, events=events), NOW)


def history_lines(every: Iterable[HostRun]) -> list[str]:
    return [text for _, text in merged_history_lines(every)]


def test_a_deploy_of_forty_hosts_is_one_with_those_apart_that_ended_otherwise() -> None:
    runs = [host_run(name, 50_000 + 60 * at) for at, name in enumerate(NAMES)]
    runs[6] = host_run("ci-07", 50_360, end="rolled-back", says="ci-07 does not answer")
    assert history_lines(runs) == [
        "1970-01-01 13:53:20 UTC  applied  10.0 s  39 hosts: ci-[01:06], ci-[08:40]",
        "  deploy by anna on laptop",
        "  → reload docker",
        "1970-01-01 13:59:20 UTC  rolled-back  10.0 s  ci-07 (run 50360)",
        "  deploy by anna on laptop",
        "  → reload docker",
        "  failed step: ask ci-07",
        "    ci-07 does not answer",
    ]


def test_two_deploys_are_two() -> None:
    twice = [host_run(name, start, who=who) for name in NAMES[:3] for start, who in ((50_000, ANNA), (50_100, AGAIN))]
    assert [line for line in history_lines(twice) if "hosts" in line] == [
        f"1970-01-01 13:5{start} UTC  applied  10.0 s  3 hosts: ci-[01:03]" for start in ("5:00", "3:20")
    ]
    others = [
        host_run(name, 50_000, who=who) for name, who in zip(NAMES, (ANNA, BOB, AGAIN, NOBODY, NOBODY), strict=False)
    ]
    assert len([line for line in history_lines(others) if "applied" in line]) == 5


def test_a_deploy_with_long_pauses_is_one() -> None:
    assert history_lines([host_run("ci-01", 10_000), host_run("ci-02", 60_000)])[0].endswith("2 hosts: ci-01, ci-02")


def test_two_runs_on_a_host_are_never_one() -> None:
    twice = [host_run("ci-01", start, end="locked") for start in (50_000, 50_100)]
    assert [line.split("  ")[-1] for line in history_lines(twice) if "locked" in line] == [
        "ci-01 (run 50100)",
        "ci-01 (run 50000)",
    ]


def test_a_deploy_does_not_reach_back_over_another_run_of_its_hosts() -> None:
    first = [host_run(name, 50_000) for name in NAMES[:4]]
    rollback = [host_run(name, 50_100, who=BOB) for name in NAMES[:2]]
    again = [host_run(name, 50_200, who=AGAIN) for name in NAMES[:2]]
    assert [line.split("  ")[-1] for line in history_lines([*first, *rollback, *again]) if "hosts" in line] == [
        "2 hosts: ci-01, ci-02",
        "2 hosts: ci-01, ci-02",
        "4 hosts: ci-[01:04]",
    ]


def test_what_goes_on_comes_first_though_its_host_does_not_know_its_time_yet() -> None:
    runs = [host_run("ci-01", 90_000), *(host_run(name, 0, end="") for name in NAMES[1:4])]
    assert history_lines(runs)[0] == "just now  going on  3 hosts: ci-[02:04]"
    assert history_lines([host_run("ci-02", NOW - 4, end=""), host_run("ci-03", NOW - 9, end="")])[0].endswith(
        "going on for 4 to 9 s  2 hosts: ci-02, ci-03"
    )
    assert "  hint: `runnerops history HOST --follow` shows it until its end" in history_lines(runs)


def test_many_deploys_are_counted_behind_the_newest() -> None:
    deploys = [replace(ANNA, command_id=f"{number}") for number in range(23)]
    runs = [host_run(name, 50_000 - 100 * number, who=who) for number, who in enumerate(deploys) for name in NAMES]
    assert len([line for line in history_lines(runs) if "40 hosts" in line]) == 20
    assert history_lines(runs)[-1] == "and 120 earlier runs: -v shows each host's own, all of them"
