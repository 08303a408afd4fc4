"""Reports are valid by their published schemas, for all findings of the table of verdicts and for odd texts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as Xml

import jsonschema
import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from runnerops.codes.rules import RULES
from runnerops.model.common import SourceLocation
from runnerops.model.plan import Finding
from runnerops.planning.lint.file import lint_file
from runnerops.redact import Redactor
from runnerops.report.formats.codequality import codequality
from runnerops.report.formats.findings import Findings, entries, readable
from runnerops.report.formats.junit import junit
from runnerops.report.formats.plans import PlanReport
from runnerops.report.formats.sarif import sarif
from runnerops.report.formats.terraform import terraform
from tests.unit.our_verdicts import spec_of
from tests.verdicts import DAEMON_BY_RELEASE, VERDICTS

SCHEMAS = Path(__file__).parent / "schemas"
CODEQUALITY = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./)"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
"""What GitLab's documentation demands (CI/CD, code quality, report format); GitLab has it in no schema that may be copied."""
TERRAFORM = {
    "type": "object",
    "required": ["create", "update", "delete"],
    "additionalProperties": {"type": "integer", "minimum": 0},
}
"""What GitLab's parser demands (`Parsers::Terraform::Tfplan`)."""


@cache
def validators() -> tuple[Any, xmlschema.XMLSchema]:
    schema = json.loads((SCHEMAS / "sarif-2.1.0.json").read_text("utf-8"))
    return jsonschema.Draft7Validator(schema), xmlschema.XMLSchema(str(SCHEMAS / "junit-10.xsd"))


def hold(findings: Sequence[Finding], sound: Sequence[str] = (), *, strict: bool = False) -> None:
    """All three reports of these findings, as they are written, against what is published of each."""
    ready = entries(findings, Redactor(), lambda path: path, {}, "inventory.yml")
    made = Findings(tuple(sound), ready, strict)
    of_sarif, of_junit = validators()
    texts = sarif(made), codequality(made), junit(made)
    of_sarif.validate(json.loads(texts[0]))
    issues = json.loads(texts[1])
    jsonschema.validate(issues, CODEQUALITY)
    of_junit.validate(_without_files(texts[2]))
    assert all(text.encode() for text in texts)  # UTF-8 has a place for no half of a character pair
    fingerprints = [issue["fingerprint"] for issue in issues]
    assert len(set(fingerprints)) == len(fingerprints)


def _without_files(text: str) -> str:
    """GitLab links a case to its `file`, which the schema of Jenkins does not have; Jenkins itself passes it over."""
    root = Xml.fromstring(text)
    for case in root.iter("testcase"):
        file = case.attrib.pop("file", "")
        assert file in {"", case.get("classname")}
        assert not file.startswith(("/", ".."))
    return Xml.tostring(root, encoding="unicode")


@pytest.mark.parametrize(
    ("path", "file"), [("a/b.yml", "a/b.yml"), ("/etc/docker/daemon.json", None), ("../x.yml", None), ("-", None)]
)
def test_a_case_names_the_file_that_gitlab_links_to(path: str, file: str | None) -> None:
    finding = Finding("D001", "error", path, ("a",), "x", "", SourceLocation(path, 2, 1))
    made = Findings(("host",), entries([finding], Redactor(), lambda one: one, {}, "inventory.yml"))
    assert [case.get("file") for case in Xml.fromstring(junit(made)).iter("testcase")] == [None, file]


def test_everything_that_is_found_in_the_table_of_verdicts() -> None:
    findings = [
        finding
        for verdict in (*VERDICTS, *DAEMON_BY_RELEASE)
        for finding in lint_file(spec_of(verdict), verdict.file.encode())
    ]
    one_of_each = {finding.rule: finding for finding in findings}
    assert len(one_of_each) > 40
    hold(findings)
    hold([*one_of_each.values()], ["a", "b/c"], strict=True)


ODD = st.text(st.characters(codec=None), max_size=12) | st.sampled_from(
    ["", "\x00", "\x1b[1m", "]]>", "<&>", "\ud800", "a\nb"]
)
FILES = (
    st.sampled_from(["-", "a b/c.yml", "/etc/docker/daemon.json", "caf\udce9.json", "%41?#.toml", "über.yml", "../x"])
    | ODD
)
FINDINGS = st.builds(
    Finding,
    rule=st.sampled_from(sorted(RULES)),
    severity=st.sampled_from(["error", "warning", "info"]),
    path=FILES,
    key=st.lists(ODD | st.integers(0, 9), max_size=3).map(tuple),
    message=ODD.map(lambda text: text or "x"),
    fix=ODD,
    location=st.none() | st.builds(SourceLocation, FILES, st.integers(0, 9), st.integers(0, 9)),
    name=ODD,
    ignored=ODD,
)


@settings(max_examples=30)
@given(st.lists(FINDINGS, max_size=4), st.lists(ODD, max_size=2), st.booleans())
def test_reports_of_any_findings_match_their_schemas(found: list[Finding], sound: list[str], strict: bool) -> None:
    hold(found, [readable(text) for text in sound], strict=strict)


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("deploy/a b.yml", {"uri": "deploy/a%20b.yml", "uriBaseId": "%SRCROOT%"}),
        ("a:b.yml", {"uri": "a%3Ab.yml", "uriBaseId": "%SRCROOT%"}),
        ("/etc/docker/daemon.json", {"uri": "file:///etc/docker/daemon.json"}),
    ],
)
def test_where_sarif_says_that_a_file_is(file: str, place: dict[str, str]) -> None:
    finding = Finding("D001", "error", "x", (), "m", location=SourceLocation(file, 1, 1))
    made = Findings((), entries([finding], Redactor(), lambda path: path, {}, file))
    (result,) = json.loads(sarif(made))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == place
    assert PurePosixPath(unquote(urlsplit(place["uri"]).path)) == PurePosixPath(file)


@settings(max_examples=20)
@given(st.builds(PlanReport, st.just(()), ODD, st.integers(0), st.integers(0), st.integers(0)))
def test_the_numbers_of_a_plan(report: PlanReport) -> None:
    jsonschema.validate(json.loads(terraform(report)), TERRAFORM)
