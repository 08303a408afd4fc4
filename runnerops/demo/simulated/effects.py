"""Shows the values of the daemon's file in `docker info`, and in a new container."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runnerops.demo.simulated.world import Tree, World


def registries(world: World, mirrors: list[str] | None) -> Tree:
    """The daemon's mirrors, and the registries that it connects to without TLS."""
    insecure = [str(registry) for registry in world.engine["loaded"].get("insecure-registries") or ()]
    hosts = [
        {"Name": "docker.io", "Secure": True},
        *({"Name": registry, "Secure": False} for registry in insecure if "/" not in registry),
    ]
    return {
        "Mirrors": mirrors,
        "InsecureRegistryCIDRs": [*(network for network in insecure if "/" in network), "::1/128", "127.0.0.0/8"],
        "IndexConfigs": {host["Name"]: host for host in hosts},
    }


def runtimes(world: World) -> Tree:
    """The built-in runtimes, and those of the daemon's file."""
    own_runtimes = world.engine["loaded"].get("runtimes") or {}
    return {
        "runc": {"Path": "runc"},
        **{name: {"Path": container.get("path", "")} for name, container in own_runtimes.items()},
    }


def security(world: World) -> list[str]:
    """The daemon's security options."""
    loaded = world.engine["loaded"]
    options = {"no-new-privileges": "name=no-new-privileges", "selinux-enabled": "name=selinux"}
    enabled = [text for key, text in options.items() if loaded.get(key)]
    return [f"name=seccomp,profile={loaded.get('seccomp-profile', 'builtin')}", *enabled]


def defaults(world: World) -> Tree:
    """What a new container gets if its creation does not set it."""
    loaded = world.engine["loaded"]
    size = str(loaded.get("default-shm-size", "64M"))
    units = {"K": 1, "M": 2, "G": 3}
    return {
        "CgroupnsMode": loaded.get("default-cgroupns-mode", "private"),
        "IpcMode": loaded.get("default-ipc-mode", "private"),
        "ShmSize": int(size.rstrip("KMG")) * 1024 ** units.get(size[-1:], 0),
    }
