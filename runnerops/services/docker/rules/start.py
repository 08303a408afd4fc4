"""What dockerd dies of only where it starts with a daemon.json, though `--validate` takes it. Pure. One function a rule.

Source: moby's `daemon/daemon_unix.go`, `daemon/command/daemon.go` and `daemon/pkg/opts/hosts.go`, 20.10 to 29.7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from ipaddress import ip_interface, ip_network
from typing import Literal

from runnerops.model.common import Tree
from runnerops.services.docker.schema import Version, version_of
from runnerops.services.docker.schema.features import FLAGS, READ_TO
from runnerops.services.docker.schema.nested import Found, Severity

_START = "dockerd does not start"
_API = re.compile(r"1\.(\d+)")
_OLDEST_API = 24
_NO_HUB = re.compile(
    r"(?:.*\.)?(?:ghcr\.io|quay\.io|gcr\.io|registry\.k8s\.io|mcr\.microsoft\.com|registry\.gitlab\.com)"
)


def start_rules(tree: Tree, version: Version | None) -> Found:
    """All rules. What depends on a version that is not known is a warning."""
    for rule in (_hosts, _formats, _bridge, _cgroup, _swarm, _mirrors):
        yield from rule(tree)
    for timely in (_ipv6, _storage_options, _features):
        yield from timely(tree, version)


def since(release: str, version: Version | None) -> Severity | Literal[""]:
    """The severity of what dockerd refuses from a release on; empty where the version is older."""
    if version is None:
        return "warning"
    return "error" if version >= (version_of(release) or version) else ""


def _texts(tree: Tree, name: str) -> Iterator[tuple[int, str]]:
    value = tree.get(name)
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, str):
            yield index, item


def _hosts(tree: Tree) -> Found:
    for index, host in _texts(tree, "hosts"):
        kind, found, rest = host.strip().partition("://")
        if found and kind not in {"tcp", "unix", "npipe", "fd"}:
            yield "D017", "error", ("hosts", index), "must be tcp://, unix:// or fd://", _START
        elif (kind == "tcp" or not found) and host.strip() and tree.get("tlsverify") is not True:
            address = (rest or kind).rpartition(":")[0] or rest or kind
            if not re.match(r"127\.|localhost|\[?::1", address):
                text = "gives root on this host to everybody who reaches the port"
                yield (
                    "D024",
                    "warning",
                    ("hosts", index),
                    text,
                    "take it out and use SSH, or set tlsverify with certificates",
                )


def _formats(tree: Tree) -> Found:
    api = tree.get("min-api-version")
    if isinstance(api, str) and not ((found := _API.fullmatch(api)) and int(found[1]) >= _OLDEST_API):
        yield "D017", "error", ("min-api-version",), f"must be a version of the API from 1.{_OLDEST_API} on", _START
    mark = tree.get("bridge-accept-fwmark")
    if (
        isinstance(mark, str)
        and mark
        and not re.fullmatch(r"(?:0[xX][0-9a-fA-F]+|\d+)(?:/(?:0[xX][0-9a-fA-F]+|\d+))?", mark)
    ):
        yield "D017", "error", ("bridge-accept-fwmark",), "must be MARK or MARK/MASK", _START


def _bridge(tree: Tree) -> Found:
    bip, fixed = tree.get("bip"), tree.get("fixed-cidr")
    try:
        network = ip_interface(bip).network if isinstance(bip, str) and "/" in bip else None
        part = ip_network(fixed, strict=False) if isinstance(fixed, str) and fixed else None
    except ValueError:  # another rule says so
        return
    if network and part and (part.version != network.version or not part.subnet_of(network)):  # type: ignore[arg-type]
        text = f"lies outside of {network}, the network of `bip`: containers get addresses that it does not reach"
        yield "D022", "warning", ("fixed-cidr",), text, "write a part of that network"


def _cgroup(tree: Tree) -> Found:
    systemd = any(option.replace(" ", "") == "native.cgroupdriver=systemd" for _, option in _texts(tree, "exec-opts"))
    parent = tree.get("cgroup-parent")
    if systemd and isinstance(parent, str) and parent and not (parent.endswith(".slice") and len(parent) > 6):
        text = "must be the name of a slice, such as docker.slice, where the cgroup driver is systemd"
        yield "D022", "error", ("cgroup-parent",), text, _START


def _swarm(tree: Tree) -> Found:
    if tree.get("live-restore") is True and tree.get("swarm-default-advertise-addr"):
        text = "is refused in swarm mode, for which swarm-default-advertise-addr is"
        yield "D011", "warning", ("live-restore",), text, "take one of them out"


def _mirrors(tree: Tree) -> Found:
    for index, url in _texts(tree, "registry-mirrors"):
        host = url.partition("://")[2].partition("/")[0].partition(":")[0].lower()
        if _NO_HUB.fullmatch(host) and host != "mirror.gcr.io":
            text = f"a mirror is asked for images of Docker Hub only, and {host} holds others"
            yield (
                "D025",
                "warning",
                ("registry-mirrors", index),
                text,
                "take it out: dockerd has no mirrors of other registries",
            )


def _ipv6(tree: Tree, version: Version | None) -> Found:
    alone = tree.get("ipv6") is True and not tree.get("fixed-cidr-v6") and tree.get("bridge") in (None, "")
    if alone and (version is None or version < (28, 0)):
        severity: Severity = "error" if version else "warning"
        yield "D022", severity, ("ipv6",), "needs fixed-cidr-v6 beside it before 28.0", f"{_START} without"


def _storage_options(tree: Tree, version: Version | None) -> Found:
    driver = tree.get("storage-driver")
    for index, option in _texts(tree, "storage-opts"):
        name, equals, _ = option.partition("=")
        name, key = name.strip().lower(), ("storage-opts", index)
        if not equals:
            yield "D017", "error", key, "must be NAME=VALUE", _START
        elif name == "overlay2.override_kernel_check":
            if severity := since("24.0", version):
                yield (
                    "D020",
                    severity,
                    key,
                    "overlay2 knows no override_kernel_check since 24.0",
                    f"{_START}; take it out",
                )
        elif name.startswith("overlay2.") and name != "overlay2.size":
            yield "D020", "error", key, f"overlay2 has no option {name!r}, only overlay2.size", _START
        elif name.startswith("dm.") and driver in {"overlay2", "btrfs", "zfs", "vfs"}:
            yield "D020", "error", key, f"is an option of devicemapper, and the driver is {driver}", _START


def _features(tree: Tree, version: Version | None) -> Found:
    features = tree.get("features")
    for name in features if isinstance(features, dict) and (version is None or version <= READ_TO) else ():
        if name not in FLAGS and (near := get_close_matches(name.lower(), FLAGS, 1, 0.85)):
            text = f"unknown feature, did you mean '{near[0]}'?"
            yield "D012", "error", ("features", name), text, f"dockerd ignores it; write {near[0]}"
