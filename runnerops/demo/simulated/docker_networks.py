"""docker network and docker volume, simulated."""

from __future__ import annotations

import sys

from runnerops.demo.simulated.shows import say, show_all
from runnerops.demo.simulated.world import RefusedError, World

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from runnerops.demo.simulated.world import Tree


def _networks(world: World) -> Iterator[Tree]:
    yield _default_network(world)
    yield from world.engine["networks"]


def _default_network(world: World) -> Tree:
    bridge = world.engine["bridge"]
    octets = bridge["address"].split(".")
    subnet = f"{'.'.join(octets[:2])}.0.0/{bridge['prefix']}" if bridge["prefix"] == 16 else ""
    subnet = subnet or f"{'.'.join(octets[:3])}.0/{bridge['prefix']}"
    loaded = world.engine["loaded"]
    config = [{"Subnet": subnet, "Gateway": bridge["address"], "IPRange": loaded.get("fixed-cidr", "")}]
    options = {
        "com.docker.network.bridge.enable_icc": str(loaded.get("icc", True)).lower(),
        "com.docker.network.bridge.enable_ip_masquerade": str(loaded.get("ip-masq", True)).lower(),
        "com.docker.network.bridge.host_binding_ipv4": loaded.get("ip", "0.0.0.0"),  # noqa: S104  printed, not bound
        "com.docker.network.driver.mtu": str(loaded.get("mtu", 1500)),
    }
    details = {"Id": world.data["boot"], "Driver": "bridge", "Scope": "local", "Options": options}
    return {"Name": "bridge", "EnableIPv6": bool(loaded.get("ipv6")), "IPAM": {"Config": config}, **details}


def network_inspect(world: World, names: list[str], options: Tree) -> int:
    """`docker network inspect NAME…`"""
    by_name = {network["Name"]: network for network in _networks(world)}
    show_all([by_name[name] for name in names if name in by_name], options, "types.NetworkResource")
    for name in names:
        if name not in by_name:
            raise RefusedError(f"Error response from daemon: network {name} not found")
    return 0


def network_ls(world: World, names: list[str], options: Tree) -> int:  # noqa: ARG001
    """`docker network ls`"""
    for network in _networks(world):
        row = {"ID": network["Id"][:12], "Name": network["Name"], "Driver": "bridge", "Scope": "local"}
        quiet = "{{.ID}}" if {"q", "quiet"} & set(options) else "{{.ID}}   {{.Name}}   {{.Driver}}   {{.Scope}}"
        say(options.get("format", quiet), row, "*formatter.networkContext")
    return 0


def volume_inspect(world: World, names: list[str], options: Tree) -> int:  # noqa: ARG001
    """`docker volume inspect NAME…`: whether these volumes exist."""
    for name in names:
        if name not in world.engine["volumes"]:
            raise RefusedError(f"Error response from daemon: get {name}: no such volume")
    return 0


def volume_rm(world: World, names: list[str], options: Tree) -> int:
    """`docker volume rm NAME…`: refused if a container uses one of them."""
    volume_inspect(world, names, options)
    for name in names:
        for container in world.engine["containers"]:
            if any(mount.get("Name") == name for mount in container["Mounts"]):
                raise RefusedError(f"Error response from daemon: remove {name}: volume is in use - [{container['Id']}]")
        del world.engine["volumes"][name]
        sys.stdout.write(f"{name}\n")
    return 0


def volume_ls(world: World, names: list[str], options: Tree) -> int:  # noqa: ARG001
    """`docker volume ls`"""
    for name in world.engine["volumes"]:
        quiet = "{{.Name}}" if {"q", "quiet"} & set(options) else "{{.Driver}}   {{.Name}}"
        say(options.get("format", quiet), {"Name": name, "Driver": "local"}, "*formatter.volumeContext")
    return 0
