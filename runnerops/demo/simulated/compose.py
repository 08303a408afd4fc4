"""The Compose plugin, simulated: it validates a file, starts and recreates containers, and removes them."""

from __future__ import annotations

import os
import sys

from runnerops.demo.simulated import containers
from runnerops.demo.simulated.images import bring, tagged
from runnerops.demo.simulated.locked import LockedWorld
from runnerops.demo.simulated.world import NO_DOCKER, RefusedError, World, path, random_hex, shown, text_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runnerops.demo.simulated.world import Tree

VERSION = "2.26.1"
_KEYS = {
    *("image", "command", "restart", "ports", "volumes", "environment", "labels", "logging", "healthcheck", "networks"),
    *("container_name", "depends_on", "entrypoint", "user", "read_only", "mem_limit", "network_mode", "extra_hosts"),
}
_PROJECT = "com.docker.compose.project"
_SERVICE = "com.docker.compose.service"
_HASH = "com.docker.compose.config-hash"
_VALUED = ("-p", "-f", "--project-directory", "--project-name", "--file", "--env-file", "--format")


class _Project:
    """A project, and its file as it was loaded."""

    def __init__(self, name: str, file: str, tree: Tree) -> None:
        self.name = name
        self.file = file
        self.tree = tree


def compose(words: list[str]) -> int:
    """`docker compose version`, or a command for the project of a file."""
    options, arguments = _split(words)
    verb, *names = arguments or ["help"]
    if verb == "version":
        sys.stdout.write(f"{VERSION}\n" if "--short" in options else f"Docker Compose version {VERSION}\n")
        return 0
    if verb not in {"config", "up", "down", "ps"}:
        raise RefusedError(f'unknown docker command: "compose {verb}" is not simulated')
    with LockedWorld() as world:
        project = options.get("-p") or options.get("--project-name") or "demo"
        file = options.get("-f") or options.get("--file") or "docker-compose.yml"
        if verb == "ps":
            return _ps(world, project, ids="-q" in options)
        tree = _load(world, file)
        if verb == "config":
            if not {"-q", "--quiet"} & set(options):
                import json  # noqa: PLC0415

                sys.stdout.write(json.dumps(tree, indent=2) + "\n")
        elif world.units["docker.service"]["active"] != "active":
            raise RefusedError(NO_DOCKER)
        elif verb == "down":
            _down(world, project, set(tree["services"]))
        else:
            _up(world, _Project(project, file, tree), names, options)
    return 0


def _split(words: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    arguments = []
    follows = iter(words)
    for word in follows:
        name, equals, value = word.partition("=")
        if name in _VALUED:
            options[name] = value if equals else next(follows, "")
        elif word.startswith("-"):
            options[word] = ""
        else:
            arguments.append(word)
    return options, arguments


def _load(world: World, name: str) -> Tree:
    """Reads and checks the file. Returns its tree, with the values of its variables. Raises RefusedError."""
    file = path(name)
    if not os.path.isfile(file):
        raise RefusedError(f"open {shown(file)}: no such file or directory", 14)
    import re  # noqa: PLC0415

    text = re.sub(r"\$\$|\$\{?\w+\}?", lambda match: "$" if match[0] == "$$" else "", text_at(file))
    tree = containers.load_yaml(world, text)
    if not isinstance(tree, dict) or not isinstance(tree.get("services"), dict) or not tree["services"]:
        raise RefusedError(
            "no service selected" if isinstance(tree, dict) else "top-level object must be a mapping", 14
        )
    for key in tree:
        if key not in {"services", "volumes", "networks", "version", "name", "configs", "secrets"}:
            raise _invalid(file, f"(root) Additional property {key} is not allowed")
    for service, body in tree["services"].items():
        _check(file, service, body)
        for mount in body.get("volumes") or ():
            source = mount.partition(":")[0]
            if "/" not in source and source not in (tree.get("volumes") or {}):
                raise RefusedError(
                    f'service "{service}" refers to undefined volume {source}: invalid compose project', 15
                )
    return tree


def _check(file: Any, service: str, body: Any) -> None:
    if not isinstance(body, dict):
        raise _invalid(file, f"services.{service} must be a mapping")
    for key in body:
        if key not in _KEYS:
            raise _invalid(file, f"services.{service} Additional property {key} is not allowed")
    if not isinstance(body.get("image"), str):
        raise RefusedError(
            f'service "{service}" has neither an image nor a build context specified: invalid compose project', 15
        )
    for key in ("ports", "volumes"):
        if not isinstance(body.get(key, []), list):
            raise _invalid(file, f"services.{service}.{key} must be a array")


def _invalid(file: Any, problem: str) -> RefusedError:
    return RefusedError(f"validating {shown(file)}: {problem}", 15)


def _of(world: World, project: str) -> dict[str, Tree]:
    """The project's containers, by service."""
    return {
        container["Config"]["Labels"][_SERVICE]: container
        for container in world.engine["containers"]
        if container["Config"]["Labels"].get(_PROJECT) == project
    }


def _remove(world: World, project: str, service: str, container: Tree) -> None:
    world.engine["containers"].remove(container)
    sys.stderr.write(f" Container {project}-{service}-1  Removed\n")


def _down(world: World, project: str, services: set[str]) -> None:
    for service, container in _of(world, project).items():
        if service in services:
            _remove(world, project, service, container)
    world.engine["networks"] = [net for net in world.engine["networks"] if net["Name"] != f"{project}_default"]


def _up(world: World, project: _Project, names: list[str], options: dict[str, str]) -> None:
    containers_by_service, services = _of(world, project.name), project.tree["services"]
    for name in names:
        if name not in services:
            raise RefusedError(f"no such service: {name}")
    _network(world, f"{project.name}_default")
    for service, container in containers_by_service.items():
        if service not in services and "--remove-orphans" in options:
            _remove(world, project.name, service, container)
    for service in services:
        if not names or service in names:
            _bring_up(world, project, service, anew="--force-recreate" in options)


def _network(world: World, name: str) -> None:
    if not any(network["Name"] == name for network in world.engine["networks"]):
        config = [{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}]
        world.engine["networks"].append({"Name": name, "Id": random_hex(32), "IPAM": {"Config": config}})


def _bring_up(world: World, project: _Project, service: str, *, anew: bool) -> None:
    """Starts a service. Its container is recreated if its section differs from the one with which it was created."""
    container = _of(world, project.name).get(service)
    import hashlib  # noqa: PLC0415
    import json  # noqa: PLC0415

    section = json.dumps(project.tree["services"][service], sort_keys=True, default=str)
    form = hashlib.sha256(section.encode()).hexdigest()
    if container and container["Config"]["Labels"][_HASH] == form and not anew:
        if not container["State"]["Running"]:
            _start(world, container)
        sys.stderr.write(f" Container {project.name}-{service}-1  Running\n")
        return
    if container:
        world.engine["containers"].remove(container)
    _start(world, _create(world, project, service, form))
    sys.stderr.write(f" Container {project.name}-{service}-1  Started\n")


def _start(world: World, container: Tree) -> None:
    try:
        containers.start(world, container)
    except RefusedError as refusal:
        raise RefusedError(
            f"Error response from daemon: driver failed programming external connectivity: {refusal}"
        ) from None


def _create(world: World, project: _Project, service: str, form: str) -> Tree:
    body = project.tree["services"][service]
    image = tagged(body["image"])
    if image not in world.engine["images"]:
        bring(world, image)
    labels = body.get("labels") or {}
    environment = body.get("environment") or {}
    spec = {
        "labels": {
            **labels,
            _PROJECT: project.name,
            _SERVICE: service,
            _HASH: form,
            "com.docker.compose.project.config_files": shown(project.file),
        },
        "command": body.get("command"),
        "environment": [f"{name}={value}" for name, value in environment.items()]
        if isinstance(environment, dict)
        else environment,
        "restart": body.get("restart") or "no",
        "network": f"{project.name}_default",
        "ports": _ports(body.get("ports") or ()),
        "mounts": [_mount(world, project, text) for text in body.get("volumes") or ()],
        "logging": body.get("logging") or {},
    }
    return containers.create(world, f"{project.name}-{service}-1", image, spec)


def _ports(published: Any) -> Tree:
    bindings: Tree = {}
    for text in map(str, published):
        outer, _, inner = text.rpartition(":")
        address, _, port = outer.rpartition(":")
        bindings.setdefault(f"{inner}/tcp", []).append({"HostIp": address, "HostPort": port or outer})
    return bindings


def _mount(world: World, project: _Project, text: str) -> Tree:
    source, _, rest = text.partition(":")
    target = rest.partition(":")[0]
    if "/" not in source:
        name = ((project.tree.get("volumes") or {}).get(source) or {}).get("name") or f"{project.name}_{source}"
        world.engine["volumes"].setdefault(name, {"repositories": []})
        return {"Type": "volume", "Name": name, "Source": "", "Destination": target}
    place = (
        path(source)
        if source.startswith("/")
        else os.path.normpath(os.path.join(os.path.dirname(path(project.file)), source))
    )
    if not os.path.exists(place):
        os.makedirs(place)  # as Docker does for a short bind mount without a source
    return {"Type": "bind", "Name": "", "Source": shown(place), "Destination": target}


def _ps(world: World, project: str, *, ids: bool) -> int:
    for service, container in _of(world, project).items():
        if ids:
            sys.stdout.write(f"{container['Id']}\n")
            continue
        sys.stdout.write(
            f"{container['Name'][1:]}   {container['Config']['Image']}   {service}   {container['State']['Status']}\n"
        )
    return 0
