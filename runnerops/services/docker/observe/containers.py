"""The containers and images of a host, as its daemon or client lists them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from runnerops.model.answers import Answers, text_of
from runnerops.model.common import Value
from runnerops.model.facts import Container


def images(answers: Answers) -> Iterator[str]:
    """`NAME:TAG` and `NAME@DIGEST`, as the daemon's socket tells them (`"RepoTags":[…]`), else as the client does."""
    for line in text_of(answers, "docker_responses").split("\n"):
        if line.startswith('"Repo'):
            for names in json_object(f"{{{line}}}").values():
                yield from (str(name) for name in names) if isinstance(names, list) else ()
    yield from text_of(answers, "docker_images").split()


def containers(answers: Answers) -> Iterator[Container]:
    """The command fails if a container disappears meanwhile; the other lines are valid.

    A container is listed twice if two names lead to the data-root, e.g. one with a slash at the end. Only a newline
    ends a line: JSON leaves characters unescaped that end a line for `splitlines`, e.g. U+0085.
    """
    answer = answers.get("docker_containers")
    shown = [json_object(line) for line in (answer.output.decode("utf-8", "replace") if answer else "").split("\n")]
    for container in (*_inspected(answers), *shown):
        if container:
            labels = container.get("labels")
            yield Container(
                id=str(container.get("id")),
                name=str(container.get("name")).lstrip("/"),
                image=str(container.get("image")),
                running=container.get("running") is True,
                restart=str(container.get("restart") or ""),
                ports=tuple(_ports(container.get("ports"))),
                labels={name: str(value) for name, value in labels.items()} if isinstance(labels, dict) else {},
                mounts=_mounts(container.get("mounts")),
                auto_remove=container.get("remove") is True,
            )


def _mounts(mounts: Value) -> Mapping[str, str] | None:
    """The source of each mount, by the path inside the container."""
    if not isinstance(mounts, list):
        return None
    return {
        str(table.get("Destination")): str(table.get("Name") or table.get("Source"))
        for table in mounts
        if isinstance(table, dict)
    }


_FIRST = {
    "Id": "id",
    "Name": "name",
    "Running": "running",
    "RestartPolicy": "restart",
    "PortBindings": "ports",
    "AutoRemove": "remove",
}
"""Members of which the first counts: what comes later is of mounts, of networks."""


_LAST = {"Image": "image", "Labels": "labels", "Mounts": "mounts"}
"""Those of which the last counts: before `Config` come the image's id and a mount's labels, and what was asked
of mounts.
"""


def _inspected(answers: Answers) -> Iterator[Mapping[str, Value]]:
    """As CONTAINER has it, of what the daemon's socket told: a member of its JSON a line, an Id before its container's.

    A lone `"Id":"…"` is of the list of all containers.
    """
    merged: dict[str, Value] = {}
    for line in (*text_of(answers, "docker_responses").split("\n"), *text_of(answers, "docker_inspected").split("\n")):
        if line.startswith('{"Id":'):
            yield merged
            merged = {}
        elif line.startswith('"Id":'):
            continue
        text = line.lstrip("{") + ("}" if line.startswith('"RestartPolicy"') else "")
        for name, value in json_object(f"{{{text}}}").items():
            if name in _LAST:
                merged[_LAST[name]] = value
            elif name in _FIRST:
                merged.setdefault(
                    _FIRST[name], value["Name"] if isinstance(value, dict) and name == "RestartPolicy" else value
                )
    yield merged


def _ports(bindings: Value) -> Iterator[str]:
    """Ports of TCP. Those of UDP do not conflict with anything here."""
    for inside, published in bindings.items() if isinstance(bindings, dict) else ():
        for port in published if isinstance(published, list) else ():
            if isinstance(port, dict) and port.get("HostPort") and not inside.endswith(("/udp", "/sctp")):
                yield f"{port.get('HostIp') or ''}:{port['HostPort']}"


def json_object(text: str) -> Mapping[str, Value]:
    """The JSON object that a text is; an empty one for any other text."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
