"""ip and ss, simulated: the host's addresses, and its listening sockets."""

from __future__ import annotations

import sys

from runnerops.demo.simulated import containers
from runnerops.demo.simulated.locked import LockedWorld
from runnerops.demo.simulated.world import RefusedError


def ip(words: list[str]) -> int:
    """`ip [-4] -o addr show [dev NAME]` and `ip -o route get ADDRESS`"""
    with LockedWorld() as world:
        bridge = world.engine["bridge"]
        shown = {
            "lo": ("127.0.0.1/8", "host"),
            "eth0": (f"{world.data['address']}/24", "global"),
            "docker0": (f"{bridge['address']}/{bridge['prefix']}", "global"),
        }
    if "route" in words:
        local = words[-1].startswith("127.")
        name, source = ("lo", words[-1]) if local else ("eth0", shown["eth0"][0].partition("/")[0])
        sys.stdout.write(f"{'local ' if local else ''}{words[-1]} dev {name} src {source} uid 0\\    cache\n")
        return 0
    if "dev" in words and words[-1] not in shown:
        raise RefusedError(f'Device "{words[-1]}" does not exist.')
    for number, (name, (address, scope)) in enumerate(shown.items(), 1):
        if "dev" not in words or words[-1] == name:
            life = "valid_lft forever preferred_lft forever"
            sys.stdout.write(f"{number}: {name}    inet {address} scope {scope} {name}\\       {life}\n")
    return 0


def ss(words: list[str]) -> int:
    """`ss -Hltnp`"""
    listeners = [("0.0.0.0:22", "sshd", 7)]
    with LockedWorld() as world:
        for container in world.engine["containers"]:
            if container["State"]["Running"]:
                listeners += [(f"{address}:{port}", "docker-proxy", 8) for address, port in containers.ports(container)]
    if not any("H" in word for word in words if word.startswith("-")):
        sys.stdout.write("State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n")
    for address, process, number in listeners:
        sys.stdout.write(f'LISTEN 0 4096 {address} 0.0.0.0:* users:(("{process}",pid={number},fd=6))\n')
    return 0
