"""A `hosts.toml` that says where images of Docker Hub come from, and beats `registry-mirrors`. Pure.

dockerd reads it for images in containerd's store (moby's `daemon/hosts.go`), anew for each pull.
"""

from __future__ import annotations

from collections.abc import Sequence

from runnerops.model.facts import DockerFacts, HostsFile
from runnerops.services.shared.versions import version_of

_SINCE = (28, 0)


def over_mirrors(mirrors: Sequence[str], docker: DockerFacts, *, containerd: bool) -> HostsFile | None:
    """The file that beats these mirrors; None where they count, or it names all of them itself."""
    found, version = docker.hosts_file, version_of(docker.version)
    if found is None or not mirrors or not containerd or version is None or version < _SINCE:
        return None
    named = {_place(host) for host in found.hosts}
    return None if all(_place(url) in named for url in mirrors) else found


def _place(url: str) -> str:
    return url.rpartition("://")[2].rstrip("/")
