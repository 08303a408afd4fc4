"""Checks a service that runs a Docker daemon of its own, in Docker's official image. Pure."""

from __future__ import annotations

from runnerops.model.common import Key, Tree
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.compose.parts import items
from runnerops.services.registry.rules.found import Found
from runnerops.services.shared.dind_flags import wrong_flags

_DIND = late_pattern(r"(?:(?:docker\.io|index\.docker\.io)/)?(?:library/)?docker:[\w.-]*dind[\w.-]*(?:@.*)?")
_ALLOW = ("privileged", "runtime", "security_opt", "extends", "use_api_socket")
"""Keys of a service that may give the daemon what it needs."""


def dind_rules(service: Tree, key: Key) -> Found:
    """Runs all rules on one service."""
    if not _DIND.fullmatch(str(service.get("image") or "")) or not _runs_the_daemon(service):
        return
    if not any(service.get(name) for name in _ALLOW):
        text = "Docker-in-Docker needs `privileged: true`: otherwise its daemon does not start"
        fix = "add it, or set a `runtime` that needs no privileges"
        yield "K017", "warning", (*key, "privileged" if "privileged" in service else "image"), text, fix
    if not service.get("network_mode"):
        yield from _flags(service, key)


def _runs_the_daemon(service: Tree) -> bool:
    """Whether the image's entrypoint starts the daemon: without a command, with flags alone, or for `dockerd`."""
    command = service.get("command")
    first = str(items(command)[0]) if items(command) else str(command or "")
    return not service.get("entrypoint") and (
        not first or first.startswith("-") or first.partition(" ")[0] == "dockerd"
    )


def _flags(service: Tree, key: Key) -> Found:
    command = service.get("command")
    words = [str(word) for word in items(command)] or str(command or "").split()
    for index, text, fix in wrong_flags(words):
        place: Key = (*key, "command", index) if items(command) else (*key, "command")
        yield "K017", "warning", place, text, fix
