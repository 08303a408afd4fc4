"""The keys of daemon.json, as data: the type of each, the releases that have it, and which action loads a change of it.
Pure.

Source: moby's `daemon/config` at every minor release from 19.03 to 29.2, and `daemon/reload.go` for what a reload does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from runnerops.frozen import frozen
from runnerops.model.common import Tree, Value
from runnerops.patterns import late_pattern
from runnerops.services.shared.versions import Version, version_of

Kind: TypeAlias = Literal["bool", "int", "string", "strings", "flags", "texts", "object", "objects"]
"""`flags`: names to booleans. `texts`: names to strings."""


@frozen
class DaemonKey:
    """`since` is the first release that has the key (empty: all), `until` the first that no longer has it (empty:
    none). `reload`: a reload is enough. `sticky`: when it is removed from the file, a reload leaves its old value
    loaded. `neutral`: the value that means the same as no key; None if no value does so on every host.
    """

    name: str
    kind: Kind
    since: str = ""
    until: str = ""
    reload: bool = False
    sticky: bool = False
    neutral: Value = None


def _reloads(name: str, kind: Kind, neutral: Value, since: str = "", until: str = "") -> DaemonKey:
    return DaemonKey(name, kind, since, until, reload=True, neutral=neutral)


def _sticks(name: str, kind: Kind, neutral: Value, since: str = "") -> DaemonKey:
    return DaemonKey(name, kind, since, reload=True, sticky=True, neutral=neutral)


_RELOADED = (
    _sticks("debug", "bool", False),
    _sticks("labels", "strings", []),
    _sticks("live-restore", "bool", False),
    _sticks("shutdown-timeout", "int", 15),
    _sticks("registry-mirrors", "strings", []),
    _sticks("insecure-registries", "strings", []),
    _sticks("runtimes", "object", {}),
    _sticks("default-shm-size", "string", "64M"),
    _sticks("default-runtime", "string", "runc"),
    _sticks("default-ipc-mode", "string", "private"),
    _sticks("default-cgroupns-mode", "string", None, since="20.10"),  # the default depends on the kernel
    _sticks("default-stop-timeout", "int", 10, since="29.7"),
    _reloads("max-concurrent-downloads", "int", 3),
    _reloads("max-concurrent-uploads", "int", 5),
    _reloads("max-download-attempts", "int", 5, since="20.10"),
    _reloads("network-diagnostic-port", "int", 0),
    _reloads("authorization-plugins", "strings", []),
    _reloads("features", "flags", {}),
    _reloads("nri-opts", "object", {}, since="29.2"),
    _reloads("allow-nondistributable-artifacts", "strings", []),
    _reloads("cluster-store", "string", None, until="23.0"),
    _reloads("cluster-advertise", "string", None, until="23.0"),
    _reloads("cluster-store-opts", "texts", {}, until="23.0"),
)

_RESTARTED: Mapping[Kind, str] = {
    "bool": "allow-direct-routing@28.2 cri-containerd experimental icc init ip-forward ip-forward-no-drop@28.0 ip-masq "
    "ip6tables@20.10 iptables ipv6 no-new-privileges raw-logs rootless selinux-enabled tls tlsverify userland-proxy",
    "int": "cpu-rt-period cpu-rt-runtime mtu network-control-plane-mtu oom-score-adjust@-26.0",
    "string": "api-cors-header@-28.0 bip bip6@28.0 bridge bridge-accept-fwmark@29.0 cgroup-parent containerd "
    "containerd-namespace@20.10 containerd-plugins-namespace@20.10 data-root default-gateway default-gateway-v6 "
    "deprecated-key-path exec-root firewall-backend@29.0 fixed-cidr fixed-cidr-v6 graph@-23.0 group "
    "host-gateway-ip@20.10 init-path ip log-driver log-format@25.0 log-level metrics-addr min-api-version@29.0 pidfile "
    "seccomp-profile storage-driver swarm-default-advertise-addr tlscacert tlscert tlskey "
    "userland-proxy-path userns-remap",
    "strings": "cdi-spec-dirs@25.0 dns dns-opts dns-search exec-opts host-gateway-ips@28.0 hosts node-generic-resources "
    "storage-opts",
    "texts": "log-opts proxies@23.0",
    "object": "builder default-network-opts@24.0 default-ulimits",
    "objects": "default-address-pools",
}
"""Keys that only a restart loads, as `NAME`, `NAME@SINCE` or `NAME@-UNTIL`."""


def _restarts(kind: Kind, word: str) -> DaemonKey:
    name, _, when = word.partition("@")
    if when.startswith("-"):
        return DaemonKey(name, kind, until=when[1:])
    return DaemonKey(name, kind, since=when)


KEYS: Mapping[str, DaemonKey] = {
    key.name: key
    for key in (*_RELOADED, *(_restarts(kind, word) for kind, words in _RESTARTED.items() for word in words.split()))
}

UNREAD: Mapping[str, Version] = {
    "allow-nondistributable-artifacts": (28, 1),
    "containerd-plugins-namespace": (0, 0),
    "deprecated-key-path": (24, 0),
}
"""Keys that are allowed because a flag has their name, and the release from which dockerd ignores them in the file."""

STICKY = tuple(key for key in KEYS.values() if key.sticky)

DEFAULT_ROOT = "/var/lib/docker"
"""The data-root if neither the file nor a flag sets one."""

_USER_FOLDER = late_pattern(r"/\d+\.\d+$")

_SINGULAR = {
    "add-runtime": "runtimes",
    "authorization-plugin": "authorization-plugins",
    "cdi-spec-dir": "cdi-spec-dirs",
    "cluster-store-opt": "cluster-store-opts",
    "default-address-pool": "default-address-pools",
    "default-network-opt": "default-network-opts",
    "default-ulimit": "default-ulimits",
    "dns-opt": "dns-opts",
    "exec-opt": "exec-opts",
    "feature": "features",
    "host": "hosts",
    "host-gateway-ip": "host-gateway-ips",
    "insecure-registry": "insecure-registries",
    "label": "labels",
    "log-opt": "log-opts",
    "node-generic-resource": "node-generic-resources",
    "registry-mirror": "registry-mirrors",
    "storage-opt": "storage-opts",
}
_SHORT = {
    "D": "debug",
    "G": "group",
    "H": "hosts",
    "b": "bridge",
    "g": "data-root",
    "l": "log-level",
    "p": "pidfile",
    "s": "storage-driver",
}


FLAG_NAMES = {name: key for name, key in _SINGULAR.items() if name != "host-gateway-ip"}
"""Flags by their names on the command line. dockerd accepts them in the file too, and ignores them there."""

IDLE_FLAGS = frozenset({"config-file", "help", "restart", "validate", "version"})
"""Flags that dockerd accepts in the file too, but that set no value of the configuration."""


def key_of_flag(word: str) -> str:
    """The key that a word of dockerd's command line sets: `-H`, `--registry-mirror=URL`; empty for any other word."""
    if word.startswith("--"):
        name = word[2:].partition("=")[0]
        return _SINGULAR.get(name, name)
    return _SHORT.get(word[1:2], "") if word.startswith("-") else ""


def root_of(info_root: str) -> str:
    """The data-root of a `DockerRootDir`, without the folder of a user namespace at its end."""
    return _USER_FOLDER.sub("", info_root)


def reloads(name: str, version: Version | None) -> bool:
    """Whether a reload loads this key. An unknown version counts as an old one."""
    key = KEYS.get(name)
    if key is None or not key.reload:
        return False
    since = version_of(key.since)
    return since is None or (version is not None and version >= since)


def neutral(name: str, value: Value) -> bool:
    """Whether `name: value` means the same as no such key at all."""
    if value is None or (isinstance(value, list | dict) and not value):
        return True
    key = KEYS.get(name)
    return key is not None and key.neutral is not None and type(value) is type(key.neutral) and value == key.neutral


def mirrors_of(value: Value) -> tuple[str, ...]:
    """`registry-mirrors` as dockerd normalises them: without repetitions, each with a slash at the end."""
    urls = value if isinstance(value, list) else []
    return tuple(dict.fromkeys(f"{str(url).rstrip('/')}/" for url in urls))


def wanted_mirrors(tree: Tree) -> tuple[str, ...]:
    """The mirrors that a daemon.json asks for."""
    return mirrors_of(tree.get("registry-mirrors"))
