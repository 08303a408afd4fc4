"""Values of `default-network-opts` with which no network of the driver bridge can be created. Pure.

Source: `parseNetworkGenericOptions` of moby's `daemon/libnetwork/drivers/bridge`, 24.0 to 29.7.
"""

from __future__ import annotations

import re

from runnerops.model.common import Tree
from runnerops.parsing.near import near_fix
from runnerops.services.docker.schema.nested import Found
from runnerops.services.shared.addresses import is_address
from runnerops.services.shared.log_options import BOOLEANS

_BRIDGE = "com.docker.network.bridge."
_FLAGS = frozenset(
    {f"{_BRIDGE}{name}" for name in ("enable_icc", "enable_ip_masquerade", "inhibit_ipv4", "default_bridge")}
    | {"com.docker.network.enable_ipv4", "com.docker.network.enable_ipv6"}
)
_MODES = ("nat", "nat-unprotected", "routed", "isolated")
_NONE = "no network of this driver could be created that does not set it itself"


def network_options(tree: Tree) -> Found:
    """Checks the options of the driver bridge. Those of other drivers, and of one's own, are not known."""
    drivers = tree.get("default-network-opts")
    bridge = drivers.get("bridge") if isinstance(drivers, dict) else None
    for name, value in bridge.items() if isinstance(bridge, dict) else ():
        if isinstance(value, str) and (problem := _problem(name, value)):
            text, fix = problem
            yield "D017", "error", ("default-network-opts", "bridge", name), f"{text}: {_NONE}", fix


def _problem(name: str, value: str) -> tuple[str, str] | None:
    """What is wrong, and what to write; None if nothing is."""
    fits, text, fix = True, "", ""
    if name == "com.docker.network.driver.mtu":
        fits = re.fullmatch(r"[+-]?\d+", value) is not None
        text, fix = "must be a whole number", 'write for example "1450"'
    elif name in _FLAGS:
        fits, text, fix = value in BOOLEANS, "must be true or false", 'write "true" or "false"'
    elif name.startswith(f"{_BRIDGE}gateway_mode_ipv"):
        fits, text, fix = value in _MODES, f"must be one of {', '.join(_MODES)}", near_fix(value, _MODES)
    elif name in {f"{_BRIDGE}host_binding_ipv4", "com.docker.network.host_ipv4", "com.docker.network.host_ipv6"}:
        fits, text, fix = is_address(value), "must be an IP address", "write for example 127.0.0.1"
    return None if fits else (text, fix)
