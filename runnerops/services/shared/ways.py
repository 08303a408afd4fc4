"""Whether containers still reach a cache after Docker was restarted with other rules for their networks. Pure: builds argv.

dockerd says that it has loaded a key such as `firewall-backend`, not that packets pass: a forward policy or a sysctl of
before may drop them. So the host's own command asks from the network of a container that runs, before and after.
"""

from __future__ import annotations

from collections.abc import Collection

from runnerops.model.plan import Step
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

_INSIDE = (
    'cd "${RUNNEROPS_DESK:-.}" || exit; '
    "inside() { for id in $(docker ps -q); do found=$(docker inspect --type container "
    '--format "{{.State.Pid}} {{.HostConfig.NetworkMode}}" "$id" 2>/dev/null); '
    'case $found in ""|"0 "*|*" host"|*" none"|*" container:"*) ;; *) echo "${found%% *}"; return;; esac; done; }; '
)

REACHED = (
    ": do containers reach it now; "
    + _INSIDE
    + "name=$1; shift; pid=$(inside); "
    + '{ [ -n "$pid" ] && nsenter -t "$pid" -n "$@" >/dev/null 2>&1; } || : >"unreached.$name"'
)
"""NAME ARGV…: notes where none does, or none runs that could be asked."""

STILL_REACHED = (
    ": do containers reach it still; "
    + _INSIDE
    + 'name=$1 url=$2 said=$3; shift 3; [ ! -e "unreached.$name" ] || { '
    + 'echo "whether containers reach $url is not shown: none did, or none ran, before" >tell; exit; }; '
    + "for try in 1 2 3 4 5; do pid=$(inside); "
    + '[ -z "$pid" ] || nsenter -t "$pid" -n "$@" && exit; sleep 1; done; '
    + 'echo "$said"; exit 1'
)
"""NAME URL TEXT ARGV…: TEXT says what to do where they did before, and do not now."""


def reached(name: str, url: str, tools: Collection[str]) -> Step:
    """What `still_reached` compares with; before anything is swapped."""
    title = f"ask whether containers reach {url} now"
    return run(_SECONDS, "sh", "-c", REACHED, "sh", name, *answers(url, tools), title=title)


def still_reached(name: str, url: str, keys: Collection[str], tools: Collection[str]) -> Step:
    """A container that runs gets an answer as before, or the run goes back."""
    why = f"containers reached {url}, and with {', '.join(sorted(keys)) or 'this'} they do not"
    said = f"{why}: see the policy of FORWARD (iptables -S FORWARD, nft list ruleset) and net.ipv4.ip_forward"
    title = f"verify that containers reach {url} as before"
    return run(_SECONDS, "sh", "-c", STILL_REACHED, "sh", name, url, said, *answers(url, tools), title=title)
