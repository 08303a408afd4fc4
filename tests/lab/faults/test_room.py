"""A disk that is full, or may not be written to, is found before the first swap; and what no run may do is not begun."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product

import pytest

from runnerops.model.common import Result
from tests.lab.faults import answers, truth
from tests.lab.faults.bench import STATE, Bench
from tests.lab.faults.commands import planning, type_deploy
from tests.lab.faults.disk import free_again, small_disk
from tests.lab.faults.scenarios import ALL, Scenario
from tests.lab.host import LabHost

pytestmark = pytest.mark.hosts("bookworm", "trixie", turns=True)

ALL_CHANGE = Scenario("all", ALL, ("insecure", "header", "concurrent"))
FOLDERS = [(STATE, "/etc/gitlab-runner"), ("/etc/docker", "/opt/registry")]
"""Those of one host."""


@contextmanager
def full(host: LabHost, folder: str) -> Iterator[None]:
    with small_disk(host, folder):
        host.run(f"dd if=/dev/zero of={folder}/.filler bs=4k 2>/dev/null", check=False)
        yield
        free_again(host, folder)


@contextmanager
def read_only(host: LabHost, folder: str) -> Iterator[None]:
    host.run(f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}")
    try:
        yield
    finally:
        host.run(f"umount -l {folder}")


@pytest.mark.parametrize("folders", FOLDERS)
def test_a_full_disk_is_noticed_before_the_first_swap(bench: Bench, folders: tuple[str, ...]) -> None:
    """On a full disk, then on one that may not be written to."""
    bench.furnish()
    for folder, fault in product(folders, (full, read_only)):
        where = f"{fault.__name__} {folder}"
        before = state(bench.host)
        bench.values = ALL_CHANGE.next(bench.values)
        bench.ask(ALL)
        with fault(bench.host, folder):
            lives = state(bench.host)
            with planning(bench.project) as now:
                outcome = now.apply(now.plan)
            assert outcome.result is Result.FAILED, (where, outcome)
            assert state(bench.host) == lives, where
        assert state(bench.host) == before, where
        assert answers.ask(bench.host).text("debris") == "", where
        type_deploy(bench.project)
        bench.wait_for(truth.converged)


def state(host: LabHost) -> tuple[object, ...]:
    """Pids, containers, and all managed files."""
    facts = answers.ask(host)
    files = [facts.file(path) for paths in answers.PATHS.values() for path in paths]
    return host.pid("docker"), host.pid("gitlab-runner"), facts.container, facts.intents, *files
