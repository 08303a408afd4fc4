"""Where dockerd is told to listen in daemon.json, and what prevents that on a host. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address

from runnerops.model.common import Key, Tree, Value
from runnerops.model.facts import DockerFacts, Facts
from runnerops.model.inventory import FileSpec
from runnerops.model.plan import Blocker
from runnerops.services.base import ListeningPlace
from runnerops.services.docker.schema.nested import Found
from runnerops.services.shared.listeners import bare, overlap

_ANYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104  compared, not bound
_TCP = "tcp://"


def places(tree: Tree) -> Iterator[tuple[Key, str, str]]:
    """Each key that makes dockerd listen, with the address and the port. Rules report values that cannot be read."""
    values: list[tuple[Key, Value]] = [(("metrics-addr",), tree.get("metrics-addr"))]
    hosts = tree.get("hosts")
    for index, host in enumerate(hosts if isinstance(hosts, list) else ()):
        if str(host).startswith(_TCP):
            values.append((("hosts", index), str(host).removeprefix(_TCP)))
    for key, value in values:
        if parsed := place(value):
            yield key, *parsed


def listens(files: Mapping[FileSpec, Tree]) -> Iterator[ListeningPlace]:
    """See `FileFormat`."""
    for spec, tree in files.items():
        for key, address, port in places(tree):
            yield ListeningPlace("Docker", spec.path, key, bare(address), port)


def place(value: Value) -> tuple[str, str] | None:
    """The address or name, and the port; None for a value without both."""
    address, colon, port = (value if isinstance(value, str) else "").rpartition(":")
    inner = address.removeprefix("[").removesuffix("]")
    bare = ":" in inner and inner == address
    return (inner, port) if colon and inner and not bare and port.isdecimal() and int(port) <= 65535 else None


def metrics(tree: Tree) -> Found:
    """dockerd resolves a name, and accepts no empty one (moby's `daemon/command/daemon_unix.go`, 20.10 to 29.7)."""
    text_of_key = tree.get("metrics-addr")
    if isinstance(text_of_key, str) and text_of_key and place(text_of_key) is None:
        text = "must be ADDRESS:PORT: dockerd does not start"
        yield "D017", "error", ("metrics-addr",), text, "write for example 127.0.0.1:9323"


def in_the_way(tree: Tree, changed: frozenset[str], docker: DockerFacts, facts: Facts) -> Iterator[Blocker]:
    """Blocks new places of dockerd that another process holds, or whose address no interface of the host has."""
    for key, address, port in places(tree):
        if str(key[0]) not in changed:
            continue
        where = f"{address}:{port}, where Docker is to listen ({key[0]})"
        if holder := _holder(address, port, docker):
            message = f"{where}, is used by {holder}, so Docker would not start: stop it, or use another port"
            yield Blocker("port-taken", message, (f"{address}:{port}",))
        elif _elsewhere(address, tree, docker, facts):
            message = f"{where}, is not an address of this host, so Docker would not start"
            yield Blocker("listen-not-here", message, (f"{address}:{port}",))


def _holder(address: str, port: str, docker: DockerFacts) -> str:
    """The holder of a place in words; empty if the place is free, or dockerd's own."""
    for container in docker.containers:
        if container.running and overlap(container.ports, address, port):
            return f"container {container.name}"
    for listener, process in docker.listeners.items():
        if process != "dockerd" and overlap((listener,), address, port):
            return f"process {process}" if process else "a process"
    return ""


def _elsewhere(address: str, tree: Tree, docker: DockerFacts, facts: Facts) -> bool:
    try:
        ip = ip_address(address)
    except ValueError:
        return False  # a name, which the host resolves
    bip = str(tree.get("bip") or "").partition("/")[0]
    own_addresses = {*facts.addresses, docker.bridge, bip, *_ANYWHERE}
    return bool(facts.addresses) and not ip.is_loopback and str(ip) not in own_addresses
