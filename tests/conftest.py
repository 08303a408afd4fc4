"""What all tests share: an interrupt is one, however they were started; and what was not run is said, or is a failure."""

from __future__ import annotations

import gc
import os
import re
import signal
from collections import Counter
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from tests.shells import WANTING
from tests.tree import TREE

# a machine that is busy finds no other examples, and its clock is no verdict
for name, count in {"few": 20, "many": 100}.items():
    settings.register_profile(name, max_examples=count, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("few")  # while working; CI takes many (see Makefile)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background by a shell: programs would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


os.environ.update(TREE)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With RUNNEROPS_LAB=require a machine that lacks a program fails the tests that want it."""
    report = yield
    reason = _reason(report)
    if os.environ.get("RUNNEROPS_LAB") == "require" and report.skipped and WANTING in reason:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: skipped, but RUNNEROPS_LAB=require: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    """With RUNNEROPS_GITLAB_OPENAPI, GitLab's own description of its API, each request to the stand-in is held against it."""
    path = os.environ.get("RUNNEROPS_GITLAB_OPENAPI")
    if not path:
        return (yield)
    from tests.contract.described import held_against

    with held_against(path) as problems:
        yield
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)
    return None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is loaded and collected stays to the end: looking through it again and again frees nothing."""
    gc.disable()
    result = yield
    gc.freeze()
    gc.enable()
    return result


def pytest_unconfigure(config: pytest.Config) -> None:
    """One line, the last, with what was not run and why."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reasons = Counter(_reason(report) for report in reporter.stats.get("skipped", ())) if reporter else {}
    if reporter and reasons:
        parts = (f"{count} test{'s' * (count != 1)}: {reason}" for reason, count in reasons.items())
        reporter.write_line(f"not run here: {'; '.join(parts)}")


def _reason(report: pytest.TestReport) -> str:
    longrepr = report.longrepr
    return re.sub(r"^Skipped: ", "", str(longrepr[2]).splitlines()[0]) if isinstance(longrepr, tuple) else ""
