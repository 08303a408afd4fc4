"""The reports of `check`: what GitLab, Jenkins and editors read, paths, fingerprints, and that no secret is in them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from runnerops.commands.check import CheckOptions, check
from runnerops.commands.reports import parse_reports
from runnerops.errors import RunneropsError, UsageError
from runnerops.model.common import Exit
from runnerops.report.screen import Screen

TOKEN = "glrt-canary-aaaaaaaaaaaaaaa"
TEXT = """
defaults:
  docker: {log-opts: {max-size: 10}}
hosts:
  a:
    docker: {bip: nonsense}
    gitlab_runner:
      concurrent: 1
      runners: [{name: a, url: "https://gitlab.example.com", executor: shell, token: !env TOKEN}]
  b:
    docker: {bip: nonsense}
"""


class Reported:
    """A repository with a project in a folder of it, and the reports of one `check`."""

    def __init__(self, repository: Path) -> None:
        self.repository = repository
        self.folder = repository / "deploy"
        self.out = repository / "reports"
        self.folder.mkdir()
        (repository / ".git").mkdir()
        self.said = io.StringIO()

    def check(
        self, text: str | bytes = TEXT, name: str = "inventory.yml", *, strict: bool = False, **environ: str
    ) -> Exit:
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        files = [] if name == "inventory.yml" else [str(path)]
        screen = Screen(out=self.said, err=self.said)
        reports = parse_reports([str(self.out)])
        return check(
            self.folder / "inventory.yml", files, environ, screen, CheckOptions(strict=strict, reports=reports)
        )

    @property
    def issues(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = json.loads((self.out / "gl-code-quality-report.json").read_text())
        return entries

    @property
    def run(self) -> dict[str, Any]:
        (run,) = json.loads((self.out / "runnerops.sarif").read_text())["runs"]
        assert isinstance(run, dict)
        return run

    @property
    def suite(self) -> Xml.Element:
        (suite,) = Xml.parse(self.out / "junit.xml").getroot()
        return suite


@pytest.fixture(name="reported")
def fixture_reported(tmp_path: Path) -> Reported:
    return Reported(tmp_path)


def test_codequality_has_what_gitlab_requires(reported: Reported) -> None:
    assert reported.check(TOKEN=TOKEN) is Exit.FAILED
    assert {(issue["check_name"], issue["severity"]) for issue in reported.issues} >= {
        ("D004", "critical"),
        ("D008", "critical"),
    }
    for issue in reported.issues:
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert issue["description"]
        assert issue["location"]["path"] == "deploy/inventory.yml"
        assert issue["location"]["lines"]["begin"] > 1
    fingerprints = [issue["fingerprint"] for issue in reported.issues]
    assert len(set(fingerprints)) == len(fingerprints)


def test_a_fingerprint_outlives_edits_around_it(reported: Reported) -> None:
    reported.check(TOKEN=TOKEN)
    before = {issue["fingerprint"]: issue["location"]["lines"]["begin"] for issue in reported.issues}
    reported.check(TEXT.replace("hosts:\n", "hosts:\n\n  0: {docker: {bip: nonsense}}\n"), TOKEN=TOKEN)
    after = {issue["fingerprint"]: issue["location"]["lines"]["begin"] for issue in reported.issues}
    assert after.keys() > before.keys()
    assert len(after) == len(before) + 1
    moved = {after[one] - before[one] for one in before}
    assert moved == {0, 2}  # what stands above is where it was


def test_junit_has_a_case_for_each_finding_and_for_each_sound_host(reported: Reported) -> None:
    text = TEXT.replace("docker: {log-opts: {max-size: 10}}", "docker: {}").replace(
        "  b:\n    docker: {bip: nonsense}", "  b: {}"
    )
    assert reported.check(text) is Exit.FAILED
    suite = reported.suite
    cases = {(case.get("classname"), case.get("name")): case for case in suite}
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == (str(len(cases)), "1", "0")
    assert len(cases) == len(suite)
    failure = cases["deploy/inventory.yml", "D008 /etc/docker/daemon.json: bip"].find("failure")
    assert failure is not None
    assert failure.get("type") == "error"
    assert "deploy/inventory.yml:6:14: " in (failure.text or "")
    assert cases["checked", "b"].find("failure") is None
    assert ("checked", "a") not in cases
    warned = cases["deploy/inventory.yml", "S001"]
    assert warned.find("failure") is None
    assert "!env TOKEN: not set" in (warned.findtext("system-out") or "")


def test_a_warning_fails_where_check_fails_for_it(reported: Reported) -> None:
    assert (
        reported.check(TEXT.replace("nonsense", "10.9.0.1/24").replace(": 10}", ": 10m}"), strict=True) is Exit.FAILED
    )
    assert reported.suite.get("failures") == "1"


def test_sarif_has_what_version_2_1_0_requires(reported: Reported) -> None:
    reported.check()
    document = json.loads((reported.out / "runnerops.sarif").read_text())
    assert document["version"] == "2.1.0"
    driver = reported.run["tool"]["driver"]
    assert driver["name"] == "runnerops"
    assert [rule["id"] for rule in driver["rules"]] == ["D004", "D008", "S001"]
    for result in reported.run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"] == {"uri": "deploy/inventory.yml", "uriBaseId": "%SRCROOT%"}
        assert place["region"]["startLine"] > 1
        assert place["region"]["startColumn"] >= 1
        assert result["partialFingerprints"]["runnerops/v1"]


def test_nothing_found_is_an_empty_list(reported: Reported) -> None:
    assert reported.check("hosts: {a: {docker: {}}}\n") is Exit.OK
    assert reported.issues == []
    assert reported.run["results"] == []
    assert [(case.get("name"), len(case)) for case in reported.suite] == [("a", 0)]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("config.toml", "concurrent = 1\n\n[[runners]]\nexecutor = 3\n", 4),
        ("daemon.json", '{\n  "bip": "x"\n}\n', 2),
        ("daemon.json", "{\n  // no\n}\n", 2),
    ],
)
def test_a_finding_in_a_single_file_has_its_line(reported: Reported, name: str, text: str, line: int) -> None:
    assert reported.check(text, name) is Exit.FAILED
    assert (f"deploy/{name}", line) in {
        (issue["location"]["path"], issue["location"]["lines"]["begin"]) for issue in reported.issues
    }


@pytest.mark.parametrize("text", ["hosts:\n  a: {adress: x}\n", "hosts:\n  a: {docker: {a: b: c}}\n"])
def test_an_inventory_that_cannot_be_used_is_in_the_reports_too(reported: Reported, text: str) -> None:
    with pytest.raises(RunneropsError):
        reported.check(text)
    (issue,) = reported.issues
    assert (issue["check_name"], issue["location"]["path"], issue["location"]["lines"]["begin"]) == (
        "P003",
        "deploy/inventory.yml",
        2,
    )
    assert reported.suite.get("failures") == "1"


def test_a_jobs_checkout_is_the_root(reported: Reported) -> None:
    reported.check(CI_PROJECT_DIR=str(reported.folder))
    assert {issue["location"]["path"] for issue in reported.issues} == {"inventory.yml"}


def test_no_report_holds_a_secret(reported: Reported) -> None:
    reported.check(
        TEXT.replace("bip: nonsense", "bip: !env TOKEN").replace("https://", f"https://u:{TOKEN}@"), TOKEN=TOKEN
    )
    assert len(reported.issues) > 1
    for path in reported.out.iterdir():
        assert "canary" not in path.read_text()


def test_what_xml_cannot_hold_is_replaced(reported: Reported) -> None:
    reported.check('{"a\\u0001<b>": 1}', "daemon.json")
    assert "<b>" in (reported.suite[0].get("name") or "")


def test_a_report_can_be_written_to_one_file(tmp_path: Path) -> None:
    (report,) = parse_reports([f"sarif={tmp_path}/new/one.sarif"])
    assert (report.format, report.path) == ("sarif", tmp_path / "new/one.sarif")


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("", "FORMAT=FILE"),
        ("junit", "write junit=junit.xml"),
        ("junit=", "write junit=junit.xml"),
        ("Junit=x", "did you mean 'junit'?"),
        ("terraform=x", "the formats are"),
    ],
)
def test_an_unknown_report_is_usage(word: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_reports([word])
    assert says in f"{caught.value.message}; {caught.value.hint}"
    assert "--report" not in caught.value.message, "the command line names the flag"


def test_a_report_that_cannot_be_written_is_reported(reported: Reported) -> None:
    reported.out.write_text("a file")
    with pytest.raises(RunneropsError, match=r"gl-code-quality-report\.json: Not a directory"):
        reported.check()
