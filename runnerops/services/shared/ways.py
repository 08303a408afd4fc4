"""Whether containers still reach a cache after Docker was restarted with other rules for their networks. Pure: builds argv.

If dockerd has loaded a key such as `firewall-backend`, an older forward policy or sysctl may still drop packets. So a
command of the host sends a request from the network of a container, before the change and after it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from runnerops.model.facts import DockerFacts
from runnerops.model.steps import Step
from runnerops.services.scripts import script
from runnerops.services.shared.firewall import way_to
from runnerops.services.shared.job_services import BRIDGE
from runnerops.services.steps import answers, run

KEYS = frozenset(
    {"allow-direct-routing", "bridge-accept-fwmark", "firewall-backend", "ip-forward", "ip-forward-no-drop", "ip-masq"}
    | {"ip6tables", "iptables"}
    | {"bip", "bridge", "default-address-pools", "fixed-cidr"}
)
"""The keys of daemon.json that decide which packets of containers pass. Those of the last line change the addresses of
containers, and rules of a firewall may name the old addresses.

`userland-proxy` is not among them: without it only containers that were created before cannot reach themselves.
"""

_SECONDS = 150
"""The time limit of the script. It is enough for four containers that do not start, and for four tries, which all have
shorter limits of their own.
"""

SCRIPT = "containers-reach.sh"


def asked_from(docker: DockerFacts | None, networks: Iterable[str], *, own: bool) -> tuple[str, ...]:
    """For each network of jobs, from which containers a cache of this host (`own`), or of another host, is asked, as the
    argument WAY of the script: those of that network. For the default bridge it may be any container, if none can be
    started there.

    Not any container will do if packets to a port of the own host are forwarded, because those from the network of the
    port's own container are not.
    """
    bridge = "bridge" if own and way_to(docker, own=True) != "input" else "any"
    return tuple(bridge if network == BRIDGE else f"network:{network}" for network in networks)


def _who(way: str) -> str:
    """The containers from which a cache is asked, in words for titles and texts."""
    _, colon, network = way.partition(":")
    return f"containers of network {network}" if colon else "containers"


def verify_reached(name: str, url: str, way: str, texts: Iterable[str], tools: Collection[str]) -> Step:
    """Verifies that a container gets an answer. Otherwise the texts are shown."""
    argv = script(SCRIPT, "--verify", name, url, way, *texts, "--", *answers(url, tools))
    return run(_SECONDS, *argv, title=f"verify that {_who(way)} reach cache {name}")


def tell_reached(name: str, url: str, way: str, texts: Iterable[str], tools: Collection[str]) -> Step:
    """Shows the texts as a note if no container gets an answer."""
    argv = script(SCRIPT, "--report", name, url, way, *texts, "--", *answers(url, tools))
    return run(_SECONDS, *argv, title=f"ask whether {_who(way)} reach cache {name}")


def reached(name: str, url: str, way: str, tools: Collection[str]) -> Step:
    """Records, before anything is swapped, what `still_reached` compares with."""
    argv = script(SCRIPT, "--note", name, url, way, "--", *answers(url, tools))
    return run(_SECONDS, *argv, title=f"ask whether {_who(way)} reach {url} now")


def still_reached(name: str, url: str, way: str, keys: Collection[str], tools: Collection[str]) -> Step:
    """Verifies that a container gets an answer as before; otherwise the run is rolled back."""
    why = f"{_who(way)} reached {url} before, and do not with {', '.join(sorted(keys)) or 'this'}"
    text = (
        f"{why}: look at the firewall (iptables -S, nft list ruleset), above all at FORWARD, and at net.ipv4.ip_forward"
    )
    argv = script(SCRIPT, "--compare", name, url, way, text, "--", *answers(url, tools))
    return run(_SECONDS, *argv, title=f"verify that {_who(way)} reach {url} as before")
