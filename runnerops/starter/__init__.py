"""The files of a new project (`runnerops init`), as text. Texts that all projects share are files in this folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from runnerops.adopt.target import about
from runnerops.adopt.yaml_text import Writer
from runnerops.frozen import frozen
from runnerops.model.common import Key, Tree
from runnerops.model.inventory import Host

INVENTORY = "inventory.yml"
_TEXTS = Path(__file__).resolve().parent
_HUB = "https://registry-1.docker.io"
_COMMENTS = {
    "docker": "containers outlive a restart of the Docker daemon (CI jobs do not)",
    "registry": "a pull-through cache of Docker Hub, which Docker on this host uses",
    "gitlab_runner": "created by `gitlab-runner register` on the host; keys that are left out have gitlab-runner's defaults",
}


@frozen
class Starter:
    """The answers for a new project. `gitlab` is the URL of the GitLab in which each host has a runner; empty: none."""

    hosts: Sequence[Host]
    cache: bool = True
    gitlab: str = ""


def files_of(starter: Starter) -> Mapping[str, str]:
    """The text of each file by its name, the inventory last."""
    return {
        ".gitignore": ".cache/\n.env\nplan.json\nreports/\n",
        ".gitlab-ci.yml": _text("gitlab-ci.yml"),
        "README.md": _text("README.md"),
        "known_hosts": _text("known_hosts"),
        INVENTORY: _text(INVENTORY) + "\n".join(_host(host, starter) for host in starter.hosts),
    }


def _text(name: str) -> str:
    return (_TEXTS / name).read_text(encoding="utf-8")


def _host(host: Host, starter: Starter) -> str:
    tree: Tree = {**about(host), "docker": {"live-restore": True}}
    if starter.cache:
        tree["registry"] = {"caches": [{"upstream": _HUB}]}
    if starter.gitlab:
        tree["gitlab_runner"] = {"concurrent": 2, "runners": [_runner(host, starter.gitlab)]}
    comments: dict[Key, tuple[str, ...]] = {(host.name, name): (text,) for name, text in _COMMENTS.items()}
    return "".join(f"{line}\n" for line in Writer(2, comments).lines({host.name: tree}, 2))


def _runner(host: Host, url: str) -> Tree:
    return {
        "name": f"{host.name}-docker",
        "url": url,
        "token": "keep",
        "executor": "docker",
        "docker": {"image": "alpine:3"},
    }
