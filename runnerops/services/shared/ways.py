"""Whether containers still reach a cache after Docker was restarted with other rules for their networks. Pure: builds argv.

dockerd says that it has loaded a key such as `firewall-backend`, not that packets pass: a forward policy or a sysctl of
before may drop them. So the host's own command asks from the network of a container that runs, before and after.
"""

from __future__ import annotations

from collections.abc import Collection

from runnerops.model.plan import Step
from runnerops.services.scripts import script
from runnerops.services.steps import answers, run

KEYS = frozenset(
    {"allow-direct-routing", "bridge-accept-fwmark", "firewall-backend", "ip-forward", "ip-forward-no-drop", "ip-masq"}
    | {"ip6tables", "iptables"}
)
"""Keys of daemon.json that decide which packets of containers pass.

Not `userland-proxy`: a container that was made before cannot reach itself without it, though others do.
"""

_SECONDS = 45
"""For five tries of 5 s and the pauses between them."""

SCRIPT = "containers-reach.sh"


def reached(name: str, url: str, tools: Collection[str]) -> Step:
    """What `still_reached` compares with; before anything is swapped."""
    title = f"ask whether containers reach {url} now"
    return run(_SECONDS, *script(SCRIPT, "--note", name, *answers(url, tools)), title=title)


def still_reached(name: str, url: str, keys: Collection[str], tools: Collection[str]) -> Step:
    """A container that runs gets an answer as before, or the run goes back."""
    why = f"containers reached {url}, and with {', '.join(sorted(keys)) or 'this'} they do not"
    said = f"{why}: see the policy of FORWARD (iptables -S FORWARD, nft list ruleset) and net.ipv4.ip_forward"
    title = f"verify that containers reach {url} as before"
    return run(_SECONDS, *script(SCRIPT, "--compare", name, url, said, *answers(url, tools)), title=title)
