"""The docker client, simulated: what it tells and does of a daemon that is a part of `world.py`'s file."""

from __future__ import annotations

import sys

from runnerops.demo.simulated import containers, daemon, effects, guests, images
from runnerops.demo.simulated.docker_networks import network_inspect, network_ls, volume_inspect, volume_ls, volume_rm
from runnerops.demo.simulated.locked import world
from runnerops.demo.simulated.shows import say, show_all
from runnerops.demo.simulated.world import RefusedError, World

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from runnerops.demo.simulated.world import Tree

_DOWN = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
_VALUED = (
    "-f",
    "--format",
    "--filter",
    "--since",
    "--until",
    "--type",
    "--platform",
    "--label",
    "--network",
    "--entrypoint",
    "--restart",
    "--runtime",
)


def docker(words: list[str]) -> int:
    """One command; a plugin's words are its own."""
    if words[:1] == ["compose"]:
        from runnerops.demo.simulated.compose import compose  # noqa: PLC0415

        return compose(words[1:])
    if words[:1] in (["--version"], ["-v"]):
        with world() as here:
            sys.stdout.write(f"Docker version {here.engine['version']}, build simulated\n")
        return 0
    verb = " ".join(words[:2]) if words[:1] in (["image"], ["network"], ["volume"], ["container"]) else words[0]
    if verb not in _COMMANDS:
        raise RefusedError(f"docker: '{verb}' is not simulated.\nSee 'docker --help'")
    options, rest = split(words[len(verb.split()) :], _VALUED[1:] if verb == "rm" else _VALUED)
    with world() as here:
        if here.units["docker.service"]["active"] != "active" and verb not in {"info", "version"}:
            raise RefusedError(_DOWN)
        return _COMMANDS[verb](here, rest, options)


def split(words: list[str], valued: tuple[str, ...] = _VALUED) -> tuple[Tree, list[str]]:
    """Options (`filter` is a list of pairs, flags are true, short ones by letter), and the other words."""
    options: Tree = {"filter": []}
    rest = []
    follows = iter(words)
    for word in follows:
        name, equals, value = word.partition("=")
        if name in valued:
            value = value if equals else next(follows, "")
            if name == "--filter":
                options["filter"].append(tuple(value.partition("=")[::2]))
            options.setdefault(name.lstrip("-").replace("f", "format", name == "-f"), value)
        elif word.startswith("--"):
            options[word[2:]] = True
        elif word.startswith("-"):
            options |= dict.fromkeys(word[1:], True)
        else:
            rest.append(word)
    return options, rest


def _info(here: World, rest: list[str], options: Tree) -> int:  # noqa: ARG001
    up = here.units["docker.service"]["active"] == "active"
    if not up:
        sys.stderr.write(f"{_DOWN}\n")
    loaded = here.engine["loaded"] if up else {}
    running = sum(one["State"]["Running"] for one in here.engine["containers"]) if up else 0
    told = {
        "ID": here.data["boot"] if up else "",
        "Containers": len(here.engine["containers"]) if up else 0,
        "ContainersRunning": running,
        "Images": len(here.engine["images"]) if up else 0,
        "Driver": loaded.get("storage-driver", "overlay2") if up else "",
        "DriverStatus": [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]] if up else None,
        "LoggingDriver": loaded.get("log-driver", "json-file") if up else "",
        "RegistryConfig": effects.registries(here, daemon.mirrors(here)) if up else None,
        "DockerRootDir": loaded.get("data-root", "/var/lib/docker") if up else "",
        "Name": "demo" if up else "",
        "Labels": loaded.get("labels", []),
        "Debug": bool(loaded.get("debug")),
        "ExperimentalBuild": bool(loaded.get("experimental")),
        "DefaultAddressPools": [
            {"Base": pool["base"], "Size": pool["size"]} for pool in loaded.get("default-address-pools") or ()
        ],
        "ServerVersion": here.engine["version"] if up else "",
        "Swarm": {"LocalNodeState": "inactive" if up else ""},
        "LiveRestoreEnabled": bool(loaded.get("live-restore")),
        "SecurityOptions": effects.security(here) if up else None,
        "DefaultRuntime": loaded.get("default-runtime", "runc") if up else "",
        "Runtimes": effects.runtimes(here) if up else None,
        "InitBinary": loaded.get("init-path", "docker-init") if up else "",
        "CgroupDriver": "systemd" if up else "",
        "Plugins": {"Authorization": loaded.get("authorization-plugins"), "Log": ["json-file", "local", "journald"]},
        "ClientInfo": {"Version": here.engine["version"], "Context": "default"},
    }
    if "format" in options:
        say(options["format"], told, "system.dockerInfo")
        return 0
    sys.stdout.write("".join(f" {name}: {value}\n" for name, value in told.items() if not isinstance(value, dict)))
    return 0 if up else 1


def _version(here: World, rest: list[str], options: Tree) -> int:  # noqa: ARG001
    up = here.units["docker.service"]["active"] == "active"
    server = {"Version": here.engine["version"], "ApiVersion": "1.45"} if up else None
    told = {"Client": {"Version": here.engine["version"], "ApiVersion": "1.45"}, "Server": server}
    if not up:
        sys.stderr.write(f"{_DOWN}\n")
    if "format" not in options:
        sys.stdout.write(f"Client:\n Version: {here.engine['version']}\n")
        sys.stdout.write(f"Server: (simulated)\n Version: {here.engine['version']}\n" if up else "")
    elif up:
        say(options["format"], told, "system.versionInfo")
    else:
        sys.stdout.write("\n")
    return 0 if up else 1


def _events(here: World, rest: list[str], options: Tree) -> int:  # noqa: ARG001
    wanted = dict(options["filter"])
    if wanted.get("event") == "pull":
        for pulled in here.engine["pulls"]:
            if (
                pulled["at"] >= float(options.get("since", 0))
                and wanted.get("image", pulled["image"]) == pulled["image"]
            ):
                sys.stdout.write(f"{pulled['at']} image pull {pulled['image']}\n")
    elif wanted.get("type", "daemon") == "daemon" and wanted.get("event", "reload") == "reload":
        for at in here.engine["reloads"]:
            event = {"TimeNano": at, "Time": at // 10**9, "Type": "daemon", "Action": "reload", "Scope": "local"}
            say(options.get("format", "{{.Time}} daemon reload"), event, "events.Message")
    return 0


def _matches(one: Tree, wanted: list[tuple[str, str]]) -> bool:
    return all(_has(one, name, *value.partition("=")) for name, value in wanted)


def _has(one: Tree, name: str, key: str, equals: str, text: str) -> bool:
    labels = one["Config"]["Labels"]
    if name == "label":
        return key in labels and (not equals or labels[key] == text)
    if name == "name":
        return key in one["Name"]
    if name == "status":
        return bool(one["State"]["Status"] == key)
    if name == "network":
        return bool(one["HostConfig"]["NetworkMode"] == key)
    if name == "id":
        return str(one["Id"]).startswith(key)
    raise RefusedError(f"Error response from daemon: invalid filter '{name}'")


def _row(one: Tree, whole: bool) -> Tree:
    """A container as `docker ps` shows it."""
    labels = one["Config"]["Labels"]
    published = ", ".join(f"{address}:{port}->5000/tcp" for address, port in containers.ports(one))
    states = {"running": f"Up (since {one['State']['StartedAt']})", "restarting": "Restarting (2)"}
    return {
        "ID": one["Id"] if whole else one["Id"][:12],
        "Names": one["Name"].lstrip("/"),
        "Image": one["Config"]["Image"],
        "State": one["State"]["Status"],
        "Status": states.get(one["State"]["Status"], "Exited (0)"),
        "Ports": published if one["State"]["Running"] else "",
        "Labels": ",".join(f"{key}={value}" for key, value in labels.items()),
        "Label": lambda name: labels.get(name, ""),
    }


def _ps(here: World, rest: list[str], options: Tree) -> int:  # noqa: ARG001
    everyone = {"a", "all"} & set(options) or any(name == "status" for name, _ in options["filter"])
    found = [
        _row(one, "no-trunc" in options)
        for one in reversed(here.engine["containers"])
        if (everyone or one["State"]["Running"]) and _matches(one, options["filter"])
    ]
    if {"q", "quiet"} & set(options):
        sys.stdout.write("".join(f"{row['ID']}\n" for row in found))
    elif "format" in options:
        for row in found:
            say(options["format"], row, "*formatter.ContainerContext")
    else:
        columns = {"ID": 14, "Image": 18, "Status": 34, "Ports": 28, "Names": 0}
        sys.stdout.write(
            "".join(f"{'CONTAINER ID' if name == 'ID' else name.upper():<{w}}" for name, w in columns.items())
        )
        sys.stdout.write("\n")
        for row in found:
            sys.stdout.write("".join(f"{row[name]:<{width}}" for name, width in columns.items()) + "\n")
    return 0


def _inspect(here: World, rest: list[str], options: Tree) -> int:
    status = 0
    found = []
    for name in rest:
        try:
            found.append(guests.find(here, name))
        except RefusedError as refusal:
            sys.stderr.write(f"{refusal}\n")
            status = 1
    show_all(found, options, "types.ContainerJSON")
    return status


_COMMANDS: dict[str, Callable[[World, list[str], Tree], int]] = {
    "info": _info,
    "version": _version,
    "events": _events,
    "ps": _ps,
    "container ls": _ps,
    "inspect": _inspect,
    "container inspect": _inspect,
    "network inspect": network_inspect,
    "network ls": network_ls,
    "volume inspect": volume_inspect,
    "volume ls": volume_ls,
    "volume rm": volume_rm,
    "images": images.image_ls,
    "image ls": images.image_ls,
    "image inspect": images.image_inspect,
    "pull": images.pull_image,
    "logs": guests.logs,
    "create": guests.create,
    "run": guests.run,
    "rm": guests.rm,
    "start": guests.start,
    "stop": guests.stop,
    "update": guests.update,
    "rmi": images.rmi,
}
