"""Runners as `gitlab-runner register` of a real one leaves them, with three executors: adopted, they stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.gitlab import GitLab
from tests.lab.host import LabHost
from tests.lab.lab import Lab, real_runner
from tests.lab.project import Project
from tests.lab.shell import until

TOML = "/etc/gitlab-runner/config.toml"
WAYS = {
    "shell": "--registration-token GR1348941canary",
    "docker": "--token glrt-canary-docker-000001 --docker-image alpine:3 --docker-privileged",
    "ssh": "--token glrt-canary-ssh-000000001 --ssh-host 10.9.9.9 --ssh-user ci --ssh-password canary-login",
}
"""By executor. A registration token is what runners were registered with before GitLab 16."""


if real_runner():

    @pytest.mark.hosts("trixie")
    def test_what_register_wrote_is_adopted_as_it_is(tmp_path: Path, lab: Lab, host: LabHost, gitlab: GitLab) -> None:
        project = Project(tmp_path, lab)
        for executor, words in WAYS.items():
            name = f"--name {executor} --executor {executor}"
            host.run(f"gitlab-runner register --non-interactive --url {gitlab.url} {name} {words}")
        before = host.read(TOML)
        assert before.count(b"[[runners]]") == len(WAYS)
        output = project.run("init", "--adopt", f"{host.name}=root@{host.address}")
        assert f"{host.name}: a deploy of this changes nothing" in output
        inventory = (project.folder / "inventory.yml").read_text()
        assert "canary" not in output + inventory
        runners = inventory.partition("runners:\n")[2]
        url = f"          url: {gitlab.url}\n          token: keep\n          executor: "
        assert (
            runners
            == f"""        - name: shell
{url}shell
        - name: docker
{url}docker
          docker:
            image: alpine:3
            privileged: true
            volumes: [/cache]
        - name: ssh
{url}ssh
          ssh: {{user: ci, password: !env {host.name.upper()}_SSH_PASSWORD, host: 10.9.9.9}}
"""
        )
        assert project.diff()["hosts"][0]["result"] == "unchanged"
        project.deploy()
        assert host.read(TOML) == before
        (project.folder / "inventory.yml").write_text(inventory.replace("concurrent: 1", "concurrent: 4"))
        project.deploy("--allow", "unmanaged-file")
        now = host.read(TOML)
        assert b"concurrent = 4" in now
        for line in (b"canary-login", *(line for line in before.splitlines() if b"token" in line)):
            assert line.strip() in now
        job = gitlab.start("true", token="glrt-canary-docker-000001")
        until("a runner asks for jobs", lambda: job.state != "pending", seconds=60)
