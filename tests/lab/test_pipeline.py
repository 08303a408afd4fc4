"""The pipeline that `init` writes, with a host: what is deployed is what was looked at; a schedule finds edits by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.lab.gitlab import GitLab
from tests.lab.gitlab_ci import Ci, make_image, no_gitlab_ci_local
from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project
from tests.lab.shell import run

DAEMON = "/etc/docker/daemon.json"
TOKEN = "glpat-canary-of-the-project"


@pytest.fixture(name="ci")
def fixture_ci(tmp_path: Path) -> Ci:
    """What runs pipelines of `tmp_path / "project"`."""
    if reason := no_gitlab_ci_local():
        pytest.skip(reason)
    (tmp_path / "jobs-home").mkdir()
    return Ci(tmp_path / "project", make_image(tmp_path / "image"), tmp_path / "jobs-home")


def commit(folder: Path, subject: str) -> str:
    """Commit all that is there; the commit's name."""
    git = ["git", "-C", str(folder), "-c", "user.name=Jo", "-c", "user.email=jo@example.com"]
    run([*git, "add", "--all"])
    run([*git, "commit", "--quiet", "--message", subject])
    return run([*git, "rev-parse", "HEAD"]).strip()


def label(folder: Path, host: LabHost, text: str) -> str:
    """Give Docker there a label, as a commit; its name."""
    path = folder / "inventory.yml"
    tree = yaml.safe_load(path.read_text())
    tree["hosts"][host.name]["docker"]["labels"] = [text]
    path.write_text(yaml.safe_dump(tree))
    return commit(folder, f"Label it {text}")


def shown_for_review(ci: Ci, key: str, gitlab: GitLab) -> None:
    """What a merge request shows, where its pipeline has the key; its note, where there is a token for that."""
    ran = ci.merge_request(SSH_PRIVATE_KEY=key)
    assert ran.jobs == {"check": "PASS", "diff": "PASS"}, ran.log
    assert json.loads(ran.artifact("check", "reports/gl-code-quality-report.json").read_text()) == []
    assert ran.artifact("check", "reports/junit.xml").exists()
    widget = json.loads(ran.artifact("diff", "reports/gl-terraform-plan.json").read_text())
    assert widget == {"create": 0, "update": 1, "delete": 0}
    assert "a=1" in ran.artifact("diff", "reports/plan.md").read_text()
    assert "\x1b[0Ksection_start:" in ran.log_of("diff")
    assert "nothing was commented: there is no token" in ran.log_of("diff")
    gitlab.api_tokens.add(TOKEN)
    for text in ("wrote", "updated"):
        ran = ci.merge_request(SSH_PRIVATE_KEY=key, GITLAB_TOKEN=TOKEN, CI_SERVER_URL=gitlab.url)
        assert f"{text} the note on merge request !7" in ran.log_of("diff"), ran.log
    (note,) = gitlab.merge_request.notes.values()
    assert note.startswith("<!-- runnerops: diff -->\n")
    assert "a=1" in note
    assert TOKEN not in ran.log


@pytest.mark.hosts("trixie")  # nothing here depends on Docker's version
def test_from_the_first_deploy_to_drift(tmp_path: Path, lab: Lab, host: LabHost, ci: Ci, gitlab: GitLab) -> None:
    as_file, as_text = str(lab.key), lab.key.read_text()
    Project(tmp_path, lab).run("init", "project", "--host", f"{host.name}=root@{host.address}", "--no-cache")
    (ci.folder / "known_hosts").write_bytes(lab.known_hosts.read_bytes())
    run(["git", "init", "--quiet", "--initial-branch=main", str(ci.folder)])
    commit(ci.folder, "Start")

    first = ci.push("--manual", "deploy", SSH_PRIVATE_KEY=as_file)
    assert first.jobs == {"check": "PASS", "plan": "PASS", "deploy": "PASS"}, first.log
    assert "json schema validated" in first.log
    assert json.loads(host.read(DAEMON)) == {"live-restore": True}

    merged = label(ci.folder, host, "a=1")
    shown_for_review(ci, as_text, gitlab)
    without_key = ci.merge_request()
    assert without_key.jobs == {"check": "PASS", "look": "PASS"}, without_key.log
    assert "1 host: 1 with a known key, none compared" in without_key.log

    planned = ci.push("plan", SSH_PRIVATE_KEY=as_file)
    assert json.loads(planned.artifact("plan", "plan.json").read_text())["requested_by"]["commit"] == merged
    before = host.read(DAEMON)
    by_hand = json.dumps({**json.loads(before), "debug": True}).encode()
    host.write(DAEMON, by_hand)
    refused = ci.push("deploy", SSH_PRIVATE_KEY=as_text)
    assert (refused.jobs, " FAIL 6 " in refused.log) == ({"deploy": "FAIL"}, True), refused.log
    assert f"{DAEMON}: would change too (edited on the host): debug" in refused.log
    assert host.read(DAEMON) == by_hand
    host.write(DAEMON, before)
    applied = ci.push("deploy", SSH_PRIVATE_KEY=as_text)
    assert applied.jobs == {"deploy": "PASS"}, applied.log
    assert json.loads(host.read(DAEMON)) == {"live-restore": True, "labels": ["a=1"]}

    host.write(DAEMON, by_hand)
    watched = ci.scheduled(SSH_PRIVATE_KEY=as_file)
    assert watched.jobs == {"verify": "PASS", "drift": "WARN"}, watched.log
    assert " WARN 3 " in watched.log
    assert "by hand): debug, labels" in watched.log_of("drift")
    assert watched.artifact("drift", "reports/plan.md").exists()
