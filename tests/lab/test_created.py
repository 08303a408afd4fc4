"""A runner that the deploy creates in GitLab takes jobs with the token that went to its host, and is nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.gitlab import GitLab
from tests.lab.gitlab_api import Answer
from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project, host_entry, runner_of, runner_section

CONFIG = "/etc/gitlab-runner/config.toml"
API = "glpat-lab-creates"


@pytest.mark.hosts("trixie")
def test_a_created_runner_takes_jobs_and_one_of_a_deploy_that_failed_is_gone(
    tmp_path: Path, lab: Lab, host: LabHost, gitlab: GitLab
) -> None:
    gitlab.api_tokens.add(API)
    asked = {"group": 42, "description": "on {host}", "tags": ["lab"]}
    runner = {**runner_of(host, gitlab), "token": "keep", "gitlab": asked}
    section = runner_section(check_interval=1, runners=[runner])
    project = Project(tmp_path, lab)
    access = {"url": gitlab.url, "token": API}
    project.write({"hosts": {host.name: host_entry(host, gitlab=access, gitlab_runner=section)}})

    shown = project.run("diff", host.name)
    assert f"create runner {runner['name']} in GitLab (group 42)" in shown
    assert gitlab.created == []

    gitlab.faults_at = {"POST /user/runners": [Answer(0)]}
    assert "nothing was changed on the host" in project.run("deploy", "--yes", host.name, code=1)
    assert gitlab.created == []

    said = project.deploy()
    assert f"created in GitLab: {runner['name']}" in said
    (made,) = gitlab.created
    assert f'token = "{made.token}"' in host.read(CONFIG).decode()
    assert made.settings["description"] == f"on {host.name}"
    gitlab.start(token=made.token).wait()

    assert "unchanged" in project.deploy()
    project.set(host.name, "gitlab_runner", "runners", 0, "name", value="renamed")
    project.set(host.name, "gitlab_runner", "runners", 0, "gitlab", "description", value="renamed")
    assert "set in GitLab: renamed" in project.deploy()
    assert [(one.id, one.settings["description"]) for one in gitlab.created] == [(made.id, "renamed")]
    journal = host.run("journalctl -o cat --no-pager; cat /var/lib/runnerops/runs/*/log; ps -eo args").stdout
    assert not any(made.token in text for text in (shown, said, project.run("history", host.name), journal))
