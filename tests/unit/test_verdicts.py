"""What the managed systems refuse is an error, and what they accept is none, by the table that the lab checks with
them.
"""

from __future__ import annotations

import re

import pytest

from runnerops.codes.rules import RULES
from runnerops.planning.lint.file import lint_file
from tests.unit.our_verdicts import DOCKERS, of_docker, of_registry, of_runner, spec_of
from tests.verdicts import DAEMON_BY_RELEASE, REGISTRY_BY_RELEASE, RUNNER_BY_RELEASE, VERDICTS, Verdict, refused_by

UNKNOWN_HERE = ("${A:?set it}",)
"""Refused for what only the place where it runs knows: a warning."""


NO_PROGRAM = {
    "D007": "it depends on the unit's flags",
    "D011": "it depends on the host's swarm",
    "C002": "a registry is one too; an error only for a cache of the inventory",
    "C006": "a file without services is taken; an error only for the caches of the inventory",
    "C018": "it is about a configuration and the port that a Compose file publishes",
    "X001": "it is about two hosts",
    "X005": "it is about a host and a cache",
    "X006": "it is about two caches",
    "X011": "it is about a host and a cache",
    "X013": "it is about two runners of an inventory, and GitLab",
    "X014": "it is about two services",
    "X015": "it is about a cache and what the inventory says of it",
    "P003": "the inventory is read by us alone",
}
"""Rules that no system's program can decide from one file, and why."""


@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda verdict: f"{verdict.kind} {verdict.file[:60]}")
def test_check_agrees_with_the_verdict_of_the_program(verdict: Verdict) -> None:
    findings = lint_file(spec_of(verdict), verdict.file.encode())
    severities = {finding.severity for finding in findings}
    if any(text in verdict.file for text in UNKNOWN_HERE):
        assert severities == {"warning"}
    else:
        assert ("error" in severities) is (verdict.says != "taken"), findings


@pytest.mark.parametrize("verdict", DAEMON_BY_RELEASE, ids=lambda verdict: verdict.file)
def test_a_verdict_that_depends_on_dockers_release(verdict: Verdict) -> None:
    for version in DOCKERS:
        errors = [finding for finding in of_docker(verdict, version) if finding.severity == "error"]
        assert bool(errors) is refused_by(verdict, version), (version, errors)
    unknown = lint_file(spec_of(verdict), verdict.file.encode())
    assert not [finding for finding in unknown if finding.severity == "error"]


@pytest.mark.parametrize("verdict", RUNNER_BY_RELEASE, ids=lambda verdict: verdict.file[:20])
def test_a_verdict_that_depends_on_the_runners_release(verdict: Verdict) -> None:
    for version in ("15.11", verdict.since, "19.3"):
        errors = [finding for finding in of_runner(verdict, version) if finding.severity == "error"]
        assert bool(errors) is refused_by(verdict, version), (version, errors)
    unknown = lint_file(spec_of(verdict), verdict.file.encode())
    assert {finding.severity for finding in unknown} == {"warning"}
    assert all(f"since {verdict.since}" in f"{finding.message} {finding.fix}" for finding in unknown)


@pytest.mark.parametrize("verdict", REGISTRY_BY_RELEASE, ids=lambda verdict: verdict.file)
def test_a_verdict_that_depends_on_the_registrys_release(verdict: Verdict) -> None:
    for major in (2, 3):
        assert bool(of_registry(verdict, major)) is refused_by(verdict, f"{major}.0"), major


CONSEQUENCE = re.compile(
    r"(dockerd|docker|compose|otherwise|nothing|every job|no (job|container)|(the|a) (runner|registry|upstream|deploy))\b",
    re.IGNORECASE,
)
"""How a text begins that says what a mistake leads to, instead of what to do about it."""


def test_a_fix_is_not_a_consequence() -> None:
    findings = [finding for verdict in VERDICTS for finding in lint_file(spec_of(verdict), verdict.file.encode())]
    findings += [
        finding for verdict in DAEMON_BY_RELEASE for version in DOCKERS for finding in of_docker(verdict, version)
    ]
    findings += [finding for verdict in RUNNER_BY_RELEASE for finding in of_runner(verdict, verdict.since)]
    assert [*filter(CONSEQUENCE.match, ("dockerd does not start", "write overlay2"))] == ["dockerd does not start"]
    assert [finding for finding in findings if CONSEQUENCE.match(finding.fix)] == []


def test_each_error_has_a_verdict_or_a_reason_why_not() -> None:
    findings = [finding for verdict in VERDICTS for finding in lint_file(spec_of(verdict), verdict.file.encode())]
    findings += [
        finding for verdict in DAEMON_BY_RELEASE for version in DOCKERS for finding in of_docker(verdict, version)
    ]
    findings += [finding for verdict in RUNNER_BY_RELEASE for finding in of_runner(verdict, verdict.since)]
    held = {finding.rule for finding in findings if finding.severity == "error"}
    held |= {rule for verdict in REGISTRY_BY_RELEASE for major in (2, 3) for rule in of_registry(verdict, major)}
    assert {rule.id for rule in RULES.values() if rule.severity == "error"} - held == NO_PROGRAM.keys()
