"""A run for host.sh that uses all its verbs, and what it leaves."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from runnerops.model.steps import Step
from tests.integration.walker import Walker, sh, stage, swap

A, B = "/etc/a.conf", "/srv/deep/er/b.conf"
OLD, NEW_A, NEW_B = b"old a\n", b"new a\n", b"new b\n"


def whole_run(fail_at: int | None = None, how: str = "false") -> tuple[list[Step], list[Step]]:
    """Two parts, one with a file that is there, one with a file that is not; a failing step put in at `fail_at`."""
    forward = [
        Step("guard", ("x", "echo", "x")),
        stage("old.1", A, OLD),
        stage("new.1", A, NEW_A),
        stage("new.2", B, NEW_B),
        Step("phase", ("one",)),
        Step("intend", ("one", "reload 1 abc")),
        swap(A, OLD, NEW_A),
        sh("echo acted one >>../acts"),
        Step("complete", ("one",)),
        Step("phase", ("two",)),
        Step("intend", ("two", "restart 1 abc")),
        swap(B, None, NEW_B),
        sh("echo acted two >>../acts"),
        Step("complete", ("two",)),
    ]
    rollback = [
        Step("phase", ("one",)),
        swap(A, NEW_A, OLD),
        sh("echo undid one >>../acts"),
        Step("complete", ("one",)),
        Step("phase", ("two",)),
        swap(B, NEW_B, None),
        sh("echo undid two >>../acts"),
        Step("complete", ("two",)),
    ]
    if fail_at is not None:
        forward.insert(fail_at, sh(how))
    return forward, rollback


FILES = {"old.1": OLD, "new.1": NEW_A, "new.2": NEW_B}


def as_it_was(walker: Walker) -> None:
    assert walker.read(A) == OLD.decode()
    assert walker.read(B) is None
    assert walker.debris() == []
    assert list(walker.at("/var/lib/runnerops/intents").glob("[!.]*")) == []


def each_on_its_own(walker: Walker, cases: int, check: Callable[[Walker, int], None]) -> None:
    """The check with every number below `cases`, each on a disk of its own, some at a time."""
    disks = [Walker(walker.root / str(case), walker.shell) for case in range(cases)]
    for disk in disks:
        disk.put(A, OLD.decode())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(check, disks, range(cases)))
