"""Reports of plans: what GitLab's parser requires, what counts, and Markdown that the text of a file cannot break."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from runnerops.commands.reports import PLAN_FORMATS, ReportFile, parse_reports
from runnerops.engine.plans.planned import Planned
from runnerops.engine.plans.reports import plan_report
from runnerops.engine.project import Project
from runnerops.errors import HostError, UsageError
from runnerops.model.common import Result, ServiceName, Verb
from runnerops.model.inventory import Host, Inventory, Requester
from runnerops.model.plan import Action, Plan
from runnerops.redact import Redactor
from runnerops.report.formats.markdown import markdown
from runnerops.report.formats.plans import HostReport, PlanReport
from runnerops.report.formats.terraform import terraform
from tests.unit.plan_builders import ask, observed, plan
from tests.unit.saved_plan_builders import ASKED, NEW, PROJECT, host_after, planned


def test_what_comes_changes_and_goes_is_counted() -> None:
    fresh = plan(ask(ASKED, NEW), observed(None, None))
    started = Action(ServiceName.REGISTRY, Verb.UP, ("stopped",), operation="start")
    shown = Action(ServiceName.GITLAB_RUNNER, Verb.VERIFY)
    hosts = tuple(Host(name, name) for name in "abcd")
    project = Project(Inventory("i.yml", hosts, {}), hosts, {}, {}, b"")
    quiet = Plan("c", 1, Requester("me", "here"))
    plans: dict[str, Planned | Exception] = {
        "a": Planned(fresh, (), Result.PENDING),
        "b": Planned(Plan("b", 1, quiet.requester, actions=(started, shown)), (), Result.PENDING),
        "c": Planned(quiet, (), Result.UNCHANGED),
        "d": HostError("d", "no answer", "is it up?"),
    }
    made = plan_report(project, plans, Redactor())
    report = json.loads(terraform(made))
    assert report == {"create": 2, "update": 1, "delete": 0}
    text = markdown(made)
    assert text.startswith("### runnerops: 4 hosts: 2 to change, 1 in sync, 1 refused or not reached\n")
    assert text.endswith("\nIn sync: `c`\n")
    assert "no answer" in text
    assert "start registry" in text


def test_what_is_compared_stands_where_it_gets_its_colour() -> None:
    text = markdown(plan_report(PROJECT, {"h": planned(host_after())}, Redactor()))
    assert '\n-    "max-size": "7m"\n+    "max-size": "8m"\n' in text
    assert text.count("```") % 2 == 0


@pytest.mark.parametrize(
    "nasty",
    ["```", "````\n</details>", "@all please", "[x](https://h.example)", "<b>", "~~~", "/close", "```\n/merge", "    "],
)
def test_no_text_ends_its_fence(nasty: str) -> None:
    """What is outside of the fences is ours alone."""
    lines = [("host", "h"), *[("verbatim", f"      {part}") for part in nasty.splitlines()]]
    for many in (1, 30):
        text = markdown(PlanReport([HostReport("h", lines * many, changes=True)], "1 host"))
        fence = re.findall(r"^(`{3,})diff$", text, re.MULTILINE)
        assert len(fence) == 1
        before, _, rest = text.partition(f"{fence[0]}diff\n")
        inside, _, after = rest.rpartition(f"\n{fence[0]}")
        assert fence[0] not in inside
        assert all(part.strip() in inside for part in nasty.splitlines())
        assert not re.search(r"^/", text, re.MULTILINE)  # a quick action, by GitLab's own look for them
        assert (before + after).replace("<details><summary><b>h</b> (", "").count("<b>") == 0


def test_long_plans_are_folded_and_end_somewhere() -> None:
    hosts = [HostReport(f"h{number}", [("plain", "x" * 1000)] * 50, changes=True) for number in range(9)]
    text = markdown(PlanReport(hosts, "9 hosts"))
    assert "<details><summary><b>h0</b> (50 lines)</summary>\n\n```diff\n" in text
    assert len(text) < 250_000
    assert "too long to stand here" in text


def test_reports_are_given_by_format_or_folder() -> None:
    assert [report.path.name for report in parse_reports(["r"], PLAN_FORMATS)] == list(PLAN_FORMATS.values())
    assert parse_reports(["markdown=x.md"], PLAN_FORMATS) == (ReportFile("markdown", Path("x.md")),)
    for word in ("junit=x", "junit", "markdown=", " "):
        with pytest.raises(UsageError):
            parse_reports([word], PLAN_FORMATS)
