"""What keeps dockerd from starting with a daemon.json although `--validate` accepts it. Pure. Each rule is a function.

Source: moby's `daemon/daemon_unix.go`, `daemon/command/daemon.go` and `daemon/pkg/opts/hosts.go`, 20.10 to 29.7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_interface, ip_network

from runnerops.model.common import Tree
from runnerops.parsing.near import near_fix, question, similar_names
from runnerops.patterns import late_pattern
from runnerops.services.docker.rules.timely import before, since
from runnerops.services.docker.schema.features import FLAGS, READ_TO
from runnerops.services.docker.schema.nested import Found
from runnerops.services.shared.versions import Version

_START = "dockerd does not start"
_API = late_pattern(r"1\.(\d+)")
_OLDEST_API = 24
_NEWEST_API = 55


def start_rules(tree: Tree, version: Version | None) -> Found:
    """Runs all rules. A finding that depends on an unknown version is a warning."""
    for rule in (_hosts, _formats, _cgroup, _swarm):
        yield from rule(tree)
    for timely in (_api, _bridge, _ipv6, _seccomp, _features, _proxy):
        yield from timely(tree, version)


def _texts(tree: Tree, name: str) -> Iterator[tuple[int, str]]:
    value = tree.get(name)
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, str):
            yield index, item


def _no_tcp(address: str) -> str:
    """Why a text is not ADDRESS:PORT, as `ParseTCPAddr` of moby reads it. Either part may be left out."""
    if "/" in address:
        return "is an address, which must have no path"
    port = re.search(r":([^:\]]+)$", address)
    return "has a port that is not a number of 1 or more" if port and not (port[1].isdecimal() and int(port[1])) else ""


def _hosts(tree: Tree) -> Found:
    for index, host in _texts(tree, "hosts"):
        kind, separator, rest = host.strip().partition("://")
        if separator and kind not in {"tcp", "unix", "npipe", "fd"}:
            text = f"must begin with tcp://, unix:// or fd://: {_START}"
            yield "D017", "error", ("hosts", index), text, near_fix(f"{kind}://", ("tcp://", "unix://", "fd://"))
        elif (kind == "tcp" or not separator) and (problem := _no_tcp(rest if separator else kind)):
            yield "D017", "error", ("hosts", index), f"{problem}: {_START}", "write tcp://ADDRESS:PORT"
        elif (kind == "tcp" or not separator) and host.strip() and tree.get("tlsverify") is not True:
            address = (rest or kind).rpartition(":")[0] or rest or kind
            if not re.match(r"127\.|localhost|\[?::1", address):
                text = "gives everybody who can reach the port root access to this host"
                yield (
                    "D024",
                    "warning",
                    ("hosts", index),
                    text,
                    "take it out and use SSH, or set tlsverify with certificates",
                )


def _formats(tree: Tree) -> Found:
    mark = tree.get("bridge-accept-fwmark")
    values = (
        re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)(?:/(0[xX][0-9a-fA-F]+|\d+))?", mark) if isinstance(mark, str) else None
    )
    fits = values and all(int(part, 0 if part[:2].lower() == "0x" else 10) < 2**32 for part in values.groups() if part)
    if isinstance(mark, str) and mark and not fits:
        yield (
            "D017",
            "error",
            ("bridge-accept-fwmark",),
            f"must be MARK or MARK/MASK, each a number of up to 32 bits: {_START}",
            "write for example 0x1/0x1",
        )


def _api(tree: Tree, version: Version | None) -> Found:
    api, key = tree.get("min-api-version"), ("min-api-version",)
    match = _API.fullmatch(api) if isinstance(api, str) and api else None
    if isinstance(api, str) and api and not (match and int(match[1]) >= _OLDEST_API):
        text = f"must be a version of the API, 1.{_OLDEST_API} or newer: {_START}"
        yield "D017", "error", key, text, 'write for example "1.44"'
    elif match and int(match[1]) > _NEWEST_API and (version is None or version <= READ_TO):
        text = f"is newer than the API of dockerd {READ_TO[0]}.{READ_TO[1]}, which is 1.{_NEWEST_API}: {_START}"
        yield "D017", "error" if version else "warning", key, text, f'write "1.{_NEWEST_API}" or an older one'


def _bridge(tree: Tree, version: Version | None) -> Found:
    """dockerd starts. Up to 27 a part outside of the network has no effect, and later no container starts."""
    for name, of in (("fixed-cidr", "bip"), ("fixed-cidr-v6", "bip6")):
        whole, part = tree.get(of), tree.get(name)
        try:
            network = ip_interface(whole).network if isinstance(whole, str) and "/" in whole else None
            inner = ip_network(part, strict=False) if isinstance(part, str) and part else None
        except ValueError:  # reported by another rule
            continue
        if network and inner and (inner.version != network.version or not inner.overlaps(network)):
            harm = "no container starts since 28.0" if since("28.0", version) else "it has no effect"
            text = f"is outside of {network}, the network of `{of}`: {harm}"
            yield "D022", since("28.0", version) or "warning", (name,), text, "write a part of that network"


def _cgroup(tree: Tree) -> Found:
    systemd = any(option.replace(" ", "") == "native.cgroupdriver=systemd" for _, option in _texts(tree, "exec-opts"))
    parent = tree.get("cgroup-parent")
    if systemd and isinstance(parent, str) and parent and not (parent.endswith(".slice") and len(parent) > 6):
        text = f"must be the name of a slice, such as docker.slice, with the cgroup driver systemd: {_START}"
        name = parent.removesuffix(".slice").strip("/").replace("/", "-") or "docker"
        yield "D022", "error", ("cgroup-parent",), text, f"write {name}.slice"


def _swarm(tree: Tree) -> Found:
    if tree.get("live-restore") is True and tree.get("swarm-default-advertise-addr"):
        text = "is refused in swarm mode, which swarm-default-advertise-addr is for"
        yield "D011", "warning", ("live-restore",), text, "take one of them out"


def _ipv6(tree: Tree, version: Version | None) -> Found:
    alone = tree.get("ipv6") is True and not tree.get("fixed-cidr-v6") and not (tree.get("bridge") or tree.get("bip6"))
    if alone and (severity := before("28.0", version)):
        text = f"needs fixed-cidr-v6 too before 28.0: {_START}"
        yield "D022", severity, ("ipv6",), text, "add fixed-cidr-v6, such as 2001:db8:1::/64"
    hidden = (
        tree.get("ip6tables") is True and tree.get("experimental") is not True and tree.get("iptables") is not False
    )
    if hidden and (severity := before("27.0", version)):
        text = f"needs `experimental: true` too before 27.0: {_START}"
        yield "D022", severity, ("ip6tables",), text, "add it, or take ip6tables out"


def _seccomp(tree: Tree, version: Version | None) -> Found:
    profile = tree.get("seccomp-profile")
    if not isinstance(profile, str) or not profile or "/" in profile:
        return
    if profile not in {"unconfined", "builtin"}:
        text = f"must be the path of a file, unconfined, or builtin: {_START}"
        fix = near_fix(profile, ("unconfined", "builtin")) or "write the whole path of the file"
        yield "D014", "error", ("seccomp-profile",), text, fix
    elif severity := before("23.0", version):
        text = f"must be the path of a file before 23.0: {_START}"
        yield "D014", severity, ("seccomp-profile",), text, "take it out"


def _proxy(tree: Tree, version: Version | None) -> Found:
    path, key = tree.get("userland-proxy-path"), ("userland-proxy-path",)
    if not isinstance(path, str) or not path or path.startswith("/") or tree.get("userland-proxy") is False:
        return
    if severity := since("25.0", version):
        text = "must be an absolute path since 25.0: dockerd refuses the whole file"
        yield "D017", severity, key, text, "write for example /usr/bin/docker-proxy"


def _features(tree: Tree, version: Version | None) -> Found:
    features = tree.get("features")
    for name in features if isinstance(features, dict) and (version is None or version <= READ_TO) else ():
        if name not in FLAGS and (similar := similar_names(name, FLAGS, 0.85)):
            text = f"unknown feature, which dockerd ignores, {question(similar)}"
            yield "D012", "error", ("features", name), text, f"write {' or '.join(similar)}"
