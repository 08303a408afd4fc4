"""A run deletes older runs by count and size, and always keeps those that the next plan needs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runnerops.model.steps import Step
from runnerops.services.scripts import script
from tests.integration.walker import Walker, sh, stage, swap
from tests.shells import SHELLS

A, B = "/etc/a b.conf", "/etc/b.conf"


@pytest.fixture(params=SHELLS, name="walker")
def fixture_walker(request: pytest.FixtureRequest, tmp_path: Path) -> Walker:
    return Walker(tmp_path, request.param, more_applets=("du", "sort", "ls"))


def runs(walker: Walker) -> list[int]:
    return sorted(int(path.name) for path in walker.at("/var/lib/runnerops/runs").iterdir())


def recording(walker: Walker, number: int, keep: bytes, *, size: int = 0, ends: str = "applied") -> None:
    """A run that changes no file."""
    run = replace(walker, run=number)
    run.prepare([sh("true" if ends == "applied" else "false")], files={"keep": keep, "ballast": bytes(size)})
    assert run.walk() == ends


def changing(walker: Walker, number: int, path: str, old: bytes | None, new: bytes) -> None:
    run = replace(walker, run=number)
    run.prepare([stage("new.1", path, new), swap(path, old, new)], files={"keep": b"100 100000\n", "new.1": new})
    assert run.walk() == "applied"


def test_the_last_ones_are_kept_and_the_oldest_go(walker: Walker) -> None:
    for number in range(1, 13):
        recording(walker, number, b"4 100000\n")
    assert runs(walker) == [9, 10, 11, 12]


def test_without_a_limit_all_runs_stay(walker: Walker) -> None:
    for number in range(1, 4):
        recording(walker, number, b"")
    assert runs(walker) == [1, 2, 3]


def test_together_they_take_no_more_room_than_allowed(walker: Walker) -> None:
    for number in range(1, 6):
        recording(walker, number, b"100 300\n", size=100_000)
    assert runs(walker) == [4, 5]


def test_the_last_applied_one_stays_however_many_failed_since(walker: Walker) -> None:
    recording(walker, 1, b"2 100000\n")
    recording(walker, 2, b"2 100000\n")
    for number in range(3, 8):
        recording(walker, number, b"2 100000\n", ends="failed")
    assert runs(walker) == [2, 6, 7]


def test_the_last_one_that_brought_each_file_stays(walker: Walker) -> None:
    changing(walker, 1, A, None, b"a1\n")
    changing(walker, 2, B, None, b"b1\n")
    changing(walker, 3, A, b"a1\n", b"a2\n")
    for number in range(4, 8):
        recording(walker, number, b"1 100000\n")
    assert runs(walker) == [2, 3, 7]


def test_the_one_that_took_a_file_away_stays_with_what_it_was(walker: Walker) -> None:
    changing(walker, 1, A, None, b"a1\n")
    away = replace(walker, run=2)
    away.prepare([stage("old.1", A, b"a1\n"), swap(A, b"a1\n", None)], files={"keep": b"1 100000\n", "old.1": b"a1\n"})
    assert away.walk() == "applied"
    for number in range(3, 6):
        recording(walker, number, b"1 100000\n")
    assert runs(walker) == [2, 5]
    assert (away.folder / "old.1").read_bytes() == b"a1\n"


def test_originals_are_no_runs_and_stay(walker: Walker) -> None:
    step = Step("run", ("10", *script("keep-original.sh", "etc%a b.conf", A, "same.1", "0644", "root:root")))
    first = replace(walker, run=1)
    first.prepare([step], files={"keep": b"1 100000\n", "same.1": b"a0\n"})
    assert first.walk() == "applied"
    changing(walker, 2, A, None, b"a1\n")
    for number in range(3, 6):
        recording(walker, number, b"1 100000\n")
    assert runs(walker) == [2, 5]
    assert walker.read("/var/lib/runnerops/originals/etc%a b.conf") == "a0\n"


@pytest.mark.parametrize("there", [True, False])
def test_an_original_is_on_the_disk_before_it_has_its_name(walker: Walker, there: bool) -> None:
    """The kernel writes a new file later than its name, so after a power cut it would be there and empty."""
    name = "etc%a.conf" if there else "etc%a.conf.absent"
    given = ("same.1", "0644", "root:root") if there else ()
    walker.prepare(
        [Step("run", ("10", *script("keep-original.sh", "etc%a.conf", A, *given)))], files={"same.1": b"a\n"}
    )
    for tool in ("sync", "mv"):
        walker.at(f"/bin/{tool}").unlink(missing_ok=True)
        walker.put(f"/bin/{tool}", f'#!/bin/sh\necho "{tool} $*" >>{walker.root}/calls\nexec /bin/{tool} "$@"\n', 0o755)
    assert walker.walk() == "applied"
    calls = (walker.read("/calls") or "").splitlines()
    named = calls.index(f"mv .new {name}")
    assert calls[named - 1].startswith("sync ")
    assert calls[named - 1].endswith(".new")
    assert calls[named + 1] == "sync . .."


def test_a_run_with_an_unfinished_intent_stays(walker: Walker) -> None:
    owing = replace(walker, run=1)
    owing.prepare([Step("phase", ("docker",)), Step("intend", ("docker", "restart 1 abc")), sh("false")])
    assert owing.walk() == "rolled-back"
    for number in range(2, 6):
        recording(walker, number, b"1 100000\n")
    assert runs(walker) == [1, 5]


def test_newer_runs_of_another_client_stay(walker: Walker) -> None:
    walker.at("/var/lib/runnerops/runs/9").mkdir(parents=True)
    for number in range(1, 4):
        recording(walker, number, b"1 100000\n")
    assert runs(walker) == [3, 9]


def test_what_a_killed_run_left_half_removed_goes_too(walker: Walker) -> None:
    walker.put("/var/lib/runnerops/runs/.gone/log", "")
    recording(walker, 1, b"1 100000\n")
    assert sorted(path.name for path in walker.at("/var/lib/runnerops/runs").iterdir()) == ["1"]


def test_a_run_that_was_killed_prunes_on_its_way_back(walker: Walker) -> None:
    for number in range(1, 4):
        recording(walker, number, b"")
    killed = replace(walker, run=4)
    killed.prepare([sh("true")], files={"keep": b"1 100000\n"})
    (killed.folder / "log").write_text("")
    assert killed.back() == "interrupted"
    assert runs(walker) == [3, 4]
