"""Files that others write too, on real hosts: edits by hand, keys that the host keeps, a config.toml the runner rewrote."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import TOKEN, Project, host_entry, runner_section

pytestmark = pytest.mark.hosts(turns=True)

DAEMON = "/etc/docker/daemon.json"
CONFIG = "/etc/gitlab-runner/config.toml"
ROTATED = "glrt-lab-" + "r" * 17


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab) -> Project:
    return Project(tmp_path, lab)


def docker_host(host: LabHost, **docker: object) -> dict[str, Any]:
    section: dict[str, object] = {"registry-mirrors": [], "live-restore": True, "labels": ["a=b"], **docker}
    return {"hosts": {host.name: host_entry(host, docker=section)}}


def by_hand(host: LabHost, **keys: object) -> dict[str, Any]:
    """daemon.json with some keys changed, as somebody on the host would; None takes one out."""
    tree = {**json.loads(host.read(DAEMON)), **keys}
    tree = {name: value for name, value in tree.items() if value is not None}
    host.write(DAEMON, json.dumps(tree).encode())
    return tree


def test_an_edit_on_the_host_is_told_and_kept_until_allowed(project: Project, host: LabHost) -> None:
    project.write(docker_host(host))
    project.deploy()
    edited = by_hand(host, labels=None, debug=True)
    project.set(host.name, "docker", "shutdown-timeout", value=20)
    (file,) = (file for file in project.diff()["hosts"][0]["files"] if file["path"] == DAEMON)
    assert file["origins"] == {"labels": "host", "debug": "host", "shutdown-timeout": "inventory"}
    assert (file["origin"], file["edited"]["since_run"], file["edited"]["by"]) == ("both", 1, "hand")
    assert abs(file["edited"]["at"] - int(host.run("date +%s").stdout)) < 120
    output = project.deploy(code=1)
    for word in ("modified-on-host", "labels", "debug", "since run 1", f"--allow modified-on-host@{host.name}"):
        assert word in output
    assert json.loads(host.read(DAEMON)) == edited
    project.deploy("--allow", f"modified-on-host@{host.name}")
    now = json.loads(host.read(DAEMON))
    assert (now["labels"], now.get("debug", False), now["shutdown-timeout"]) == (["a=b"], False, 20)
    assert project.diff()["hosts"][0]["result"] == "unchanged"


def test_an_edit_that_the_inventory_follows_is_in_sync(project: Project, host: LabHost) -> None:
    project.write(docker_host(host))
    project.deploy()
    by_hand(host, labels=["c=d"])
    project.set(host.name, "docker", "labels", value=["c=d"])
    assert project.diff()["hosts"][0]["blockers"] == []
    project.deploy()
    assert project.diff()["hosts"][0]["result"] == "unchanged"


def test_keys_under_keep_keep_the_hosts_values(project: Project, host: LabHost) -> None:
    project.write(docker_host(host, keep=["labels", "log-opts.max-size"]))
    by_hand_first = {"labels": ["rack=7"], "live-restore": True, "log-opts": {"max-size": "3m"}}
    host.write(DAEMON, json.dumps(by_hand_first).encode())
    host.run("systemctl reload docker")
    project.deploy()
    by_hand(host, labels=["rack=8"])
    assert project.diff()["hosts"][0]["blockers"] == []
    project.set(host.name, "docker", "shutdown-timeout", value=25)
    project.deploy()
    now = json.loads(host.read(DAEMON))
    assert (now["labels"], now["log-opts"], now["shutdown-timeout"]) == (["rack=8"], {"max-size": "3m"}, 25)


def rewritten(text: bytes) -> str:
    """What the runner makes of its file when it replaces its token: comments go, defaults and its own keys appear."""
    tree = tomllib.loads(text.decode())
    (runner,) = tree["runners"]
    return f"""concurrent = {tree["concurrent"]}
check_interval = {tree["check_interval"]}
listen_address = "{tree["listen_address"]}"
user = "gitlab-runner"
connection_max_age = "15m0s"
shutdown_timeout = 0

[session_server]
  session_timeout = 1800

[[runners]]
  name = "{runner["name"]}"
  url = "{runner["url"]}"
  id = 7
  token = "{ROTATED}"
  token_obtained_at = 2026-01-02T03:04:05.123456789Z
  token_expires_at = 2036-01-02T03:04:05Z
  executor = "{runner["executor"]}"
  [runners.cache]
    MaxUploadedArchiveSize = 0
    [runners.cache.s3]
    [runners.cache.gcs]
    [runners.cache.azure]
"""


def test_a_token_that_the_runner_replaced_survives_deploys_and_restarts_nothing(
    project: Project, host: LabHost
) -> None:
    project.write({"hosts": {host.name: host_entry(host, gitlab_runner=runner_section())}})
    project.deploy()
    text = rewritten(host.read(CONFIG))
    host.write(CONFIG, text.encode(), 0o600)
    pid = host.pid("gitlab-runner")
    for _ in range(2):
        assert "the runner replaced its token on 2026-01-02" in project.deploy()
    assert host.read(CONFIG).decode() == text
    project.set(host.name, "gitlab_runner", "concurrent", value=3)
    project.deploy()
    project.set(host.name, "gitlab_runner", "runners", 0, "token", value=None)
    project.set(host.name, "gitlab_runner", "concurrent", value=4)
    project.deploy()
    now = tomllib.loads(host.read(CONFIG).decode())
    assert (now["concurrent"], now["runners"][0]["token"], now["runners"][0]["id"]) == (4, ROTATED, 7)
    assert now["runners"][0]["token_expires_at"].year == 2036
    assert host.pid("gitlab-runner") == pid
    assert project.diff()["hosts"][0]["result"] == "unchanged"


def test_a_token_that_is_really_new_goes_out(project: Project, host: LabHost) -> None:
    project.write({"hosts": {host.name: host_entry(host, gitlab_runner=runner_section())}})
    project.deploy()
    new = "glrt-lab-" + "n" * 17
    project.set(host.name, "gitlab_runner", "runners", 0, "token", value=new)
    output = project.deploy()
    assert new not in output
    assert TOKEN not in output
    assert tomllib.loads(host.read(CONFIG).decode())["runners"][0]["token"] == new
    host.write(CONFIG, rewritten(host.read(CONFIG)).encode(), 0o600)
    project.set(host.name, "gitlab_runner", "runners", 0, "token", value="glrt-lab-" + "m" * 17)
    output = project.deploy(code=1)
    assert "replace-token" in output
    assert ROTATED not in output


def test_what_is_remembered_of_tokens_is_for_root_alone_and_never_shown(project: Project, host: LabHost) -> None:
    project.write({"hosts": {host.name: host_entry(host, gitlab_runner=runner_section())}})
    output = project.deploy("-v")
    meta = json.loads(host.read("/var/lib/runnerops/runs/1/meta"))
    key, marks = meta["secret_fingerprints"]["key"], meta["secret_fingerprints"]["fingerprints"]
    assert len(marks) == 1
    assert TOKEN not in json.dumps(meta)
    output += project.run("diff", "-v") + project.run("history", host.name, "-v") + json.dumps(project.diff())
    assert all(secret not in output for secret in (key, *marks.values(), TOKEN))
    modes = host.run("find /var/lib/runnerops/runs ! -perm -0 -o -perm /077 | head").stdout
    assert modes.strip() == ""
