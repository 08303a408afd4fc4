"""How the value of each key of daemon.json can be seen in a running daemon, and which keys need a new default network.
Pure data.

Source: moby's `daemon/daemon_unix.go` (`initNetworkController`, `initBridgeDriver`) and `daemon/info.go`, 20.10 to 29.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_network

from runnerops.frozen import frozen
from runnerops.model.common import Tree, Value
from runnerops.services.docker.action.lists import listed
from runnerops.services.scripts import script
from runnerops.services.shared.versions import Version

INFO = ("docker", "info", "--format")
BRIDGE = ("docker", "network", "inspect", "bridge", "--format")
GATEWAY = "{{(index .IPAM.Config 0).Gateway}}"
"""Empty if dockerd chose the address itself at its last start."""
SUBNET = "{{(index .IPAM.Config 0).Subnet}}"

MOVES_BRIDGE = frozenset({"bip", "default-address-pools"})
"""Keys that give the default network its address. Without `bip` dockerd keeps the address that it finds on docker0."""

REMAKES_BRIDGE = MOVES_BRIDGE | frozenset(
    (
        "bip6",
        "default-gateway",
        "default-gateway-v6",
        "fixed-cidr",
        "fixed-cidr-v6",
        "icc",
        "ip",
        "ip-masq",
        "ipv6",
        "mtu",
    )
)
"""Keys of the default network. dockerd creates it again at each start, but keeps it unchanged if live-restore left a
container running.
"""


DEFAULT_POOLS: tuple[Value, ...] = tuple(
    {"base": base, "size": size}
    for base, size in (
        *((f"172.{second}.0.0/16", 16) for second in (17, 18, 19)),
        *((f"172.{second}.0.0/14", 16) for second in (20, 24, 28)),
        ("192.168.0.0/16", 20),
    )
)
"""The pools from which dockerd chooses networks if none are given (moby's `ipamutils`)."""


def _text(value: Value) -> str | None:
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)


def _quoted(value: Value) -> str | None:
    return f'"{value}"'


def _pools(value: Value) -> str | None:
    try:
        pools = [pool for pool in value if isinstance(pool, dict)] if isinstance(value, list) else []
        return "".join(f"{ip_network(str(pool['base']), strict=False)}/{pool['size']} " for pool in pools)
    except (KeyError, ValueError):
        return None


@frozen
class Shown:
    """`ask` and `form` print the value. `default` is printed without the key (None: it depends on the host).

    `newer`: a docker client that is older than its daemon may not have the field (the oldest here is 20.10).
    """

    ask: tuple[str, ...]
    form: str
    default: str | None
    text: Callable[[Value], str | None] = _text
    newer: bool = False


def _option(name: str) -> str:
    return f'{{{{index .Options "com.docker.network.{name}"}}}}'


SHOWN: Mapping[str, Shown] = {
    "debug": Shown(INFO, "{{.Debug}}", "false"),
    "default-address-pools": Shown(INFO, "{{range .DefaultAddressPools}}{{.Base}}/{{.Size}} {{end}}", "", _pools),
    "default-runtime": Shown(INFO, "{{.DefaultRuntime}}", "runc"),
    "experimental": Shown(INFO, "{{.ExperimentalBuild}}", "false"),
    "firewall-backend": Shown(INFO, '{{index (split .FirewallBackend.Driver "+") 0}}', None, newer=True),
    "log-driver": Shown(INFO, "{{.LoggingDriver}}", "json-file"),
    "fixed-cidr": Shown(BRIDGE, "{{json (index .IPAM.Config 0).IPRange}}", None, _quoted),
    "icc": Shown(BRIDGE, _option("bridge.enable_icc"), "true"),
    "ip": Shown(BRIDGE, _option("bridge.host_binding_ipv4"), None),
    "ip-masq": Shown(BRIDGE, _option("bridge.enable_ip_masquerade"), "true"),
    "ipv6": Shown(BRIDGE, "{{.EnableIPv6}}", "false"),
    "mtu": Shown(BRIDGE, _option("driver.mtu"), "1500"),
}
"""Keys that are verified by a question of their own."""


VERIFIED_ELSEWHERE = frozenset({"bip", "live-restore", "registry-mirrors"})
"""Keys that are verified elsewhere: the address of the bridge, and what every docker phase of a run asks the daemon."""

UNSEEN: Mapping[str, str] = {
    "only a container that runs later shows it": "cgroup-parent cpu-rt-period cpu-rt-runtime default-network-opts "
    "default-stop-timeout default-ulimits dns dns-opts dns-search host-gateway-ip host-gateway-ips init oom-score-adjust "
    "raw-logs",
    "only a pull, a push or a build shows it": "allow-nondistributable-artifacts builder max-concurrent-downloads "
    "max-concurrent-uploads max-download-attempts",
    "its value may be a secret, and the daemon masks it": "proxies",
    "rules of the kernel show it, among which others' may stand": "allow-direct-routing bridge-accept-fwmark ip-forward "
    "ip-forward-no-drop ip6tables iptables",
    "the daemon shows it in another form, or nowhere": "api-cors-header bip6 bridge cdi-spec-dirs "
    "cluster-advertise cluster-store cluster-store-opts containerd containerd-namespace containerd-plugins-namespace "
    "cri-containerd default-gateway default-gateway-v6 deprecated-key-path exec-root features fixed-cidr-v6 "
    "group hosts log-format log-level metrics-addr min-api-version network-control-plane-mtu network-diagnostic-port "
    "node-generic-resources nri-opts pidfile rootless shutdown-timeout swarm-default-advertise-addr "
    "tls tlscacert tlscert tlskey tlsverify",
    "it decides what the daemon sees at all, which has a stop": "data-root graph storage-driver storage-opts userns-remap",
}
"""Keys whose value cannot be seen, by the reason. For these, only the daemon's own success counts."""


def own_bridge(tree: Tree) -> bool:
    """Whether dockerd creates the bridge of the default network. Otherwise there is none, or an administrator created
    it.
    """
    return tree.get("bridge") in (None, "", "docker0")


def first_address(tree: Tree) -> str:
    """The address that docker0 gets without `bip`, if it is free on the host: the first one of the first pool."""
    pools = tree.get("default-address-pools")
    first = pools[0] if isinstance(pools, list) and pools else None
    base = str(first.get("base")) if isinstance(first, dict) else "172.17.0.0/16"
    try:
        return str(ip_network(base, strict=False).network_address + 1)
    except ValueError:
        return ""


def unseen(name: str) -> str:
    """Why the value of this key cannot be seen; empty if it can."""
    return next((why for why, names in UNSEEN.items() if name in names.split()), "")


def shown(
    names: frozenset[str], old: Tree, desired: Tree, version: Version | None
) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Name, question and expected answer for each of these keys whose value can be seen, before or after the change."""
    for name, key in SHOWN.items():
        if name in names and (key.ask is INFO or own_bridge(desired)):
            value = desired.get(name)
            expected = key.default if value is None else key.text(value)
            if expected is not None:
                argv = script("docker-shows.sh", key.form, expected) if key.newer else (*key.ask, key.form)
                yield name, argv, expected
    yield from listed(names, old, desired, version)
