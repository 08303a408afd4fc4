"""Docker-in-Docker services that are written by hand and cannot work. Pure."""

from __future__ import annotations

from runnerops.model.common import Key, Tree
from runnerops.patterns import late_pattern
from runnerops.services.gitlab_runner.dind import is_dind
from runnerops.services.gitlab_runner.rules.found import Found

_JOINED = late_pattern(r"--[\w-]+ ")
_LOOPBACK = late_pattern(r"https?://(?:localhost|127\.[\d.]+|0\.0\.0\.0|\[::1?\])(?![\w.-])")
"""Of http alone: what the daemon itself is to listen on is a URL of tcp."""


def dind(runner: Tree, key: Key) -> Found:
    """Checks one of `[[runners]]`, which is at `key`."""
    docker = runner.get("docker")
    if not isinstance(docker, dict):
        return
    services = docker.get("services")
    for index, service in enumerate(services if isinstance(services, list) else ()):
        if isinstance(service, dict) and is_dind(service):
            place = (*key, "docker", "services", index)
            yield from _privileged(docker, service, place)
            yield from _closed(service, place)
            for name in ("command", "entrypoint"):
                yield from _words(service, name, place)


def _privileged(docker: Tree, service: Tree, place: Key) -> Found:
    """Another runtime, e.g. Sysbox, may not need it."""
    name = "services_privileged" if "services_privileged" in docker else "privileged"
    beside = "privileged" in service  # reported as a key of another table
    if not beside and docker.get(name) is not True and not docker.get("runtime"):
        text = f"Docker-in-Docker needs `{name} = true` in [runners.docker]: otherwise its daemon does not start"
        yield "R016", "warning", place, text, "write it there, or set a `runtime` that needs no privileges"


def _closed(service: Tree, place: Key) -> Found:
    """The image's script adds the addresses of the daemon only to a command that begins with a flag."""
    words = service.get("command")
    if not isinstance(words, list) or not words or words[0] != "dockerd" or service.get("entrypoint"):
        return
    if not any(str(word).startswith(("-H", "--host")) for word in words):
        text = "with dockerd as its first word, the daemon listens on no port, so that jobs cannot reach it"
        yield "R016", "warning", (*place, "command", 0), text, "take dockerd out, and write only its flags"


def _words(service: Tree, name: str, place: Key) -> Found:
    words = service.get(name)
    for index, word in enumerate(words if isinstance(words, list) else ()):
        if not isinstance(word, str):
            continue
        if _JOINED.match(word):
            text = (
                "a flag and its value must not be one word with a space: the daemon does not know such a flag, and does"
                " not start"
            )
            yield "R016", "warning", (*place, name, index), text, 'write "--flag", "value" or "--flag=value"'
        if _LOOPBACK.search(word):
            text = (
                "localhost is the container of the service itself: no mirror answers there, so pulls go to Docker Hub"
            )
            yield "R016", "warning", (*place, name, index), text, "write an address that containers can reach"
