"""Why a host's Docker daemon cannot be deployed, and what blocks an action of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runnerops.model.common import Verb
from runnerops.model.facts import DockerFacts
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, Policy
from runnerops.model.plan import Action, Blocker, Change
from runnerops.services.docker.action.containers import GUEST, comes_back, is_ours, of_job
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
    context = scene(host, action, changes, observed, policy)
    yield from _set_as_flag(context, docker)
    if changes or action.verb > Verb.VERIFY:
        yield from _last_mirror(context)
        yield from _data_root(context)
        yield from _live_restore_flag(context)
        yield from _stop_containers(context)
        yield from _unverified_mirrors(context)
        yield from _network_overlap(context)
        yield from _firewall(context)
        yield from _log_driver(context)
        yield from _selinux(context)
        yield from in_the_way(context.desired, context.changed, docker, observed.facts)


def _refused(code: str, message: str) -> Blocker:
    return Blocker(code, message)


def _set_as_flag(context: ActionContext, docker: DockerFacts) -> Iterator[Blocker]:
    """A key that is also a flag of the unit. dockerd does not start then, even with equal values; only `runtimes` are
    combined. `hosts` has a rule of its own.
    """
    desired = context.desired
    proxies = desired.get("proxies")
    names = {*desired, *(proxies if isinstance(proxies, dict) else ())} - {"runtimes", "hosts"}
    duplicates = tuple(sorted(names & flags(docker)))
    if duplicates:
        names_text = ", ".join(duplicates)
        message = (
            f"docker's unit sets keys as flags that daemon.json sets too, so dockerd would not start: {names_text}"
        )
        yield Blocker(
            "set-as-flag", f"{message}; take the flags out of the unit or the keys out of the inventory", duplicates
        )


def _last_mirror(context: ActionContext) -> Iterator[Blocker]:
    old_mirrors = tuple(dict.fromkeys((*wanted_mirrors(context.old), *(context.docker.mirrors or ()))))
    if old_mirrors and not wanted_mirrors(context.desired) and "registry-mirrors" not in flags(context.docker):
        yield Blocker(
            "last-mirror",
            f"this host would be left without a mirror of Docker Hub; now it has {', '.join(old_mirrors)}",
            details=old_mirrors,
        )


def _data_root(context: ActionContext) -> Iterator[Blocker]:
    """A change of the store that is in effect, by any key, also by one that has been in the file for some time."""
    if switches := context.switches:
        lost = "images, containers and volumes" if loses_volumes(switches) else "images and containers"
        details = tuple(map(str, switches))
        yield Blocker("data-root", f"Docker would no longer see its {lost}: {', '.join(details)}", details=details)


def _stop_containers(context: ActionContext) -> Iterator[Blocker]:
    if context.keeps_containers:
        return
    names = tuple(
        container.name
        for container in context.docker.containers
        if container.running
        and not (comes_back(container) or is_ours(container) or of_job(container))  # jobs are stopped separately
    )
    if names:
        message = f"the restart of Docker would end these containers and not start them again: {', '.join(names)}"
        yield Blocker("stop-containers", message, details=names)


def _live_restore_flag(context: ActionContext) -> Iterator[Blocker]:
    """A network or store that needs all containers to end cannot be changed if only the unit can turn
    live-restore off.
    """
    if not context.holds_containers:
        return
    running = (
        container
        for container in context.docker.containers
        if container.running and not of_job(container) and GUEST not in container.labels
    )
    names = tuple(container.name for container in running)
    flag = "docker's unit sets --live-restore"
    instead = "take the flag out of the unit and write `live-restore: true` into the inventory"
    if names:
        reason = "another image store" if context.switches else "a new default network"
        message = (
            f"{flag}, so containers would outlive the restart, and Docker does not get {reason} while any of them runs: "
            f"{', '.join(names)}; stop them first, or {instead}"
        )
        yield Blocker("live-restore-flag", message, details=names)
    elif context.frees_bridge:
        bridge = context.docker.bridge
        message = f"{flag}, with which docker0 keeps the address {bridge}: write the intended `bip`, or {instead}"
        yield Blocker("live-restore-flag", message, details=(bridge,))


def _unverified_mirrors(context: ActionContext) -> Iterator[Blocker]:
    registry = context.observed.facts.registry
    answers = registry.answers if registry else {}
    for url in (mirror.rstrip("/") for mirror in context.new_mirrors):
        if not answers.get(url):
            why = left_out(context.host, url) or (
                f"`runnerops verify {context.host.name}` shows whether a cache is down or a firewall keeps this host out"
            )
            yield Blocker("unproven-mirror", f"mirror {url} does not answer from this host: {why}", details=(url,))


def _network_overlap(context: ActionContext) -> Iterator[Blocker]:
    """Checks only networks that change: one that Docker has had before has not cut off this client."""
    overlaps = [*of_host(context.desired, context.docker), *of_inventory(context.desired, context.host)]
    texts = {f"{key[0]}: {overlap}" for key, overlap in overlaps if key[0] in context.changed}
    changed_overlaps = tuple(sorted(texts))
    if changed_overlaps:
        message = f"Docker's networks would contain addresses that this host needs to be reached: {'; '.join(changed_overlaps)}"
        yield Blocker("network-overlap", message, details=changed_overlaps)


def _firewall(context: ActionContext) -> Iterator[Blocker]:
    """With nftables, dockerd neither enables forwarding nor undoes the policy that its iptables rules set."""
    if "firewall-backend" not in context.changed or context.desired.get("firewall-backend") != "nftables":
        return
    lacks = (
        ["install nftables, because dockerd does not start without `nft`"]
        if "nft" not in context.observed.facts.tools
        else []
    )
    lacks += [
        "write `net.ipv4.ip_forward = 1` into a file of /etc/sysctl.d, because dockerd otherwise does not start after a"
        " reboot"
    ]
    if context.docker.firewall.get("driver") in {"", "iptables"}:
        lacks += [
            "set `iptables -P FORWARD ACCEPT`, because the policy DROP of Docker's iptables rules stays until a reboot"
        ]
    message = f"containers would have no network with nftables: {'; '.join(lacks)}"
    yield Blocker("firewall-backend", message, details=tuple(lacks))


def _log_driver(context: ActionContext) -> Iterator[Blocker]:
    """Nothing is known before the daemon answers. A plugin with a tag is not checked, because only the daemon knows its
    aliases.
    """
    driver, plugins = context.desired.get("log-driver"), context.docker.plugins
    if (
        "log-driver" in context.changed
        and plugins
        and isinstance(driver, str)
        and ":" not in driver
        and not {driver, f"{driver}:latest"} & {*plugins, "none"}
    ):
        message = (
            f"this host's Docker has no log driver {driver}, so no container would start; it has {', '.join(plugins)}"
        )
        yield Blocker("no-log-driver", message, details=(driver,))


def _selinux(context: ActionContext) -> Iterator[Blocker]:
    """Without SELinux on the host, dockerd only logs a warning and starts without it."""
    if SELINUX in context.changed and context.desired.get(SELINUX) is True and context.docker.selinux is False:
        message = f"SELinux is off in this host's kernel, so dockerd would start without {SELINUX}"
        yield Blocker("no-selinux", message, details=(SELINUX,))
