"""A token that the runner has rotated is the runner's: no deploy takes it away, and no restart comes of it."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from tests.lab.gitlab import GitLab
from tests.lab.gitlab_api import Answer
from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project, host_entry, runner_of, runner_section
from tests.lab.shell import until

CONFIG = "/etc/gitlab-runner/config.toml"


def token_of(host: LabHost) -> str:
    match = re.search(r'^ *token = "(.*)"', host.read(CONFIG).decode(), re.MULTILINE)
    assert match
    return match[1]


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
    until("rotated", lambda: token_of(host) != old, seconds=60)
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
    # from its rotation to the next load of its file, gitlab-runner 18.1 to 19.3 runs shell jobs as root
    host.run("rm -rf /home/gitlab-runner/builds")
    gitlab.start(token=new).wait()


ROTATED = "/var/lib/runnerops/rotated"


@pytest.mark.hosts("trixie")
def test_rotate_brings_a_new_token_under_a_running_job_and_a_cut_off_one_is_ended_by_the_next_deploy(
    tmp_path: Path, lab: Lab, host: LabHost, gitlab: GitLab
) -> None:
    runner = runner_of(host, gitlab)
    old, name = str(runner["token"]), str(runner["name"])
    project = Project(tmp_path, lab)
    project.write(
        {"hosts": {host.name: host_entry(host, gitlab_runner=runner_section(check_interval=1, runners=[runner]))}}
    )
    project.deploy()
    assert "the inventory gives the token" in project.run("rotate", "--yes", host.name, code=2)
    project.set(host.name, "gitlab_runner", "runners", 0, "token", value="keep")
    job, life = gitlab.hold(token=old), host.run("systemctl show -P InvocationID gitlab-runner").stdout
    assert token_of(host) == old
    shown = project.run("rotate", "--dry-run", host.name)
    assert "rotate gitlab-runner" in shown
    assert token_of(host) == old

    output = project.run("rotate", "--yes", host.name, name)
    new = token_of(host)
    assert new == gitlab.runner(old).token != old
    assert host.run("systemctl show -P InvocationID gitlab-runner").stdout == life
    job.finish()
    job.wait()
    gitlab.start(token=new).wait()
    assert not host.exists(ROTATED)
    assert "unchanged" in project.deploy()
    journal = host.run("journalctl -o cat --no-pager; cat /var/lib/runnerops/runs/*/log; ps -eo args").stdout
    outputs = (shown, output, project.run("history", host.name), journal)
    assert not any(token in text for token in (old, new) for text in outputs)

    gitlab.turned_away["reset_authentication_token"] = [Answer(0)]
    told_no = project.run("rotate", "--yes", host.name, code=1)
    assert "it still accepts the old one" in told_no
    assert token_of(host) == new

    # a client that dies between the two runs leaves this
    answer = gitlab.answer("POST", "/api/v4/runners/reset_authentication_token", {"token": new}, "", {}).body
    assert isinstance(answer, dict)
    newest = str(answer["token"])
    expected = f'[[runners]]\n  name = "rotated"\n  token = "{newest}"\n  token_expires_at = 0001-01-01T00:00:00Z\n'
    folder = f"{ROTATED}/{sha256(new.encode()).hexdigest()}"
    host.run(f"install -d -m 0700 {ROTATED} {folder}")
    host.write(f"{folder}/config.toml", expected.encode(), 0o600)
    output = project.deploy()
    assert "which is now written into config.toml" in output
    assert newest not in output
    assert token_of(host) == newest
    assert not host.exists(ROTATED)
    gitlab.start(token=newest).wait()

    gitlab.revoke(newest)
    assert "does not accept the old token any more" in project.run("rotate", "--yes", host.name, code=1)
    gitlab.api_tokens.add("glpat-lab")
    host.run(f"sed -i 's/^\\( *\\)token = .*/&\\n\\1id = {gitlab.runner(newest).id}/' {CONFIG}")
    project.set(host.name, "gitlab", value={"url": gitlab.url, "token": "glpat-lab"})
    output = project.run("rotate", "--dry-run", "-o", "json", host.name, code=1)
    assert token_of(host) == newest
    assert "does not accept the token of runner" in json.loads(output)["hosts"][0]["message"]
    output += project.run("rotate", "--yes", "-o", "json", host.name)
    assert token_of(host) == gitlab.runner(newest).token != newest
    assert token_of(host) not in output
    last = json.loads(output.splitlines()[-1])
    assert (last["event"], last["exit"], [host["result"] for host in last["hosts"]]) == ("summary", 0, ["applied"])
    assert all(json.loads(line)["host"] == host.name for line in output.splitlines()[-9:-1])
    gitlab.start(token=token_of(host)).wait()
    gitlab.managers = {"s_another0000": "online"}
    before = token_of(host)
    assert "blocked: shared-token" in project.run("rotate", "--yes", host.name, code=1)
    assert token_of(host) == before
    assert "applied" in project.run("rotate", "--yes", "--allow", "shared-token", host.name)
    assert token_of(host) == gitlab.runner(before).token != before
