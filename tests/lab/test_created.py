"""A runner that the deploy creates in GitLab takes jobs with the token that went to its host, and is nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.gitlab import GitLab
from tests.lab.gitlab_api import Answer
from tests.lab.gitlab_managed import Runner
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
    settings = {"group": 42, "description": "on {host}", "tags": ["lab"]}
    runner = {**runner_of(host, gitlab), "token": "keep", "gitlab": settings}
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

    output = project.deploy()
    assert f"created in GitLab: {runner['name']}" in output
    (made,) = gitlab.created
    assert f'token = "{made.token}"' in host.read(CONFIG).decode()
    assert made.settings["description"] == f"on {host.name}"
    gitlab.start(token=made.token).wait()

    assert "unchanged" in project.deploy()
    project.set(host.name, "gitlab_runner", "runners", 0, "name", value="renamed")
    project.set(host.name, "gitlab_runner", "runners", 0, "gitlab", "description", value="renamed")
    assert "set in GitLab: renamed" in project.deploy()
    assert [(runner.id, runner.settings["description"]) for runner in gitlab.created] == [(made.id, "renamed")]
    journal = host.run("journalctl -o cat --no-pager; cat /var/lib/runnerops/runs/*/log; ps -eo args").stdout
    assert not any(made.token in text for text in (shown, output, project.run("history", host.name), journal))
    leaves(project, host, gitlab, made)
    is_removed(project, host, gitlab, {**runner, "name": "again"})


def leaves(project: Project, host: LabHost, gitlab: GitLab, made: Runner) -> None:
    """The created runner leaves the inventory under a running job: off the host at once, and off GitLab after the job."""
    other = runner_of(host, gitlab)
    project.set(host.name, "gitlab_runner", "runners", value=[other])
    job = gitlab.hold(token=made.token)
    assert f"delete runner renamed ({made.id}) in GitLab" in project.run("diff", host.name, code=None)

    output = project.deploy("--allow", "drop-runner", "--drain-timeout", "1s", code=1)
    assert "1 job of it runs there" in output
    assert made.token not in host.read(CONFIG).decode()
    assert [(runner.id, runner.paused) for runner in gitlab.created] == [(made.id, True)]
    gitlab.start(token=str(other["token"])).wait()
    job.finish()
    job.wait()

    assert f"deleted in GitLab: runner renamed ({made.id})" in project.deploy()
    assert gitlab.created == []
    project.deploy()
    request_count = len(gitlab.requests)
    assert "unchanged" in project.deploy()
    assert not [path for _, path in gitlab.requests[request_count:] if f"runners/{made.id}" in path]


def is_removed(project: Project, host: LabHost, gitlab: GitLab, runner: dict[str, object]) -> None:
    """What `remove` takes off the host goes from GitLab too, if it was managed there."""
    project.set(host.name, "gitlab_runner", "runners", value=[runner_of(host, gitlab), runner])
    project.deploy()
    (made,) = gitlab.created
    gitlab.faults_at = {f"GET /runners/{made.id}": [Answer(403, {"error": "insufficient_scope"})]}
    forgets = project.run("remove", "--dry-run", "--forget", host.name, code=None)
    assert f"--forget would delete the record that these must still be deleted in GitLab: again ({made.id})" in forgets
    remove = ("remove", "--yes", host.name, "gitlab_runner")
    assert f"also deleted in GitLab, which cannot be undone: again ({made.id})" in project.run(*remove, code=1)
    assert f"deleted in GitLab: runner again ({made.id})" in project.run(*remove, "--allow", "drop-runner")
    assert gitlab.created == []
