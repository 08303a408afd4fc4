"""`host.sh` is killed in the middle of its steps: before and after each program that it calls."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.integration.host_sh_runs import FILES, NEW_A, NEW_B, A, B, as_it_was, each_on_its_own, whole_run
from tests.integration.walker import Walker
from tests.shells import SH

PROGRAMS = (
    *("cat", "chmod", "chown", "cp", "date", "flock", "grep", "head", "mkdir", "mv", "rm", "setsid", "sha256sum"),
    *("stat", "sync", "tail", "touch", "tr"),
)
"""What the host's half calls; each is counted."""

COUNTED = """#!/bin/sh
# in the place of a program: the walker is killed when it calls its {at}th
cd {run}
if [ -s holder ] && [ ! -e ../struck ]; then
    echo . >>../calls
    calls=0
    while read -r _; do calls=$((calls + 1)); done <../calls
    [ "$calls" -lt {at} ] || {{ /bin/mkdir ../struck 2>/dev/null && strikes=1; }}
fi
cd - >/dev/null
[ "${{strikes-}}{when}" != 1before ] || {{ kill -9 "$(/bin/cat {run}/holder)"; exit 1; }}
{program} "$@"
status=$?
[ "${{strikes-}}{when}" != 1after ] || kill -9 "$(/bin/cat {run}/holder)"
exit $status
"""
MOST = 75
"""More calls than a whole run makes; those past its end strike nothing."""


@pytest.fixture(name="walker")
def fixture_walker(tmp_path: Path) -> Walker:
    return Walker(tmp_path, SH)


def arm(disk: Walker, at: int, when: str) -> None:
    """Every program of the PATH counts its calls from the moment the walker has its lock."""
    folder = disk.at("/bin")
    folder.mkdir(parents=True)
    for name in PROGRAMS:
        program = shutil.which(name, path="/usr/bin:/bin:/usr/sbin")
        assert program
        script = folder / name
        script.write_text(COUNTED.format(at=at, run=disk.folder, when=when, program=program))
        script.chmod(0o755)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_that_is_killed_within_a_step_is_rolled_back(walker: Walker, when: str) -> None:
    struck: list[int] = []

    def check(disk: Walker, at: int) -> None:
        disk.prepare(*whole_run(), FILES)
        arm(disk, at + 1, when)
        disk.call("walk", str(disk.folder))  # children of a killed shell may complain
        ended = disk.end()
        shutil.rmtree(disk.at("/bin"))
        if not disk.at("/var/lib/runnerops/runs/struck").exists():
            assert (at, ended) == (at, "applied")
            return
        struck.append(at)
        ended = disk.back()
        if ended == "applied":  # it was over, and only tidied up
            assert (at, disk.read(A), disk.read(B)) == (at, NEW_A.decode(), NEW_B.decode())
            assert (at, disk.debris()) == (at, [])
        else:
            assert (at, ended in {"interrupted", "rolled-back"}) == (at, True)
            as_it_was(disk)

    each_on_its_own(walker, MOST, check)
    assert 50 < len(struck) < MOST
