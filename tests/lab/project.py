"""A user's project folder: an inventory, a known_hosts, and the command line as a user types it."""

from __future__ import annotations

import copy
import json
import os
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.lab.forked import Forked, run_forked
from tests.lab.gitlab import GitLab
from tests.lab.host import LabHost
from tests.lab.hub import Hub
from tests.lab.lab import Lab

Inventory = dict[str, Any]
TOKEN = "glrt-lab-" + "t" * 17


class Project:
    """Runs the real command in a folder of its own, with a home of its own: no key or config of this machine is used."""

    def __init__(self, folder: Path, lab: Lab) -> None:
        self.folder = folder
        self.lab = lab
        self.home = folder / "home"
        self.home.mkdir()
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "SSH_PRIVATE_KEY": str(lab.key),
            "LC_ALL": "C.UTF-8",
        }
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_bytes(lab.known_hosts.read_bytes())
        self.tree: Inventory = {"hosts": {}}

    def write(self, tree: Inventory) -> None:
        """The inventory; kept, so that `change` can build on it."""
        self.tree = copy.deepcopy(tree)
        (self.folder / "inventory.yml").write_text(yaml.safe_dump(tree, sort_keys=False))

    def set(self, host: str, *keys: str | int, value: object) -> None:
        """One value of one host changed; None takes the key out."""
        tree = copy.deepcopy(self.tree)
        place: Any = tree["hosts"][host]
        for key in keys[:-1]:
            place = place[key]
        if value is None:
            del place[keys[-1]]
        else:
            place[keys[-1]] = value
        self.write(tree)

    def command(self, *words: str) -> list[str]:
        """The argv of a runnerops command, for those who start it themselves."""
        return [sys.executable, "-m", "runnerops", *words]

    def start(self, *words: str) -> Forked:
        """Type it, and do something else while it goes on."""
        return Forked(words, self.folder, self.environ)

    def run(self, *words: str, code: int | None = 0, seconds: float = 240, **environ: str) -> str:
        """Type it; stdout and stderr together. The exit code must be `code`, unless that is None."""
        completed = run_forked(words, self.folder, {**self.environ, **environ}, seconds=seconds, apart=False)
        assert "Traceback" not in completed.stdout, completed.stdout
        assert code is None or completed.returncode == code, (
            f"runnerops {' '.join(words)}: exit {completed.returncode}\n{completed.stdout}"
        )
        return completed.stdout

    def deploy(self, *words: str, code: int | None = 0) -> str:
        """`deploy --yes`."""
        return self.run("deploy", "--yes", *words, code=code)

    def diff(self, *words: str, code: int = 0) -> dict[str, Any]:
        """`diff --output json`: the document."""
        completed = run_forked(["diff", "-o", "json", *words], self.folder, self.environ, seconds=120, apart=True)
        assert completed.returncode == code, completed.stdout + completed.stderr
        document: dict[str, Any] = json.loads(completed.stdout)
        return document


def cache_section(host: LabHost, hub: Hub, **keys: object) -> dict[str, Any]:
    """A registry section: one cache of the hub, with the image this host has."""
    return {"caches": [{"upstream": hub.url, "serves": "docker.io", "image": host.registry_image, **keys}]}


def runner_section(**keys: object) -> dict[str, Any]:
    """A gitlab_runner section that a runner loads: one shell runner of a GitLab that is not there."""
    runner = {"name": "one", "url": "http://127.0.0.1:9", "token": TOKEN, "executor": "shell"}
    return {"concurrent": 2, "check_interval": 3, "listen_address": "127.0.0.1:9252", "runners": [runner], **keys}


def runner_of(host: LabHost, gitlab: GitLab, executor: str = "shell", **keys: object) -> dict[str, Any]:
    """A `[[runners]]` block of the lab's GitLab, with a token of its own: real and stand-in alike run its jobs."""
    token = f"glrt-{executor}-{host.name}".ljust(26, "x")
    runner = {"name": f"{host.name} {executor}", "url": gitlab.url, "token": token, "executor": executor, **keys}
    if executor == "docker":
        images = {"image": host.busybox_image, "helper_image": host.helper_image, "pull_policy": "if-not-present"}
        runner["docker"] = images
    return runner


def host_entry(host: LabHost, **keys: object) -> dict[str, Any]:
    """A host of the inventory."""
    return {"address": host.address, "ssh": {"user": "root"}, **keys}


def whole_host(host: LabHost, hub: Hub, **keys: object) -> dict[str, Any]:
    """A host with all three services."""
    sections = {
        "docker": {"live-restore": True},
        "registry": cache_section(host, hub),
        "gitlab_runner": runner_section(),
    }
    return host_entry(host, **{**sections, **keys})
