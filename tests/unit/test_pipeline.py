"""The sample pipeline: both copies are the same, all commands and flags exist, and no keyword is deprecated."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner

import runnerops
from runnerops.cli import app

ROOT = Path(runnerops.__file__).parent
SAMPLE = ROOT.parent / "examples/.gitlab-ci.yml"
MANUAL = ROOT.parent / "docs/gitlab.md"
PIPELINE: dict[str, Any] = yaml.safe_load(SAMPLE.read_text())
GLOBAL = {"stages", "workflow", "variables", "default"}
JOBS: dict[str, Any] = {name: job for name, job in PIPELINE.items() if name not in GLOBAL}
OLD = {"only", "except", "type", "types"}
"""Keywords that GitLab calls deprecated; image, cache and before_script are so at the top level."""


def test_init_writes_the_sample() -> None:
    assert (ROOT / "starter/gitlab-ci.yml").read_bytes() == SAMPLE.read_bytes()


def test_no_keyword_is_deprecated() -> None:
    assert not PIPELINE.keys() & {"image", "services", "cache", "before_script", "after_script"}
    for name, job in JOBS.items():
        assert not job.keys() & OLD, name
        assert job["stage"] in PIPELINE["stages"], name
        assert job["rules"], name


def test_the_sample_uses_existing_commands() -> None:
    """Each is known with its flags, which help says."""
    lines = [line for job in JOBS.values() for line in (*job["script"], *job.get("after_script", ()))]
    assert all(line.startswith("runnerops ") for line in lines)
    for line in lines:
        words = line.split()[1:]
        command = [word for word in words if re.fullmatch(r"[a-z]+", word)][:1]
        result = CliRunner().invoke(app, [*command, "--help"])
        assert result.exit_code == 0, line
        assert [word for word in words if word.startswith("--") and word not in result.output] == [], line


def test_one_deploy_at_a_time_of_the_saved_plan_on_the_default_branch() -> None:
    (deploy,) = (job for job in JOBS.values() if any("deploy" in line for line in job["script"]))
    (planned,) = deploy["needs"]
    assert JOBS[planned]["artifacts"]["paths"] == ["plan.json", "reports/"]
    assert deploy["script"] == ["runnerops deploy --yes --plan plan.json"]
    assert (deploy["resource_group"], deploy["interruptible"]) == ("production", False)
    for job in (deploy, JOBS[planned]):
        assert job["rules"][0]["when"] == "never"
        assert "$CI_DEFAULT_BRANCH" in job["rules"][-1]["if"]
    assert "keyscan" not in SAMPLE.read_text()


def test_every_variable_that_is_set_or_read_is_in_the_manual() -> None:
    own = set(PIPELINE["variables"])
    named = {name for name in re.findall(r"\$([A-Z_]+)", SAMPLE.read_text()) if not name.startswith("CI_")}
    read = {
        name
        for path in ROOT.rglob("*.py")
        if "demo" not in path.parts and "services" not in path.parts
        for name in re.findall(r"environ(?:\.get\(|\[)\"([A-Z_]+)\"", path.read_text())
    }
    documented = set(re.findall(r"`([A-Z_]+)`", MANUAL.read_text()))
    of_the_machine = {"HOME", "LANG", "TERM", "COLUMNS", "TMPDIR", "CI", "GITLAB_CI"}
    assert (named | read) - own - of_the_machine - documented == set()
