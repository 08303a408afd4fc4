"""Whether containers still reach a cache after Docker was restarted with other rules for their networks. Pure: builds argv.

dockerd says that it has loaded a key such as `firewall-backend`, not that packets pass: a forward policy or a sysctl of
before may drop them. So the host's own command asks from the network of a container, before and after.
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
"""Keys of daemon.json that decide which packets of containers pass, the last of them by the addresses that these come from:
rules of a firewall may name the old ones.

Not `userland-proxy`: a container that was made before cannot reach itself without it, though others do.
"""

_SECONDS = 150
"""For four containers that are begun, of which one comes up or none, and four tries: the script ends each of
these in time.
"""

SCRIPT = "containers-reach.sh"


def asked_from(docker: DockerFacts | None, networks: Iterable[str], *, own: bool) -> tuple[str, ...]:
    """For each network of jobs the containers that show their way to a cache of this host (`own`), or of another: those of
    that network; of the default bridge where no guest comes up on it, any.

    Packets to a port of their own host are not forwarded where they come from the network of the port's container.
    """
    bridge = "bridge" if own and way_to(docker, own=True) != "input" else "any"
    return tuple(bridge if one == BRIDGE else f"network:{one}" for one in networks)


def _who(way: str) -> str:
    """The container that is asked, in words for titles and texts."""
    _, colon, network = way.partition(":")
    return f"containers of network {network}" if colon else "containers"


def verify_reached(name: str, url: str, way: str, texts: Iterable[str], tools: Collection[str]) -> Step:
    """Verifies that a container gets an answer. Otherwise the texts are shown."""
    argv = script(SCRIPT, "--verify", name, url, way, *texts, "--", *answers(url, tools))
    return run(_SECONDS, *argv, title=f"verify that {_who(way)} reach cache {name}")


def tell_reached(name: str, url: str, way: str, texts: Iterable[str], tools: Collection[str]) -> Step:
    """Only shows the texts if no container gets an answer."""
    argv = script(SCRIPT, "--tell", name, url, way, *texts, "--", *answers(url, tools))
    return run(_SECONDS, *argv, title=f"ask whether {_who(way)} reach cache {name}")


def reached(name: str, url: str, way: str, tools: Collection[str]) -> Step:
    """Records, before anything is swapped, what `still_reached` compares with."""
    argv = script(SCRIPT, "--note", name, url, way, "--", *answers(url, tools))
    return run(_SECONDS, *argv, title=f"ask whether {_who(way)} reach {url} now")


def still_reached(name: str, url: str, way: str, keys: Collection[str], tools: Collection[str]) -> Step:
    """Verifies that a container gets an answer as before; otherwise the run is rolled back."""
    why = f"{_who(way)} reached {url} before, and do not with {', '.join(sorted(keys)) or 'this'}"
    said = (
        f"{why}: look at the firewall (iptables -S, nft list ruleset), above all at FORWARD, and at net.ipv4.ip_forward"
    )
    argv = script(SCRIPT, "--compare", name, url, way, said, "--", *answers(url, tools))
    return run(_SECONDS, *argv, title=f"verify that {_who(way)} reach {url} as before")
