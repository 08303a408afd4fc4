"""The questions to a host about its Docker daemon, and how the answers are read. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from runnerops.model.answers import Answers, text_of
from runnerops.model.common import Tree, Value
from runnerops.model.facts import DataRoot, DockerFacts, DockerStore, Facts, HostsFile, Unit
from runnerops.model.inventory import RenderedFile
from runnerops.patterns import late_pattern
from runnerops.services.base import ParseError
from runnerops.services.docker.format import PATH, parse
from runnerops.services.docker.observe import ways
from runnerops.services.docker.observe.containers import containers, images, json_object
from runnerops.services.docker.observe.listening import places
from runnerops.services.docker.schema import DEFAULT_ROOT, mirrors_of, root_of
from runnerops.services.shared.listeners import listeners

OBSERVE = Path(__file__).with_name("observe.sh").read_text(encoding="utf-8")

UNIT = "docker.service"
NOT_THERE = "not-found"
"""The state of a unit that the host does not have."""

SELINUX = "selinux-enabled"
"""The key of daemon.json for which the host is asked whether it has SELinux."""

CONTAINER = (
    '{"id":{{json .Id}},"name":{{json .Name}},"image":{{json .Config.Image}},"running":{{json .State.Running}},'
    '"restart":{{json .HostConfig.RestartPolicy.Name}},"ports":{{json .HostConfig.PortBindings}},'
    '"labels":{{json .Config.Labels}},"mounts":{{json .Mounts}},"remove":{{json .HostConfig.AutoRemove}}}'
)


def questions(rendered: Sequence[RenderedFile]) -> tuple[tuple[str, ...], ...]:
    """Every host is asked, because a runner's jobs and a cache need the daemon even if its file is not managed."""
    path = rendered[0].spec.path if rendered else PATH
    trees = tuple(_trees(rendered))
    named_roots = (str(root) for tree in trees for name in ("data-root", "graph") if (root := tree.get(name)))
    roots = tuple(dict.fromkeys((DEFAULT_ROOT, *named_roots)))
    return (
        ("await_docker_daemon", CONTAINER, *roots),
        ("observe_docker", path, *roots),
        *((("observe_docker_listeners",),) if any(True for tree in trees for _ in places(tree)) else ()),
        *((("observe_docker_selinux",),) if any(tree.get(SELINUX) is True for tree in trees) else ()),
    )


def _trees(rendered: Sequence[RenderedFile]) -> Iterator[Tree]:
    for file in rendered:
        try:
            yield parse(file.content or b"")
        except ParseError:
            continue


def facts(facts: Facts, answers: Answers) -> Facts:
    """Docker's part of the facts; None if the host has neither a client nor a unit."""
    unit = _unit(answers)
    where = text_of(answers, "docker_where")
    if unit.active == NOT_THERE and not where:
        return facts
    lines = (line for line in text_of(answers, "docker_responses").split("\n") if line.startswith('{"ID":'))
    info = json_object(next(lines, text_of(answers, "docker_info")))
    loaded = info if info.get("ServerVersion") else {}
    registries = loaded.get("RegistryConfig")
    mirrors = registries.get("Mirrors") if isinstance(registries, dict) else None
    swarm = loaded.get("Swarm")
    address, prefix = _bridge(answers)
    live_restore = loaded.get("LiveRestoreEnabled")
    docker = DockerFacts(
        unit=unit,
        version=str(loaded.get("ServerVersion") or ""),
        flavour=_flavour(info, where, unit, text_of(answers, "docker_rootless")),
        mirrors=mirrors_of(mirrors) if loaded else None,
        live_restore=live_restore if isinstance(live_restore, bool) else None,
        swarm=isinstance(swarm, dict) and swarm.get("LocalNodeState") not in (None, "", "inactive"),
        bridge=address,
        bridge_prefix=prefix,
        containers=tuple({container.id: container for container in containers(answers)}.values()),
        images=frozenset(images(answers)),
        store=_store(loaded),
        roots=dict(_roots(text_of(answers, "docker_roots"))),
        client=ways.client(answers),
        routes=tuple(ways.routes(answers)),
        resolvers=tuple(ways.resolvers(answers)),
        plugins=_log_drivers(loaded),
        firewall=_firewall(loaded, answers),
        hosts_file=_hosts_file(text_of(answers, "docker_hosts")),
        listeners=dict(listeners(text_of(answers, "docker_listeners"))),
        selinux=answers["docker_selinux"].status == 0 if "docker_selinux" in answers else None,
    )
    return replace(facts, docker=docker)


def _store(info: Mapping[str, Value]) -> DockerStore | None:
    root, pairs, options, warnings = (
        info.get(name) for name in ("DockerRootDir", "DriverStatus", "SecurityOptions", "Warnings")
    )
    if not isinstance(root, str) or not root:
        return None
    status = [pair for pair in pairs if isinstance(pair, list)] if isinstance(pairs, list) else []
    return DockerStore(
        root=root_of(root),
        driver=str(info.get("Driver") or ""),
        containerd=any("io.containerd.snapshotter" in str(word) for pair in status for word in pair),
        remapped=isinstance(options, list) and "name=userns" in options,
        embedded=isinstance(warnings, list) and any("embedded-containerd" in str(line) for line in warnings),
    )


def _roots(text: str) -> Iterator[tuple[str, DataRoot]]:
    """A line a path: as it was given, its real path, the storage drivers whose state lies there, between tabs."""
    for line in text.splitlines():
        path, _, rest = line.partition("\t")
        real, _, drivers = rest.partition("\t")
        yield path, DataRoot(real or path, tuple(drivers.split()))


def _log_drivers(info: Mapping[str, Value]) -> tuple[str, ...]:
    plugins = info.get("Plugins")
    names = plugins.get("Log") if isinstance(plugins, dict) else None
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


def _firewall(info: Mapping[str, Value], answers: Answers) -> Mapping[str, str]:
    """`driver`: the firewall that the daemon uses, as newer ones tell, be it through firewalld (`nftables+firewalld`);
    `forward`: what net.ipv4.ip_forward is.
    """
    backend = info.get("FirewallBackend")
    driver = str(backend.get("Driver") or "") if isinstance(backend, dict) else ""
    return {"driver": driver.partition("+")[0], "forward": text_of(answers, "docker_forward")}


_HOST = late_pattern(r"""host\s*\.\s*["']?([^"'\]\s]+)""")


def _hosts_file(text: str) -> HostsFile | None:
    """None if there is no such file, or it names no host. Then registry-mirrors count."""
    path, _, rest = text.partition("\n")
    hosts = tuple(dict.fromkeys(match[1] for line in rest.splitlines() if (match := _HOST.search(line))))
    return HostsFile(path, hosts) if hosts else None


def _unit(answers: Answers) -> Unit:
    pairs = (line.partition("=") for line in text_of(answers, "docker_unit").splitlines())
    shown = {name: value for name, _, value in pairs}
    if shown.get("LoadState", NOT_THERE) == NOT_THERE:
        return Unit(UNIT, NOT_THERE)
    pid = shown.get("MainPID", "0")
    return Unit(
        name=UNIT,
        active=shown.get("ActiveState", ""),
        pid=int(pid) if pid.isdecimal() else 0,
        invocation=shown.get("InvocationID", ""),
        argv=tuple(text_of(answers, "docker_argv").splitlines()),
        enabled=shown.get("UnitFileState", ""),
    )


def _flavour(info: Mapping[str, Value], where: str, unit: Unit, rootless: str) -> str:
    root = str(info.get("DockerRootDir") or "")
    options = info.get("SecurityOptions")
    if "podman" in where or ("host" in info and "store" in info):
        return "podman"
    if where.startswith("/snap/") or root.startswith("/var/snap/") or where == "/usr/bin/snap":
        return "snap"
    if isinstance(options, list) and "name=rootless" in options:
        return "rootless"
    return "rootless" if unit.active == NOT_THERE and rootless else "engine"


def _bridge(answers: Answers) -> tuple[str, int]:
    """The IPv4 address of the bridge and the prefix length of its network, from the daemon or else from the
    interface.
    """
    for line in text_of(answers, "docker_bridge").splitlines():
        address, _, network = line.partition(" ")
        if "." in address:
            return address, _prefix(network)
    words = text_of(answers, "docker_interface").split()
    interface_network = words[words.index("inet") + 1] if "inet" in words else ""
    return interface_network.partition("/")[0], _prefix(interface_network)


def _prefix(network: str) -> int:
    digits = network.partition("/")[2]
    return int(digits) if digits.isdecimal() else 16
