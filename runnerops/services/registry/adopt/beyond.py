"""Options of a container that no key of the section can express, as a service of a Compose file has them. Pure.

Defaults of Docker are left out, and so are options that every cache of runnerops has: command, restart policy and log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runnerops.model.common import Tree, Value
from runnerops.patterns import late_pattern

_SIMPLE = {
    "ExtraHosts": "extra_hosts", "Dns": "dns", "DnsSearch": "dns_search", "DnsOptions": "dns_opt", "CapAdd": "cap_add",
    "CapDrop": "cap_drop", "SecurityOpt": "security_opt", "GroupAdd": "group_add", "Sysctls": "sysctls",
    "ReadonlyRootfs": "read_only", "Privileged": "privileged", "Init": "init", "OomScoreAdj": "oom_score_adj",
    "CpuShares": "cpu_shares", "CpusetCpus": "cpuset", "CpuQuota": "cpu_quota", "CpuPeriod": "cpu_period",
    "UsernsMode": "userns_mode", "CgroupParent": "cgroup_parent", "PidMode": "pid",
}  # fmt: skip
"""Keys of `HostConfig` that a service has by another name, with the same value. Empty values, zero and false are left
out.
"""

_SIZES = {"Memory": "mem_limit", "MemoryReservation": "mem_reservation"}

_UNITS = ((2**30, "g"), (2**20, "m"), (2**10, "k"))

_OURS = frozenset({"image", "command", "restart", "ports", "volumes", "environment", "labels", "logging"})
"""Keys of a service that the shipped template gives."""

_LABEL = "runnerops.registry-config.sha256"
_COMPOSE = late_pattern(r"com\.docker\.(compose|swarm)\.|desktop\.docker\.")


def of_container(config: Mapping[str, Any], host: Mapping[str, Any], image: Mapping[str, Any]) -> Tree:
    """`docker inspect`'s `Config` and `HostConfig`, and its image's `Config`. A `$` is doubled, as Compose requires."""
    service: Tree = {name: host[key] for key, name in _SIMPLE.items() if host.get(key)}
    service |= {name: _size(int(host[key])) for key, name in _SIZES.items() if host.get(key)}
    service |= dict(_derived(host))
    if (user := config.get("User")) and user != image.get("User"):
        service["user"] = str(user)
    if image and (entry := config.get("Entrypoint")) and entry != image.get("Entrypoint"):
        service["entrypoint"] = [*entry]
    if config.get("StopTimeout"):
        service["stop_grace_period"] = f"{config['StopTimeout']}s"
    if (check := config.get("Healthcheck")) and check != image.get("Healthcheck"):
        service["healthcheck"] = dict(_health(check))
    labels = _without(config.get("Labels"), image.get("Labels"))
    if own_labels := {name: value for name, value in labels.items() if not _COMPOSE.match(name) and name != _LABEL}:
        service["labels"] = {**own_labels}
    doubled = _doubled(service)
    assert isinstance(doubled, dict)
    return doubled


_LEFT = {"UTSMode": "uts", "DeviceCgroupRules": "device_cgroup_rules", "StorageOpt": "storage_opt"}
"""Keys of `HostConfig` that Compose 1 cannot express, or that only some storage drivers accept."""


def left_out(host: Mapping[str, Any], networks: Mapping[str, Any]) -> tuple[str, ...]:
    """Options that neither a section nor a template can express, in words. `networks` are those of the container, by
    name.
    """
    ends = (network for network in networks.values() if isinstance(network, dict))
    links = [*(host.get("Links") or ()), *(link for end in ends for link in end.get("Links") or ())]
    to = dict.fromkeys(str(link).partition(":")[0].lstrip("/") for link in links)
    left_names = [name for key, name in _LEFT.items() if host.get(key)]
    return (*([f"links to {names([*to])}"] if to else []), *left_names)


def of_service(service: Tree) -> Tree:
    """The keys of a service of our own Compose file that the shipped template does not give. `$` stays as it is."""
    beyond: Tree = {name: value for name, value in service.items() if name not in _OURS and value is not None}
    labels = service.get("labels")
    if isinstance(labels, dict) and (own_labels := {name: value for name, value in labels.items() if name != _LABEL}):
        beyond["labels"] = own_labels
    for name, usual in (("ports", 1), ("volumes", 2)):
        items = service.get(name)
        if isinstance(items, list) and (further := items[usual:]):
            beyond[name] = further
    return beyond


def _derived(host: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    """Options that a service writes in another form."""
    memory, swap, cpus, pids = (int(host.get(key) or 0) for key in ("Memory", "MemorySwap", "NanoCpus", "PidsLimit"))
    if swap and swap != 2 * memory:  # twice the limit is Docker's default
        yield "memswap_limit", _size(swap) if swap > 0 else swap
    if cpus:
        yield "cpus", cpus / 10**9
    if pids > 0:
        yield "pids_limit", pids
    if tmpfs := host.get("Tmpfs"):
        yield "tmpfs", [f"{path}:{options}" if options else path for path, options in tmpfs.items()]
    if devices := host.get("Devices"):
        keys = ("PathOnHost", "PathInContainer", "CgroupPermissions")
        yield "devices", [":".join(str(device[key]) for key in keys) for device in devices]
    if ulimits := host.get("Ulimits"):
        yield "ulimits", {str(ulimit["Name"]): {"soft": ulimit["Soft"], "hard": ulimit["Hard"]} for ulimit in ulimits}


def _health(check: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    """A healthcheck. Docker gives its times in nanoseconds."""
    if check.get("Test"):
        yield "test", check["Test"]
    for key, name in (("Interval", "interval"), ("Timeout", "timeout"), ("StartPeriod", "start_period")):
        if check.get(key):
            yield name, f"{int(check[key]) // 10**6}ms" if check[key] % 10**9 else f"{check[key] // 10**9}s"
    if check.get("Retries"):
        yield "retries", check["Retries"]


def _size(count: int) -> Value:
    unit = next(((size, name) for size, name in _UNITS if count % size == 0), None)
    return f"{count // unit[0]}{unit[1]}" if unit else count


def _without(values: Any, image_values: Any) -> dict[str, str]:
    image_pairs = image_values if isinstance(image_values, dict) else {}
    values = values if isinstance(values, dict) else {}
    return {str(name): str(value) for name, value in values.items() if image_pairs.get(name) != value}


def _doubled(value: Value) -> Value:
    if isinstance(value, dict):
        return {name: _doubled(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_doubled(item) for item in value]
    return value.replace("$", "$$") if isinstance(value, str) else value


def names(words: Sequence[str]) -> str:
    """Keys in words."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
