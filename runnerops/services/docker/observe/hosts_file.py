"""A `hosts.toml` that says from where images of Docker Hub come, and takes precedence over `registry-mirrors`. Pure.

dockerd reads it at each pull, for images in containerd's store (moby's `daemon/hosts.go`).
"""

from __future__ import annotations

from collections.abc import Sequence

from runnerops.model.facts import DockerFacts, HostsFile
from runnerops.services.shared.versions import version_of

_SINCE = (28, 0)


def over_mirrors(mirrors: Sequence[str], docker: DockerFacts, *, containerd: bool) -> HostsFile | None:
    """The file that takes precedence over these mirrors; None if there is none, or it names all of them itself."""
    hosts_file, version = docker.hosts_file, version_of(docker.version)
    if hosts_file is None or not mirrors or not containerd or version is None or version < _SINCE:
        return None
    hosts = {_place(host) for host in hosts_file.hosts}
    return None if all(_place(url) in hosts for url in mirrors) else hosts_file


def _place(url: str) -> str:
    return url.rpartition("://")[2].rstrip("/")
