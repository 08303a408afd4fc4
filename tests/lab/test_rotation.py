"""A token that the runner has rotated is the runner's: no deploy takes it away, and no restart comes of it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.lab.gitlab import GitLab
from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project, host_entry, runner_of, runner_section
from tests.lab.shell import until

CONFIG = "/etc/gitlab-runner/config.toml"


def token_of(host: LabHost) -> str:
    found = re.search(r'^ *token = "(.*)"', host.read(CONFIG).decode(), re.MULTILINE)
    assert found
    return found[1]


@pytest.mark.hosts("bookworm", "trixie")
def test_a_rotated_token_survives_deploys_with_the_old_one_and_with_none(
    tmp_path: Path, lab: Lab, host: LabHost, gitlab: GitLab
) -> None:
    gitlab.lifetime = timedelta(days=30)
    runner = runner_of(host, gitlab)
    old = str(runner["token"])
    project = Project(tmp_path, lab)
    project.write(
        {"hosts": {host.name: host_entry(host, gitlab_runner=runner_section(check_interval=1, runners=[runner]))}}
    )
    project.deploy()
    # what `register` writes, of a token that is about to end
    dates = {"token_obtained_at": "2020-01-01T00:00:00Z", "token_expires_at": "2026-01-01T00:00:00Z"}
    lines = "".join(f"\\n{name} = {value}" for name, value in dates.items())
    host.run(f"sed -i 's/^\\( *\\)token = .*/&{lines}/' {CONFIG}")
    until("rotated", lambda: token_of(host) != old, seconds=15)
    new, life = token_of(host), host.run("systemctl show -P InvocationID gitlab-runner").stdout
    assert new == gitlab.runner(old).token
    job = gitlab.hold(token=new)

    for concurrent in (3, 4):
        project.set(host.name, "gitlab_runner", "concurrent", value=concurrent)
        assert "applied" in project.deploy()
        assert token_of(host) == new
    assert "unchanged" in project.deploy()
    project.set(host.name, "gitlab_runner", "runners", 0, "token", value=None)
    project.set(host.name, "gitlab_runner", "concurrent", value=5)
    assert "applied" in project.deploy()

    assert token_of(host) == new
    assert "token_expires_at = 20" in host.read(CONFIG).decode()
    assert host.run("systemctl show -P InvocationID gitlab-runner").stdout == life
    job.finish()
    job.wait()
    gitlab.start(token=new).wait()
