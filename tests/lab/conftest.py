"""Fixtures of the lab, and its strictness: with RUNNEROPS_LAB=require a skipped test is a failed one."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.gitlab import GitLab
from tests.lab.host import LabHost
from tests.lab.install import install_packages
from tests.lab.lab import Lab, open_lab
from tests.lab.longest import longest_first
from tests.lab.machine import why_not
from tests.lab.roots import DOCKER28, GIVEN, RECIPES
from tests.lab.shell import LabError
from tests.lab.turns import out_of_turn

HERE = Path(__file__).parent
FIXTURES = {"lab", "host"}
JOURNAL = "journalctl --no-pager --quiet --output=short-precise --lines=80 --unit=gitlab-runner --unit=docker"
RAN = pytest.StashKey[int]()
WHERE = pytest.StashKey[str]()


def required() -> bool:
    """Whether tests fail, instead of being skipped, if there is no lab."""
    return os.environ.get("RUNNEROPS_LAB") == "require"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", "lab: runs on the lab's real hosts (skipped where the machine cannot carry one)")
    config.addinivalue_line(
        "markers",
        "hosts(name, …, turns=False): runs on these hosts of the lab, else on all; or each case on one of them",
    )
    config.stash[RAN] = 0


@pytest.hookimpl(trylast=True)  # after -k has deselected hosts
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what uses a host; leave out what is another host's turn; for workers, what takes longest goes first."""
    for item in items:
        if HERE in item.path.parents and FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("lab")
    if os.environ.get("RUNNEROPS_LAB_HOSTS") != "all" and (left := out_of_turn(items)):
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=list(left))
    if "PYTEST_XDIST_WORKER" in os.environ and all(HERE in item.path.parents for item in items):
        items[:] = longest_first(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count lab tests; turn a skip into a failure where the lab is required."""
    report = yield
    if call.when == "call" and not report.skipped and item.get_closest_marker("lab"):
        item.config.stash[RAN] += 1
    host = getattr(item, "funcargs", {}).get("host")
    if call.when == "call" and report.failed and isinstance(host, LabHost):
        report.sections.append((f"journal of {host.name}", journal_of(host)))
    if required() and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but RUNNEROPS_LAB=require: {reason_of(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself."""
    report = yield
    if required() and report.outcome == "skipped":
        report.outcome = "failed"
        report.longrepr = f"skipped, but RUNNEROPS_LAB=require: {reason_of(report.longrepr)}"
    return report


def journal_of(host: LabHost) -> str:
    """The last that its services said; a failed test's host is reset by the next one."""
    try:
        return host.run(JOURNAL, check=False, seconds=20).stdout
    except (LabError, OSError) as error:
        return str(error)


def reason_of(longrepr: object) -> str:
    """The text of a skip."""
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist reports what it ran."""
    config = session.config
    output: dict[str, object] | None = getattr(config, "workeroutput", None)
    if output is not None:
        output["lab"] = (config.stash[RAN], config.stash.get(WHERE, ""))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What a worker told, added up; a worker that broke down told nothing, and its tests failed."""
    ran, where = getattr(node, "workeroutput", {}).get("lab", (0, ""))
    stash = node.config.stash
    stash[RAN] += ran
    if where and (ran or not stash.get(WHERE, "")):
        stash[WHERE] = where


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last line: how many lab tests ran, on what."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    where = config.stash.get(WHERE, "")
    if reporter is not None and where:
        reporter.write_line(f"lab: {config.stash[RAN]} tests on {where}" if config.stash[RAN] else f"lab: {where}")


@pytest.fixture(scope="session", name="lab")
def fixture_lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """The running lab; one a session. Tests that change a host's state take `host`, or reset what they use."""
    stash = request.config.stash
    try:
        if required():
            install_packages()
        if reason := why_not():
            raise LabError(reason)
        opened = open_lab()
        running = opened.__enter__()
    except LabError as error:
        stash[WHERE] = f"no tests: {str(error).splitlines()[0]}"
        if required():
            pytest.fail(f"RUNNEROPS_LAB=require, and there is no lab: {error}", pytrace=False)
        pytest.skip(f"no lab: {error}")
    try:
        stash[WHERE] = running.describe()
        yield running
    finally:
        opened.__exit__(None, None, None)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `host` runs once on every host, or on those that its marker `hosts` names; see also turns.py.

    A Docker that was given runs what the newest one runs, unless the marker says `given=False`.
    """
    if "host" in metafunc.fixturenames:
        chosen = metafunc.definition.get_closest_marker("hosts")
        names = list(chosen.args) if chosen and chosen.args else [recipe.name for recipe in RECIPES]
        newest = DOCKER28.name in names and not (chosen and chosen.kwargs.get("given") is False)
        if GIVEN and newest and GIVEN.name not in names:
            names.append(GIVEN.name)
        metafunc.parametrize("host", names, indirect=True)


@pytest.fixture(name="gitlab")
def fixture_gitlab(lab: Lab) -> GitLab:
    """The lab's GitLab, without a job or a runner."""
    lab.gitlab.forget()
    return lab.gitlab


@pytest.fixture(name="host")
def fixture_host(request: pytest.FixtureRequest, lab: Lab) -> LabHost:
    """Each host in turn, in the state in which no test has used it. GitLab has no runners, and the hub is up and has
    recorded no requests.
    """
    host = lab.host(request.param)
    host.reset()
    lab.gitlab.forget()
    lab.hub.start()
    lab.hub.forget()
    return host
