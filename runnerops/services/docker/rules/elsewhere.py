"""Keys at the top of a daemon.json that are known in another table of it, or in another file. Pure.

dockerd refuses the file for each of them, as for any key that it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.services.docker.schema.features import FLAGS
from runnerops.services.shared.log_drivers import EVERYWHERE, LOG_DRIVERS

_OF_CLIENT = frozenset(
    {"auths", "credsStore", "credHelpers", "HttpHeaders", "psFormat", "imagesFormat", "detachKeys", "currentContext"}
    | {"cliPluginsExtraDirs", "stackOrchestrator"}
)
"""Keys of the client's ~/.docker/config.json."""

_OF_RUNNER = frozenset({"concurrent", "check_interval", "runners", "session_server", "executor"})
"""Keys of gitlab-runner's config.toml."""

_CGROUP_DRIVER: tuple[str, str] = ("exec-opts", 'write "exec-opts": ["native.cgroupdriver=systemd"]')
_OTHERS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("cgroup-driver", "cgroupdriver", "native.cgroupdriver"), _CGROUP_DRIVER),
    "gc": ("builder", 'write "builder": {"gc": {…}}'),
    "defaultKeepStorage": ("builder.gc", 'write "builder": {"gc": {"defaultKeepStorage": …}}'),
    "nvidia": ("runtimes", 'write "runtimes": {"nvidia": {…}}'),
}
"""By key: where it belongs, and what to write."""

_LOG_OPTIONS = EVERYWHERE.union(*(options for options in LOG_DRIVERS.values() if options)) - {"labels", "env", "tag"}


def elsewhere(name: str) -> tuple[str, str] | None:
    """Where a key that dockerd does not know at the top belongs, as the end of a message, and the fix."""
    if name in _OF_CLIENT:
        return "which is a key of the client's ~/.docker/config.json", "move it to that file"
    if name in _OF_RUNNER:
        return (
            "which is a key of gitlab-runner's config.toml",
            "move it to that file; in the inventory, to `gitlab_runner`",
        )
    if name in _LOG_OPTIONS:
        return "which belongs under log-opts", f'write "log-opts": {{"{name}": "…"}}'
    if name in FLAGS:
        return "which belongs under features", f'write "features": {{"{name}": true}}'
    if name in _OTHERS:
        place, fix = _OTHERS[name]
        return f"which belongs under {place}", fix
    return None
