"""A cause that many hosts share is printed once, with their names."""

from __future__ import annotations

import pytest

from runnerops.errors import HostKeyError
from runnerops.model.common import Result
from runnerops.model.run import Outcome
from runnerops.report.causes import outcomes_lines, total_line


def unreachable(number: int, message: str, hint: str = "") -> Outcome:
    return Outcome(f"r-{number:02}", Result.UNREACHABLE, message=message, hint=hint)


@pytest.mark.parametrize(
    ("hosts", "lines"),
    [
        (
            [unreachable(n, "gateway root@b:22: connection refused", "see it") for n in range(1, 41)],
            ["40 hosts unreachable: r-[01:40]", "  gateway root@b:22: connection refused", "  hint: see it"],
        ),
        (
            [unreachable(n, f"root@192.0.2.{n}:22: no answer", f"runnerops trust r-{n:02}") for n in range(1, 4)],
            [
                "3 hosts unreachable: r-[01:03]",
                "  root@ADDRESS:22: no answer",
                "  hint: runnerops trust HOST",
                "  HOST and ADDRESS: each host's own",
            ],
        ),
        (
            [unreachable(n, f"ci@[2001:db8::{n}]:22: no answer") for n in range(1, 4)],
            ["3 hosts unreachable: r-[01:03]", "  ci@[ADDRESS]:22: no answer", "  ADDRESS: each host's own"],
        ),
        (
            [unreachable(n, f"root@192.0.2.1:{n}: no answer") for n in range(1, 4)],
            ["3 hosts unreachable: r-[01:03]", "  root@ADDRESS: no answer", "  ADDRESS: each host's own"],
        ),
        (
            [
                Outcome(name, Result.UNREACHABLE, message=f"root@{name}:22: no", hint=f"runnerops trust {name}")
                for name in ("alpha", "beta", "docker")
            ],
            [
                "3 hosts unreachable: alpha, beta, docker",
                "  root@HOST:22: no",
                "  hint: runnerops trust HOST",
                "  HOST: each host's own",
            ],
        ),
        (
            [
                Outcome(name, Result.FAILED, message=f"the daemon of {name}", hint=f"`runnerops history {name}`")
                for name in ("alpha", "docker", "beta")
            ],
            [
                *("alpha: failed", "  the daemon of alpha", "  hint: `runnerops history alpha`"),
                *("docker: failed", "  the daemon of docker", "  hint: `runnerops history docker`"),
                *("beta: failed", "  the daemon of beta", "  hint: `runnerops history beta`"),
            ],
        ),
        (
            [unreachable(n, f"the host key of 192.0.2.{n} is unknown: ssh-ed25519 SHA256:{n}") for n in range(1, 4)],
            [
                "3 hosts unreachable: r-[01:03]",
                "  the host key of ADDRESS is unknown: KEY",
                "  ADDRESS and KEY: each host's own",
            ],
        ),
        (
            [unreachable(n, f"the host key of [h]:{n} is unknown: ssh-ed25519 SHA256:{n}") for n in range(1, 4)],
            [
                "3 hosts unreachable: r-[01:03]",
                "  the host key of ADDRESS is unknown: KEY",
                "  ADDRESS and KEY: each host's own",
            ],
        ),
        (
            [unreachable(n, "no") for n in (1, 2)],
            ["r-01: unreachable", "  no", "r-02: unreachable", "  no"],
        ),
        (
            [unreachable(n, "no" if n % 2 else "yes") for n in range(1, 6)],
            [
                "3 hosts unreachable: r-01, r-03, r-05",
                "  no",
                "r-02: unreachable",
                "  yes",
                "r-04: unreachable",
                "  yes",
            ],
        ),
        (
            [Outcome(f"r-{n:02}", Result.ROLLED_BACK, message="no", seconds=n) for n in range(1, 4)],
            ["3 hosts rolled-back: r-[01:03]", "  no"],
        ),
    ],
    ids=[
        "a gateway",
        "addresses",
        "IPv6",
        "ports",
        "words",
        "words by chance",
        "unknown keys",
        "of one address",
        "two",
        "two causes",
        "runs",
    ],
)
def test_hosts_of_one_cause_are_one_block(hosts: list[Outcome], lines: list[str]) -> None:
    assert [text for _, text in outcomes_lines(hosts)] == lines


def test_the_last_line_counts_all_and_names_those_that_are_not_well() -> None:
    assert total_line({"work": ["a", "b"], "do not": [], "not looked at": []}) == "2 hosts: 2 work"
    many = [f"r-{n:02}" for n in range(1, 40)]
    assert (
        total_line({"work": [], "do not": ["x"], "gone": many}) == "40 hosts: 0 work, 1 do not (x), 39 gone (r-[01:39])"
    )


def test_what_a_jump_host_said_to_one_is_said_of_another_with_its_name() -> None:
    error = HostKeyError("r-01", "the host key of gateway b is unknown", "compare it, then: runnerops trust r-01")
    other = error.met_by("r-02")
    assert type(other) is HostKeyError
    assert (other.message, other.hint) == (
        "r-02: the host key of gateway b is unknown",
        "compare it, then: runnerops trust r-02",
    )
