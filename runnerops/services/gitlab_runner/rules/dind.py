"""Docker-in-Docker services that are written by hand and cannot work. Pure."""

from __future__ import annotations

import re

from runnerops.model.common import Key, Tree
from runnerops.patterns import late_pattern
from runnerops.services.gitlab_runner.dind import is_dind
from runnerops.services.gitlab_runner.rules.found import Found
from runnerops.services.gitlab_runner.rules.walk import texts
from runnerops.services.shared.dind_flags import wrong_flags

_JOINED = late_pattern(r"--[\w-]+ ")


def dind(runner: Tree, key: Key) -> Found:
    """Checks one of `[[runners]]`, which is at `key`."""
    for executor in ("docker", "kubernetes"):
        table = runner.get(executor)
        if not isinstance(table, dict):
            continue
        services = table.get("services")
        for index, service in enumerate(services if isinstance(services, list) else ()):
            if isinstance(service, dict) and is_dind(service):
                place = (*key, executor, "services", index)
                yield from (_privileged if executor == "docker" else _privileged_pod)(table, service, place)
                yield from _network(table, place) if executor == "docker" else ()
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
    allowed, image = texts(docker.get(_ALLOWED)), str(service.get("name"))
    patterns = [pattern for _, pattern in allowed]
    if patterns and "$" not in image and not any(_matches(pattern, image) for pattern in patterns):
        text = f"does not allow {image}, which then runs without privileges: its daemon does not start"
        yield "R016", "warning", (*place[:-2], _ALLOWED), text, f'add "{image}"'


_ALLOWED = "allowed_privileged_services"


def _matches(pattern: str, image: str) -> bool:
    """As doublestar does it: `*` stops at a slash. Rare forms count as matching."""
    if set(pattern) & set("[{\\"):
        return True
    form = re.escape(pattern).replace(r"\*\*", ".*").replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    return re.fullmatch(form, image) is not None


def _network(docker: Tree, place: Key) -> Found:
    """The service is in the same network as the job. It needs one of its own."""
    mode = docker.get("network_mode")
    if mode in {"host", "none"}:
        text = (
            "a Docker daemon in the network of the host would change its bridge and its firewall"
            if mode == "host"
            else "without a network, jobs cannot reach the Docker daemon of their service"
        )
        yield "R016", "warning", place, f"`network_mode` is {mode}: {text}", "take `network_mode` out"


def _privileged_pod(kubernetes: Tree, service: Tree, place: Key) -> Found:
    """Another runtime class may not need it, and a patch of the pod may add it."""
    context = kubernetes.get("service_container_security_context")
    given = kubernetes.get("privileged") is True or (isinstance(context, dict) and context.get("privileged") is True)
    if not given and "privileged" not in service and not kubernetes.keys() & {"runtime_class_name", "pod_spec"}:
        text = "Docker-in-Docker needs `privileged = true` in [runners.kubernetes]: otherwise its daemon does not start"
        yield "R016", "warning", place, text, "write it there, or set a `runtime_class_name` that needs no privileges"


def _closed(service: Tree, place: Key) -> Found:
    """The image's script adds the addresses of the daemon only to a command that begins with a flag."""
    words = service.get("command")
    if not isinstance(words, list) or not words or words[0] != "dockerd" or service.get("entrypoint"):
        return
    if not any(str(word).startswith(("-H", "--host")) for word in words):
        text = "with dockerd as its first word, the daemon listens on no port, so that jobs cannot reach it"
        yield "R016", "warning", (*place, "command", 0), text, "take dockerd out, and write only its flags"


def _words(service: Tree, name: str, place: Key) -> Found:
    given = service.get(name)
    words = [str(word) for word in given] if isinstance(given, list) else []
    for index, word in enumerate(words):
        if _JOINED.match(word):
            text = (
                "a flag and its value must not be one word with a space: the daemon does not know such a flag, and does"
                " not start"
            )
            yield "R016", "warning", (*place, name, index), text, 'write "--flag", "value" or "--flag=value"'
    for index, text, fix in wrong_flags(words):
        yield "R016", "warning", (*place, name, index), text, fix
