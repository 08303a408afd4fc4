"""Every safety check that can block a deploy: what it means, whether a flag overrides it, and what to do. Data only."""

from __future__ import annotations

from runnerops.frozen import frozen


@frozen
class BlockerCode:
    """One row. `flag` is what overrides it on the command line; empty where nothing does."""

    code: str
    flag: str
    meaning: str
    remedy: str

    @property
    def overridable(self) -> bool:
        """Whether a flag lets the deploy go on."""
        return bool(self.flag)


def _allowed(code: str, meaning: str, remedy: str) -> BlockerCode:
    return BlockerCode(code, f"--allow {code}", meaning, remedy)


def _never(code: str, meaning: str, remedy: str) -> BlockerCode:
    return BlockerCode(code, "", meaning, remedy)


_ROWS = (
    _allowed(
        "unmanaged-file",
        "A managed path holds a file that was there before the first deploy, with keys that would be changed or lost.",
        "Put the keys that you want to keep into the inventory, or name them under `keep`. Or override: the"
        " first original is kept on the host, and `runnerops rollback HOST --to 0` brings it back.",
    ),
    _allowed(
        "modified-on-host",
        "A managed file was edited or removed on the host since the last run, and the deploy would undo that.",
        "Put the edit into the inventory, name the key under `keep`, or override to overwrite the edit.",
    ),
    _allowed(
        "held",
        "Somebody put a hold on the host (`runnerops hold`), which has not ended.",
        "Ask whoever put it there. `runnerops release HOST` ends the hold; the override ignores it.",
    ),
    _allowed(
        "maintenance",
        "The inventory has `maintenance` for the host. Commands that change hosts leave it out without contacting it.",
        "Take `maintenance` out of the inventory, or override if the host can be deployed to all the same.",
    ),
    _allowed(
        "drop-runner",
        "A runner of config.toml is not in the inventory any more. Its token would be lost with its section. If"
        " the inventory managed it in GitLab (`gitlab` of the runner), it would be deleted there too.",
        "Keep the runner in the inventory. Override if it is to be removed, was deleted in GitLab, or was moved"
        " to another host. A renamed runner keeps its token if it can be recognised (`was`).",
    ),
    _allowed(
        "shared-token",
        "`rotate` would replace a token that other machines use too, as GitLab lists them. They would get no"
        " more jobs.",
        "Give each host a runner of its own, or override and bring the new token to the other machines.",
    ),
    _allowed(
        "other-place",
        "The inventory asks for a runner in another group or project of GitLab than the one that it is in."
        " GitLab cannot move a runner.",
        "Take its entry out and deploy, which deletes it. Then put it in again, which creates another. Or"
        " override to leave it where it is.",
    ),
    _allowed(
        "replace-token",
        "The inventory has another token than the host, and it cannot be told which of them is newer.",
        "Leave `token` out to keep that of the host, or override if that of the inventory is right.",
    ),
    _allowed(
        "unknown-token",
        "GitLab (of the `gitlab` section) does not know a token that the host would get. The runner would get no jobs.",
        "Give the token that GitLab showed when the runner was created, or override if GitLab will know it"
        " later. A rollback cannot bring back a runner that was deleted in GitLab: put it into the inventory,"
        " and deploy.",
    ),
    _allowed(
        "empty-token",
        "The inventory has an empty token for a runner that has one on the host. The runner would get no more jobs.",
        "Leave `token` out to keep that of the host.",
    ),
    _allowed(
        "last-mirror",
        "The host would be left without any mirror of Docker Hub, so every pull would count against its limit.",
        "Give it a cache that it can reach, or override if this is what you want.",
    ),
    _allowed(
        "network-overlap",
        "A network that daemon.json newly gives to Docker (bip, fixed-cidr, default-address-pools) contains the"
        " host's own address, a route, a name server, a mirror, or the machine that deploys. The host could not"
        " be reached any more.",
        "Give Docker a network that nothing else uses. If you override, the run still rolls back if the host's"
        " route to the client changes.",
    ),
    _allowed(
        "firewall-backend",
        "`firewall-backend: nftables` on a host whose forwarding was set up by Docker's iptables rules."
        " Containers would have no network, and Docker would not start after a reboot.",
        "Install nftables, set net.ipv4.ip_forward = 1 in /etc/sysctl.d and the FORWARD policy to ACCEPT, then"
        " override.",
    ),
    _never(
        "plan-differs",
        "A saved plan is to be deployed, but the new plan differs from it. Each difference is listed with who made it.",
        "Look at the differences, then save a new plan (`runnerops diff --save-plan FILE`) and have it reviewed.",
    ),
    _never(
        "no-log-driver",
        "The host's Docker does not have the log driver that daemon.json names.",
        "Correct the name, or install the plugin on the host first.",
    ),
    _never(
        "no-selinux",
        "daemon.json asks for SELinux (`selinux-enabled`), but it is off in the host's kernel. Docker would start without it.",
        "Take the key out for this host, or turn SELinux on there first (it needs a reboot).",
    ),
    _allowed(
        "data-root",
        "Docker would use another store (data-root, storage driver, user namespaces, containerd image store). It"
        " would no longer see its images, containers and volumes.",
        "Move what you need, or pull it again, then override. Managed caches start again, empty, in the new store.",
    ),
    _allowed(
        "stop-containers",
        "A restart of Docker would end running containers and not start them again.",
        "Turn on `live-restore`, give them a restart policy, stop them yourself, or override.",
    ),
    _allowed(
        "undrainable-runner",
        "A gitlab-runner runs that cannot be drained (in a container, or as a process of a user), and Docker"
        " would restart under its jobs. Or the unit starts gitlab-runner through a script without `exec`, so that a"
        " signal would end the script, and systemd all jobs.",
        "Stop that runner first, or let the script use `exec`; or override if it has no jobs.",
    ),
    _allowed(
        "reload-waits",
        "The runner has more running jobs than `concurrent` of its file, because that was lowered. Until enough of them"
        " have ended, gitlab-runner loads no file, so the reload would fail and be rolled back. No job would be lost.",
        "Deploy again when the jobs have ended, or override if you know that they end within seconds.",
    ),
    _allowed(
        "unproven-mirror",
        "A mirror that the host would newly use does not answer from the host.",
        "Use `runnerops verify` to find the reason, and repair the mirror's host or the network between them. Or"
        " override; Docker then falls back to Docker Hub.",
    ),
    _allowed(
        "upstream-down",
        "The upstream of a cache does not answer from the host. A registry does not start without it.",
        "Wait until it answers, or override.",
    ),
    _allowed(
        "registry-major",
        "The image of a cache changes its major version, and its volume exists already.",
        "Give the cache a new `volume`, or override to use the old one with the new version.",
    ),
    _allowed(
        "new-volume",
        "The cache gets another volume. It starts empty, and the old volume stays on the host.",
        "Keep the old `volume`, or override and later remove the old volume by hand.",
    ),
    _allowed(
        "cache-in-use",
        "A cache would be removed that is a mirror of a host of the inventory (possibly of this one).",
        "Give the cache `use: false`, deploy these hosts, then remove it. Or override: Docker then asks the"
        " upstream itself, and every pull counts against its limit.",
    ),
    BlockerCode(
        "jobs-running",
        "--kill-jobs",
        "CI jobs run on the host and would fail.",
        "Wait for them (the default: the deploy drains the runner), or end them with the flag.",
    ),
    _never(
        "same-machine",
        "Two hosts of the inventory are the same machine, by another address, a port or a gateway.",
        "Make one host of them. Otherwise each deploy would undo the other.",
    ),
    _never(
        "settings-disagree",
        "Two entries of the inventory are the same runner in GitLab, and ask for different settings.",
        "Write the settings in one place, or create a runner for each. Otherwise each deploy would undo the other.",
    ),
    _never(
        "self-deploy",
        "This deploy runs as a job of the very runner that it would restart or delete in GitLab, or under the"
        " Docker that it would restart.",
        "Run it on a shared runner, from another host, or from a laptop.",
    ),
    _never(
        "port-taken",
        "Something else listens on the address of a cache, or where daemon.json makes Docker listen"
        " (metrics-addr, hosts).",
        "Stop it, or use another port.",
    ),
    _never(
        "listen-not-here",
        "The host does not have the `listen` address of a cache, or the address of Docker's metrics-addr.",
        "Write one of the host's addresses in the line that the message names.",
    ),
    _never(
        "volume-options",
        "The options of a volume changed, but Docker cannot change those of an existing volume.",
        "Give the cache a `volume` of another name, or remove the old one by hand.",
    ),
    _never(
        "ambiguous-runner",
        "Two runners of config.toml could be the one that the inventory means.",
        "Give the runner its `id` or `token`, or a name of its own, or change only one of the runners with the"
        " same name at a time.",
    ),
    _never(
        "no-token",
        "A runner has a token neither in the inventory nor on the host.",
        "Create the runner in GitLab and give its token (`token: !env NAME`), or name the place where a deploy"
        " creates it (`gitlab: {group: 42}`).",
    ),
    _never(
        "set-as-flag",
        "The unit of dockerd sets a key as a flag that daemon.json would set too. dockerd would not start.",
        "Take the flag out of the unit or the key out of the inventory.",
    ),
    _never(
        "live-restore-flag",
        "The unit of dockerd sets `--live-restore`, and daemon.json changes something that Docker applies only"
        " while no container runs: its default network (bip, mtu, icc and so on) or its image store.",
        "Stop the containers first, write the intended `bip`, or take the flag out of the unit and write"
        " `live-restore: true` into the inventory.",
    ),
    _never("not-a-file", "A managed path is a directory, a device or a link to somewhere else.", "Move it away."),
    _never(
        "no-systemd",
        "The host does not run systemd, which runs and supervises a deploy's steps.",
        "Use a host with systemd.",
    ),
    _never(
        "missing-tools",
        "The host lacks commands that a run needs.",
        "Install util-linux, coreutils and tar, or busybox.",
    ),
    _never(
        "newer-format",
        "A newer release of runnerops has deployed to this host, and its records could be misread by this release.",
        "Upgrade runnerops where you run it.",
    ),
    _never("no-docker", "The host has no Docker daemon.", "Install Docker, or take the section out."),
    _never(
        "docker-stopped",
        "The Docker daemon does not run, and no section manages it.",
        "Start it, or give the host a `docker` section.",
    ),
    _never("rootless", "Docker runs rootless on the host. This is not supported.", "Use the system's Docker."),
    _never(
        "snap",
        "Docker on the host is a snap, which has its files in other places.",
        "Use the distribution's or Docker's own packages.",
    ),
    _never("podman", "`docker` is podman on the host.", "Install Docker."),
    _never(
        "no-compose", "The host has no Docker Compose, or one that its Docker refuses.", "Install the Compose plugin."
    ),
    _never(
        "no-curl",
        "The host has neither curl nor wget. One of them is needed to verify a cache.",
        "Install one of them.",
    ),
    _never(
        "no-nsenter",
        "The host lacks nsenter, which is needed to ask a cache from the network of a container.",
        "Install util-linux.",
    ),
    _never(
        "no-gitlab-runner",
        "gitlab-runner is not installed on the host, or has no systemd unit.",
        "Install the package.",
    ),
)

BLOCKERS = {row.code: row for row in _ROWS}
"""By code, in the order of the manual: those that a flag overrides first."""
