"""No secret is shown, by any command, in any form: neither the inventory's nor one that only the host has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project, cache_section, host_entry

OURS = {name: f"canary-ours-{name}-0123456789" for name in ("token", "password", "environment", "userinfo", "label")}
THEIRS = {
    name: f"canary-theirs-{name}-0123456789"
    for name in ("token", "environment", "password", "comment", "daemon", "script", "machine", "plugin", "argument")
}

pytestmark = pytest.mark.hosts("bookworm", "trixie", turns=True)  # nothing here depends on Docker's version


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab, host: LabHost) -> Project:
    """Secrets come from `.env`, a file and in clear; the host has some of its own, in comments too."""
    project = Project(tmp_path, lab)
    runner = {
        "name": "one",
        "url": "http://127.0.0.1:9",
        "token": "@env TOKEN",
        "executor": "docker",
        "environment": ["CI_PASSWORD=@env"],
        "clone_url": f"https://me:{OURS['userinfo']}@example.com",
        "docker": {"image": "alpine:3"},
    }
    cache = cache_section(
        host, lab.hub, username="me", password=OURS["password"], environment={"REGISTRY_HTTP_SECRET": "@env X"}
    )
    entry = host_entry(
        host,
        docker={"live-restore": True, "labels": [f"db_password={OURS['label']}"]},
        registry=cache,
        gitlab_runner={"concurrent": 2, "runners": [runner]},
    )
    project.write({"hosts": {host.name: entry}})
    text = (
        (tmp_path / "inventory.yml")
        .read_text()
        .replace("'@env TOKEN'", "!env LAB_TOKEN")
        .replace("'@env X'", "!env LAB_X")
    )
    (tmp_path / "inventory.yml").write_text(text)
    (tmp_path / ".env").write_text(f"LAB_TOKEN={OURS['token']}\nLAB_X={OURS['environment']}\n")
    config = f'# {THEIRS["comment"]}\nconcurrent = 1\n[[runners]]\nname = "two"\nurl = "http://127.0.0.1:9"\n'
    config += f'token = "{THEIRS["token"]}"\nexecutor = "ssh"\nenvironment = ["A={THEIRS["environment"]}"]\n'
    config += f'pre_build_script = "echo {THEIRS["script"]} | tool"\n[runners.ssh]\npassword = "{THEIRS["password"]}"\n'
    config += f'[runners.machine]\nMachineOptions = ["amazonec2-secret-key={THEIRS["machine"]}"]\n'
    config += f'[runners.custom]\nrun_args = ["--any", "{THEIRS["argument"]}"]\n'
    config += f'[runners.autoscaler.plugin_config]\nanything = "{THEIRS["plugin"]}"\n'
    host.write("/etc/gitlab-runner/config.toml", config.encode(), 0o600)
    host.write(
        "/etc/docker/daemon.json",
        f'{{"labels": ["a=b"], "http-proxy": "http://me:{THEIRS["daemon"]}@192.0.2.1"}}'.encode(),
    )
    return project


def test_no_output_contains_a_secret(project: Project, host: LabHost) -> None:
    text = ""
    for words in (
        ("check",),
        ("render",),
        ("hosts",),
        ("hosts", "--explain", host.name),
        ("hosts", "--explain", host.name, "-o", "json"),
        ("diff",),
        ("diff", "-v"),
        ("diff", "-o", "json"),
        ("deploy", "--yes", "-v"),
        ("deploy", "--yes", "-v", "--allow", "unmanaged-file", "--allow", "drop-runner"),
        ("deploy", "--yes", "-o", "json", "--allow", "unmanaged-file"),
    ):
        text += project.run(*words, code=None)
    assert host.run("stat -c %a /etc/docker/daemon.json").stdout.strip() == "600", text
    assert OURS["label"] in host.run("docker info --format '{{.Labels}}'").stdout
    before = project.run("diff", "-v", code=None)
    for line in (f"history {host.name} -v", f"history {host.name} -o json", "status", "status -o json"):
        text += project.run(*line.split(), code=None)
    _edit(project)
    changed = project.run("diff", code=None)
    assert "********" in changed
    assert changed == project.run("diff", code=None)
    text += before + changed
    assert "********" in text
    for canary in (*OURS.values(), OURS["label"][::-1], *THEIRS.values()):
        assert canary not in text, text[max(0, text.index(canary) - 300) :][:400]


def _edit(project: Project) -> None:
    """Another password of the label."""
    path = project.folder / "inventory.yml"
    path.write_text(path.read_text().replace(OURS["label"], OURS["label"][::-1]))


def test_failures_on_the_host_show_no_secret(project: Project, host: LabHost) -> None:
    """A broken unit, a failing step, a log that holds them: what the run says is filtered there and here."""
    echoed = [OURS["token"], OURS["label"], *(THEIRS[name] for name in ("machine", "plugin", "argument", "password"))]
    drop_in = f'[Service]\nExecReload=\nExecReload=/bin/sh -c "echo {" ".join(echoed)}; exit 1"\n'
    host.write("/etc/systemd/system/docker.service.d/lab.conf", drop_in.encode())
    host.run("systemctl daemon-reload")
    try:
        output = project.run("deploy", "--yes", "-v", "--allow", "unmanaged-file", "--allow", "drop-runner", code=None)
    finally:
        host.run("rm -r /etc/systemd/system/docker.service.d; systemctl daemon-reload")
    assert "failed step" in output
    for canary in (*OURS.values(), *THEIRS.values()):
        assert canary not in output
        assert host.run(f"grep -rl {canary} /var/lib/runnerops/runs/*/log", check=False).stdout == ""
        assert host.run(f"journalctl -u 'runnerops-*' | grep {canary}", check=False).stdout == ""
