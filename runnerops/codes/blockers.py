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
        "Put the keys that you want to keep into the inventory (or into `keep`), or override: the first original is kept on the"
        " host and `runnerops rollback HOST --to 0` brings it back.",
    ),
    _allowed(
        "modified-on-host",
        "A managed file was edited or removed on the host since the last run, and the deploy would undo that.",
        "Take the edit over into the inventory, name the key under `keep`, or override to write over it.",
    ),
    _allowed(
        "held",
        "Somebody put a hold on the host (`runnerops hold`), and its time is not over.",
        "Ask whoever holds it; `runnerops release HOST` ends it, and the override goes on in spite of it.",
    ),
    _allowed(
        "maintenance",
        "The inventory says `maintenance` of the host: it is left out of what changes hosts, without being contacted.",
        "Take `maintenance` out of the inventory, or override where the host can be deployed to all the same.",
    ),
    _allowed(
        "drop-runner",
        "A runner of config.toml is not in the inventory any more; its token would be lost with its section. One that the"
        " inventory managed in GitLab (`gitlab:` of the runner) would be deleted there too.",
        "Keep the runner in the inventory, or override where it is to go, or was deleted in GitLab or moved to another host. A"
        " renamed runner keeps its token where it can be recognised.",
    ),
    _allowed(
        "shared-token",
        "`rotate` of a token that other machines use too, as GitLab lists them: they would get no jobs any more.",
        "Give each host a runner of its own, or override and bring the others the new token.",
    ),
    _allowed(
        "other-place",
        "The inventory asks for a runner in another group or project of GitLab than the one that it is in; GitLab moves none.",
        "Take its entry out and deploy, which deletes it, then put it in again, which creates another; or override to leave it"
        " where it is.",
    ),
    _allowed(
        "replace-token",
        "The inventory gives a token other than the one on the host, and nothing tells which of them is newer.",
        "Leave `token` out to keep the host's, or override if the inventory's is the one that GitLab shows.",
    ),
    _allowed(
        "unknown-token",
        "GitLab, asked by the `gitlab` section, does not know a token that the host would get; the runner would get no jobs.",
        "Give the token that GitLab showed when the runner was created, or override if GitLab is to know it later. A rollback"
        " cannot bring back a runner that was deleted there since: let the inventory ask for it, and deploy.",
    ),
    _allowed(
        "empty-token",
        "The inventory empties a token that the host has; the runner would get no more jobs.",
        "Leave `token` out to keep the host's.",
    ),
    _allowed(
        "last-mirror",
        "The host would be left without any mirror of Docker Hub, so every pull counts against the Hub's limit.",
        "Give it a cache that it can reach, or override if that is meant.",
    ),
    _allowed(
        "network-overlap",
        "A network that daemon.json newly gives to Docker (bip, fixed-cidr, default-address-pools) holds the host's own"
        " address, a route, a name server, a mirror, or the machine that deploys: the host could not be reached any more.",
        "Give Docker a network that nothing else uses. Overridden, the run still goes back when the host's way to the client"
        " changes.",
    ),
    _allowed(
        "firewall-backend",
        "`firewall-backend: nftables` on a host whose forwarding was set up by Docker's iptables rules: containers would have"
        " no network, and Docker would not start after a reboot.",
        "Install nftables, set net.ipv4.ip_forward = 1 in /etc/sysctl.d and the FORWARD policy to ACCEPT, then override.",
    ),
    _never(
        "plan-differs",
        "A saved plan is to be deployed, and the plan made anew is another: what differs, and whose that is, is listed.",
        "Look at what differs, then save a new plan (`runnerops diff --save-plan FILE`) and have it reviewed.",
    ),
    _never(
        "no-log-driver",
        "The host's Docker has no log driver of the name that daemon.json asks for.",
        "Correct the name, or install the plugin on the host first.",
    ),
    _never(
        "no-selinux",
        "daemon.json asks for SELinux (`selinux-enabled`), which the host's kernel has not on: Docker would start without it.",
        "Take the key out for this host, or turn SELinux on there first (it needs a reboot).",
    ),
    _allowed(
        "data-root",
        "The image store in effect would change (data-root, storage driver, user namespaces, containerd image store): images,"
        " containers and volumes vanish from Docker's view.",
        "Move or pull again what is needed, then override. Managed caches are brought up again in the new store, empty.",
    ),
    _allowed(
        "stop-containers",
        "Containers run that a restart of Docker would end and not bring back.",
        "Turn on `live-restore`, give them a restart policy, stop them yourself, or override.",
    ),
    _allowed(
        "undrainable-runner",
        "A gitlab-runner runs that nobody can drain (in a container, or as somebody's own process), and Docker would restart"
        " under its jobs.",
        "Stop that runner first, or override if it has no jobs.",
    ),
    _allowed(
        "unproven-mirror",
        "A mirror that the host would newly use does not answer from there.",
        "See with `runnerops verify` which it is, repair the mirror's host or the network between them, or override;"
        " Docker then falls back to Docker Hub.",
    ),
    _allowed(
        "upstream-down",
        "The upstream of a cache does not answer from the host, and a registry ends at its start without it.",
        "Wait until it answers, or override.",
    ),
    _allowed(
        "registry-major",
        "The cache's image changes its major version over an existing volume.",
        "Give the cache a new `volume`, or override to use the old one with the new version.",
    ),
    _allowed(
        "new-volume",
        "The cache gets another volume: it starts empty, and the old volume stays on the host.",
        "Keep the old `volume`, or override; remove the old volume by hand later.",
    ),
    _allowed(
        "cache-in-use",
        "A cache would be removed that is a mirror of a host of the inventory, this one included.",
        "Give the cache `use: false`, deploy these hosts, then remove it; or override: Docker then asks the upstream itself,"
        " and every pull counts against its limit.",
    ),
    BlockerCode(
        "jobs-running",
        "--kill-jobs",
        "CI jobs run on the host and would fail.",
        "Wait for them (the default: the deploy drains the runner), or end them with the flag.",
    ),
    _never(
        "same-machine",
        "Two names of the inventory lead to one machine, by another address, a port or a gateway.",
        "Make one host of them: each deploy of one would undo the other's.",
    ),
    _never(
        "settings-disagree",
        "Two entries of the inventory are one runner of GitLab, and ask for other settings of it.",
        "Say in one place what it is to have, or create a runner for each: each deploy of one would undo the other's.",
    ),
    _never(
        "self-deploy",
        "This deploy runs as a job of the very runner that it would restart or delete in GitLab, or under the Docker that it"
        " would restart.",
        "Run it on a shared runner, from another host, or from a laptop.",
    ),
    _never(
        "port-taken",
        "Something else listens on the address of a cache, or where daemon.json makes Docker listen (metrics-addr, hosts).",
        "Stop it, or take another port.",
    ),
    _never(
        "listen-not-here",
        "A cache's `listen` address, or the one of Docker's metrics-addr, is none of the host's.",
        "Write one of the host's addresses; the message names the line.",
    ),
    _never(
        "volume-options",
        "The options of a volume changed, and Docker cannot change those of a volume that exists.",
        "Give the cache a `volume` of another name, or remove the old one by hand.",
    ),
    _never(
        "ambiguous-runner",
        "Two runners of config.toml could be the one that the inventory means.",
        "Give the runner its `id` or `token`, change one of those that have a name in common at a time, or give each its own.",
    ),
    _never(
        "no-token",
        "A runner has no token, neither in the inventory nor on the host.",
        "Create the runner in GitLab and give its token (`token: !env NAME`), or say where a deploy is to create it (`gitlab:"
        " {group: 42}`).",
    ),
    _never(
        "set-as-flag",
        "The unit of dockerd sets a key as a flag, which daemon.json would set too; dockerd would not start.",
        "Take the flag out of the unit or the key out of the inventory.",
    ),
    _never(
        "live-restore-flag",
        "The unit of dockerd sets `--live-restore`, and daemon.json changes what Docker takes up only while no container runs:"
        " its default network (bip, mtu, icc and the like) or its image store.",
        "Stop the containers first, write the `bip` that is meant, or take the flag out of the unit and write"
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
        "A newer release of runnerops has deployed to this host, and keeps there what this release could misread.",
        "Upgrade runnerops where you run it.",
    ),
    _never("no-docker", "The host has no Docker daemon.", "Install Docker, or take the section out."),
    _never(
        "docker-stopped",
        "The Docker daemon does not run, and no section manages it.",
        "Start it, or give the host a `docker` section.",
    ),
    _never("rootless", "Docker runs rootless on the host, which is not supported.", "Use the system's Docker."),
    _never(
        "snap",
        "Docker is a snap on the host, whose files lie elsewhere.",
        "Use the distribution's or Docker's own packages.",
    ),
    _never("podman", "`docker` is podman on the host.", "Install Docker."),
    _never(
        "no-compose", "The host has no Docker Compose, or one that its Docker refuses.", "Install the Compose plugin."
    ),
    _never("no-curl", "The host has neither curl nor wget, by which a cache is verified.", "Install one of them."),
    _never(
        "no-nsenter",
        "The host lacks nsenter, by which a cache is asked from a container's network.",
        "Install util-linux.",
    ),
    _never(
        "no-gitlab-runner",
        "gitlab-runner is not installed on the host, or not as a systemd unit.",
        "Install the package.",
    ),
)

BLOCKERS = {row.code: row for row in _ROWS}
"""By code, in the order of the manual: those that a flag overrides first."""
