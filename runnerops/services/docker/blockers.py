"""Why a host's Docker daemon cannot be deployed, and what blocks an action of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runnerops.model.common import Verb
from runnerops.model.facts import DockerFacts
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, Policy
from runnerops.model.plan import Action, Blocker, Change
from runnerops.services.docker.action.containers import GUEST, comes_back, of_job, ours
from runnerops.services.docker.action.context import ActionContext, scene
from runnerops.services.docker.action.store import loses_volumes
from runnerops.services.docker.diff import flags
from runnerops.services.docker.format import NAME
from runnerops.services.docker.observe import NOT_THERE, SELINUX
from runnerops.services.docker.observe.listening import in_the_way
from runnerops.services.docker.rules.overlap import of_host, of_inventory
from runnerops.services.docker.schema import wanted_mirrors
from runnerops.services.shared.left_out import left_out

_FLAVOURS = {
    "rootless": "the Docker daemon on the host is rootless: it belongs to a user",
    "snap": "Docker on the host is a snap, which has its files in other places; install the packages of Debian or docker.com",
    "podman": "`docker` on the host is podman, which does not read daemon.json",
}


def unsupported(host: Host, observed: HostState) -> Iterable[Blocker]:
    """Blocks a host without Docker, or with something other than the Docker Engine."""
    if NAME not in host.sections:
        return
    docker = observed.facts.docker
    if docker is None:
        yield _refused("no-docker", "the host has no Docker: install Docker Engine, then deploy again")
    elif docker.flavour in _FLAVOURS:
        yield _refused(docker.flavour, _FLAVOURS[docker.flavour])
    elif docker.unit.active == NOT_THERE:
        yield _refused("no-docker", "the host has no unit docker.service: the Docker daemon must run under systemd")


def blockers(
    host: Host, changes: Sequence[Change], actions: Sequence[Action], observed: HostState, policy: Policy
) -> Iterable[Blocker]:
    """Blocks actions to which the user must agree first."""
    docker = observed.facts.docker
    if docker is None or NAME not in host.sections:
        return
    action = next((action for action in actions if action.service is NAME), Action(NAME, Verb.VERIFY))
    now = scene(host, action, changes, observed, policy)
    yield from _set_as_flag(now, docker)
    if changes or action.verb > Verb.VERIFY:
        yield from _last_mirror(now)
        yield from _data_root(now)
        yield from _live_restore_flag(now)
        yield from _stop_containers(now)
        yield from _unverified_mirrors(now)
        yield from _network_overlap(now)
        yield from _firewall(now)
        yield from _log_driver(now)
        yield from _selinux(now)
        yield from in_the_way(now.desired, now.changed, docker, observed.facts)


def _refused(code: str, message: str) -> Blocker:
    return Blocker(code, message)


def _set_as_flag(now: ActionContext, docker: DockerFacts) -> Iterator[Blocker]:
    """A key that is also a flag of the unit. dockerd does not start then, even with equal values; only `runtimes` are
    combined. `hosts` has a rule of its own.
    """
    desired = now.desired
    proxies = desired.get("proxies")
    names = {*desired, *(proxies if isinstance(proxies, dict) else ())} - {"runtimes", "hosts"}
    both = tuple(sorted(names & flags(docker)))
    if both:
        message = (
            f"docker's unit sets keys as flags that daemon.json sets too, so dockerd would not start: {', '.join(both)}"
        )
        yield Blocker(
            "set-as-flag", f"{message}; take the flags out of the unit or the keys out of the inventory", both
        )


def _last_mirror(now: ActionContext) -> Iterator[Blocker]:
    had = tuple(dict.fromkeys((*wanted_mirrors(now.old), *(now.docker.mirrors or ()))))
    if had and not wanted_mirrors(now.desired) and "registry-mirrors" not in flags(now.docker):
        yield Blocker(
            "last-mirror",
            f"this host would be left without a mirror of Docker Hub; now it has {', '.join(had)}",
            details=had,
        )


def _data_root(now: ActionContext) -> Iterator[Blocker]:
    """A change of the store that is in effect, by any key, also by one that has been in the file for some time."""
    if found := now.switches:
        what = "images, containers and volumes" if loses_volumes(found) else "images and containers"
        details = tuple(map(str, found))
        yield Blocker("data-root", f"Docker would no longer see its {what}: {', '.join(details)}", details=details)


def _stop_containers(now: ActionContext) -> Iterator[Blocker]:
    if now.keeps_containers:
        return
    names = tuple(
        one.name
        for one in now.docker.containers
        if one.running and not (comes_back(one) or ours(one) or of_job(one))  # jobs are stopped separately
    )
    if names:
        message = f"the restart of Docker would end these containers and not start them again: {', '.join(names)}"
        yield Blocker("stop-containers", message, details=names)


def _live_restore_flag(now: ActionContext) -> Iterator[Blocker]:
    """A network or store that needs all containers to end cannot be changed if only the unit can turn
    live-restore off.
    """
    if not now.holds_containers:
        return
    running = (one for one in now.docker.containers if one.running and not of_job(one) and GUEST not in one.labels)
    names = tuple(one.name for one in running)
    flag = "docker's unit sets --live-restore"
    instead = "take the flag out of the unit and write `live-restore: true` into the inventory"
    if names:
        what = "another image store" if now.switches else "a new default network"
        message = (
            f"{flag}, so containers would outlive the restart, and Docker does not get {what} while any of them runs: "
            f"{', '.join(names)}; stop them first, or {instead}"
        )
        yield Blocker("live-restore-flag", message, details=names)
    elif now.frees_bridge:
        message = (
            f"{flag}, with which docker0 keeps the address {now.docker.bridge}: write the intended `bip`, or {instead}"
        )
        yield Blocker("live-restore-flag", message, details=(now.docker.bridge,))


def _unverified_mirrors(now: ActionContext) -> Iterator[Blocker]:
    registry = now.observed.facts.registry
    answers = registry.answers if registry else {}
    for url in (mirror.rstrip("/") for mirror in now.new_mirrors):
        if not answers.get(url):
            why = left_out(now.host, url) or (
                f"`runnerops verify {now.host.name}` shows whether a cache is down or a firewall keeps this host out"
            )
            yield Blocker("unproven-mirror", f"mirror {url} does not answer from this host: {why}", details=(url,))


def _network_overlap(now: ActionContext) -> Iterator[Blocker]:
    """Checks only networks that change: one that Docker has had before has not cut off this client."""
    there = {*of_host(now.desired, now.docker), *of_inventory(now.desired, now.host)}
    found = tuple(f"{name}: {what}" for name, what in sorted(there) if name in now.changed)
    if found:
        message = f"Docker's networks would contain addresses that this host needs to be reached: {'; '.join(found)}"
        yield Blocker("network-overlap", message, details=found)


def _firewall(now: ActionContext) -> Iterator[Blocker]:
    """With nftables, dockerd neither enables forwarding nor undoes the policy that its iptables rules set."""
    if "firewall-backend" not in now.changed or now.desired.get("firewall-backend") != "nftables":
        return
    lacks = (
        ["install nftables, because dockerd does not start without `nft`"]
        if "nft" not in now.observed.facts.tools
        else []
    )
    lacks += [
        "write `net.ipv4.ip_forward = 1` into a file of /etc/sysctl.d, because dockerd otherwise does not start after a"
        " reboot"
    ]
    if now.docker.firewall.get("driver") in {"", "iptables"}:
        lacks += [
            "set `iptables -P FORWARD ACCEPT`, because the policy DROP of Docker's iptables rules stays until a reboot"
        ]
    message = f"containers would have no network with nftables: {'; '.join(lacks)}"
    yield Blocker("firewall-backend", message, details=tuple(lacks))


def _log_driver(now: ActionContext) -> Iterator[Blocker]:
    """Nothing is known before the daemon answers. A plugin with a tag is not checked, because only the daemon knows its
    aliases.
    """
    driver, known = now.desired.get("log-driver"), now.docker.plugins
    if (
        "log-driver" in now.changed
        and known
        and isinstance(driver, str)
        and ":" not in driver
        and not {driver, f"{driver}:latest"} & {*known, "none"}
    ):
        message = (
            f"this host's Docker has no log driver {driver}, so no container would start; it has {', '.join(known)}"
        )
        yield Blocker("no-log-driver", message, details=(driver,))


def _selinux(now: ActionContext) -> Iterator[Blocker]:
    """Without SELinux on the host, dockerd only logs a warning and starts without it."""
    if SELINUX in now.changed and now.desired.get(SELINUX) is True and now.docker.selinux is False:
        message = f"SELinux is off in this host's kernel, so dockerd would start without {SELINUX}"
        yield Blocker("no-selinux", message, details=(SELINUX,))
