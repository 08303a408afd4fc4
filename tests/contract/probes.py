"""Commands as plans emit them, with what comes of each: whether it is refused, and the form of what it prints.

In an order that a host can follow. They are run on the demo's simulated programs; what they expect is what real ones do
(Docker 26.1, Compose 2.26, systemd 257, gitlab-runner 15.11). Words between @: @IMAGE@ a registry's image that
is there, @UPSTREAM@ its upstream, @DOCKERD@ the daemon's path, @LIFE@ the InvocationID of docker.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from runnerops.model.common import Value
from runnerops.model.host_state import sha256
from runnerops.planning.steps import IS_ABSENT
from runnerops.services.docker.action.context import LOADED
from runnerops.services.docker.action.effects import BRIDGE, DEFAULT_POOLS, GATEWAY, SUBNET, shown
from runnerops.services.docker.action.effects import SHOWN as VISIBLE
from runnerops.services.docker.action.lists import LISTED as IN_LISTS
from runnerops.services.docker.observe import CONTAINER
from runnerops.services.docker.steps import RESET, SSHD
from runnerops.services.gitlab_runner.steps import drain
from runnerops.services.gitlab_runner.steps.drain import UNKNOWN
from runnerops.services.gitlab_runner.steps.rewritten import NO_MATTER
from runnerops.services.registry.action.compared import FORM
from runnerops.services.registry.steps import IF_DOCKER, IF_THERE, PULL
from runnerops.services.registry.steps.take_over import RUNS
from runnerops.services.scripts import script

DAEMON, CONFIG = "/etc/docker/daemon.json", "/etc/gitlab-runner/config.toml"
FOLDER = "/opt/runnerops-contract"
COMPOSE, REGISTRY = f"{FOLDER}/docker-compose.yml", f"{FOLDER}/registry-config.yml"
JUDGED = "/etc/gitlab-runner/judged.toml"
PLACE = "/var/lib/runnerops-contract/runs/1"
"""The working directory of what is run, as a run's own folder is."""

STAGED = "/etc/docker/contract.json"
FLAGS = ("-H", "fd://", "--containerd=/run/containerd/containerd.sock", "--validate", "--config-file", STAGED)
PROJECT = ("-p", "runnerops", "-f", COMPOSE, "--project-directory", FOLDER)
OURS = (
    *("--filter", "label=com.docker.compose.project=runnerops"),
    *("--filter", "label=com.docker.compose.service=dockerhub"),
)
ASKED = (
    *("state running", "image @IMAGE@", "restart always", 'command ["serve","/etc/runnerops/registry-config.yml"]'),
    'ports {"5000/tcp":[{"HostIp":"172.17.0.1","HostPort":"5000"}]}',
    *("logs json-file", "log max-size=9m", "label abc", "env A=b c", "env SECRET="),
    *("mount /etc/runnerops/registry-config.yml=", "mount /var/lib/registry=runnerops-contract"),
)
MIRROR = "http://172.17.0.1:5000"
VERSION = f"{MIRROR}/v2/"
NOWHERE = "http://127.0.0.1:9"
UNIT = "gitlab-runner"
PAGE = "http://127.0.0.1:9252/metrics"
HEX = "[0-9a-f]"
NOTHING, ANYTHING = "", r"(?s:.*)"

NETWORKED = (
    '{"default-address-pools": [{"base": "10.231.0.0/16", "size": 24}], "icc": false, "ip-masq": false, "mtu": 1400, '
    '"fixed-cidr": "10.231.0.128/25", "ip": "127.0.0.1", "labels": ["a=b"], "log-driver": "local", "experimental": true, '
    '"log-opts": {"max-size": "7m"}, "insecure-registries": ["10.9.0.0/16", "harbor.example:5000"], '
    '"runtimes": {"other": {"path": "/usr/sbin/runc"}}, "seccomp-profile": "unconfined", "default-shm-size": "96M", '
    '"default-ipc-mode": "shareable", "init-path": "/usr/bin/docker-init"}'
)
OTHERWISE: dict[str, Value] = {"default-shm-size": "8M", "default-ipc-mode": "private", "seccomp-profile": "builtin"}
"""None of what NETWORKED makes to be seen in lists."""
GOOD = json.dumps({"live-restore": True, "registry-mirrors": [MIRROR], "log-opts": {"max-size": "9m"}})
NO_DRIVER = json.dumps({"log-driver": "journal", "log-opts": {"max-size": "9m"}})
SERVICE = """
services:
  dockerhub:
    image: @IMAGE@
    command: ["serve", "/etc/runnerops/registry-config.yml"]
    restart: always
    ports: ["172.17.0.1:5000:5000"]
    volumes: ["./registry-config.yml:/etc/runnerops/registry-config.yml:ro", "dockerhub:/var/lib/registry"]
    labels: {runnerops.registry-config.sha256: abc}
    environment: {A: b c, SECRET: x}
    logging: {driver: json-file, options: {max-size: 9m}}
volumes: {dockerhub: {name: runnerops-contract}}
"""
CACHE = """
version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/registry}}
http: {addr: ":5000"}
proxy: {remoteurl: "@UPSTREAM@"}
"""
TOML = """
concurrent = 2
listen_address = "127.0.0.1:9252"
[[runners]]
name = "one"
url = "http://127.0.0.1:9"
token = "glrt-aaaaaaaaaaaaaaaaaaaa"
executor = "shell"
"""


@dataclass(frozen=True, slots=True)
class Probe:
    """`status`: of a refusal any other than 0 will do. `says` is a pattern for all of standard output.

    `until`: asked again until it fits, as `await` does. `needs`: a command that gitlab-runner must know, for versions differ.
    """

    argv: tuple[str, ...]
    says: str = NOTHING
    status: int = 0
    files: Mapping[str, str | None] = field(default_factory=dict)
    until: bool = False
    needs: str = ""


def line(text: str, *words: str) -> tuple[str, ...]:
    """A script of one line, which stands in the step itself."""
    return ("sh", "-c", text, "sh", *words)


def judged(status: int, text: str) -> Probe:
    """dockerd's verdict on a file."""
    return Probe(("@DOCKERD@", *FLAGS), status=status, files={STAGED: text})


def composed(status: int, text: str | None) -> Probe:
    """Compose's."""
    return Probe(("docker", "compose", *PROJECT, "config", "-q"), status=status, files={COMPOSE: text})


def answer(url: str, status: int = 0) -> Probe:
    return Probe(("curl", "-fsS", "--noproxy", "*", "-m", "5", "-o", "/dev/null", url), status=status)


INFO = ("docker", "info", "--format")
KILL = ("systemctl", "kill", "-s")
ENABLEMENT = ("systemctl", "show", "-p", "UnitFileState", "--value")
UP = ("docker", "compose", *PROJECT, "up", "-d")
DOWN = ("docker", "compose", *PROJECT, "down")
IDS = ("docker", "ps", "-aq", "--no-trunc", *OURS)
KEPT = ("0644", "root:root")

FILES = (
    Probe(line(IS_ABSENT, DAEMON), "absent\n", files={DAEMON: None}),
    Probe(line(IS_ABSENT, DAEMON), files={DAEMON: "{}"}),
    Probe(("sha256sum", DAEMON), rf"{HEX}{{64}}  {DAEMON}\n"),
    Probe(("sha256sum", "/etc/docker/none.json"), status=1),
    Probe(("test", "-f", DAEMON)),
    Probe(("test", "-f", "/etc/docker/none.json"), status=1),
    Probe(script("keep-original.sh", "etc%docker%daemon.json", DAEMON, "old.1", *KEPT), files={f"{PLACE}/old.1": "{}"}),
    Probe(script("keep-original.sh", "etc%none.json", "/etc/none.json")),
    Probe(script("keep-original.sh", "etc%other.json", "/etc/other.json", "none", *KEPT), status=1),
    Probe(("chmod", "0640", DAEMON)),
    Probe(("chown", "root:root", DAEMON)),
    Probe(("chown", "nobody-there:root", DAEMON), status=1),
)
VERDICTS = (
    judged(0, GOOD),
    judged(0, ""),
    judged(0, NO_DRIVER),
    judged(0, '{"log-opts": {"bogus": "1"}}'),
    judged(0, '{"registry-mirrors": ["no-scheme"]}'),
    judged(0, '{"bip": "1"}'),
    judged(1, "{"),
    judged(1, "[]"),
    judged(1, '{"bogus": 1}'),
    judged(1, '{"debug": "yes"}'),
    judged(1, '{"log-opts": {"max-file": 3}}'),
    judged(1, '{"registry-mirrors": "http://172.17.0.1:5000"}'),
    judged(1, '{"live-restore": 1}'),
    judged(1, '{"max-concurrent-downloads": "3"}'),
    judged(1, '{"labels": ["no-value"]}'),
    judged(1, '{"hosts": ["fd://"]}'),
    judged(1, '{"containerd": "/run/containerd/containerd.sock"}'),
)
DOCKER = (
    Probe(("systemctl", "is-active", "docker"), "active\n"),
    Probe(("systemctl", "show", "-p", "InvocationID", "--value", "docker"), rf"{HEX}{{32}}\n"),
    Probe((*INFO, LOADED), "false\n"),
    Probe((*INFO, "{{.DockerRootDir}}"), "/var/lib/docker\n"),
    Probe((*INFO, "{{.Driver}}"), r"\w+\n"),
    Probe((*INFO, "{{.DriverStatus}}"), r"\[.*\]\n"),
    Probe((*INFO, "{{.SecurityOptions}}"), r"\[.*\]\n"),
    Probe(script("docker-reload.sh", "docker"), files={DAEMON: GOOD}),
    Probe(script("docker-shows.sh", "{{.LoggingDriver}}", "x"), r"json-file\n"),
    Probe(script("docker-shows.sh", "{{.NoSuchField}}", "x"), r"x\n"),
    Probe(script("docker-reload.sh", "--if-active", "docker")),
    Probe((*INFO, LOADED), rf"{MIRROR}/ true\n"),
    Probe((*INFO, "{{.LiveRestoreEnabled}}"), "true\n"),
    Probe((*INFO, "{{.Bogus}}"), ANYTHING, status=1),
    Probe((*INFO, "{{.Bogus"), ANYTHING, status=64),
    Probe(("docker", "version", "--format", "{{.Server.Version}}"), r"\d+\.\d+\.\d+\S*\n"),
    Probe((*BRIDGE, GATEWAY), r"172\.17\.0\.1\n"),
    Probe(("docker", "network", "inspect", "none-such", "--format", GATEWAY), r"\n?", status=1),
    Probe(
        script("docker-return.sh", "docker", "@LIFE@"),
        files={DAEMON: '{"live-restore": false, "registry-mirrors": []}'},
    ),
    Probe((*INFO, LOADED), "false\n", until=True),
    Probe(script("docker-return.sh", "docker", "0" * 32), files={DAEMON: GOOD}),
    Probe((*INFO, LOADED), rf"{MIRROR}/ true\n", until=True),
    Probe(line(PULL, "@IMAGE@"), r"(docker\.io/library/registry:\S+\n)?"),
    Probe(line(PULL, "none-such:1"), status=1),
)
NETWORK = (
    *(
        Probe((*key.ask, key.form), rf"{re.escape(key.default)}\n")
        for key in VISIBLE.values()
        if key.default is not None
    ),
    Probe(script("docker-reload.sh", "--if-active", "docker"), files={DAEMON: '{"debug": true}'}),
    Probe((*VISIBLE["debug"].ask, VISIBLE["debug"].form), r"true\n"),
    Probe(script("docker-reload.sh", "--if-active", "none-such")),
    Probe(line(RESET, "docker"), files={DAEMON: NETWORKED}),
    Probe(("systemctl", "restart", "docker")),
    *(
        Probe(argv, rf"{re.escape(text)}\n", until=True)
        for _, argv, text in shown(frozenset({*VISIBLE, *IN_LISTS}), {}, json.loads(NETWORKED), (25, 0))
    ),
    *(
        Probe(argv, r"(missing|still there): .+\n")
        for _, argv, text in shown(frozenset(IN_LISTS), json.loads(NETWORKED), OTHERWISE, (25, 0))
    ),
    Probe(script("client-route.sh", "127.0.0.1"), r"lo 127\.0\.0\.1\n"),
    Probe(line(SSHD, "http://127.0.0.1:9/")),
    Probe((*BRIDGE, SUBNET), r"10\.231\.0\.(0/24|128/25)\n"),
    Probe(line(RESET, "docker"), files={DAEMON: json.dumps({"default-address-pools": list(DEFAULT_POOLS)})}),
    Probe(("systemctl", "restart", "docker")),
    Probe(line(RESET, "docker"), files={DAEMON: "{}"}),
    Probe(("systemctl", "restart", "docker")),
    Probe((*BRIDGE, SUBNET), r"172\.17\.0\.0/16\n", until=True),
    Probe(line(RESET, "docker"), files={DAEMON: GOOD}),
    Probe(("systemctl", "restart", "docker")),
    Probe((*BRIDGE, GATEWAY), r"172\.17\.0\.1\n", until=True),
)
REFUSED = (
    Probe(line(RESET, "docker")),
    Probe(("systemctl", "restart", "docker"), status=1, files={DAEMON: NO_DRIVER}),
    Probe(script("docker-reload.sh", "--if-active", "docker")),
    Probe((*INFO, LOADED), ANYTHING, status=1),
    Probe(("docker", "version", "--format", "{{.Server.Version}}"), ANYTHING, status=1),
    Probe(IDS, status=1),
    Probe(line(IF_DOCKER, *UP, "--remove-orphans")),
    Probe(line(RESET, "docker"), files={DAEMON: GOOD}),
    Probe(("systemctl", "start", "docker")),
    Probe((*INFO, LOADED), rf"{MIRROR}/ true\n", until=True),
    Probe(line(RESET, "none-such")),
    Probe(("systemctl", "disable", "docker.service"), ANYTHING),
    Probe(("systemctl", "enable", "docker.service"), ANYTHING),
    Probe((*ENABLEMENT, "docker"), "enabled\n"),
    Probe(("systemctl", "start", "none-such"), status=5),
    Probe(("systemctl", "stop", "none-such"), status=5),
    Probe(("systemctl", "restart", "docker")),
    Probe(("docker", "version", "--format", "{{.Server.Version}}"), r"\d+\.\d+\.\d+\S*\n", until=True),
)
CACHES = (
    composed(0, SERVICE),
    composed(15, "services: {dockerhub: {image: x, bogus: 1}}"),
    composed(15, "services: {dockerhub: {image: x, volumes: ['none:/x']}}"),
    composed(15, "services: {dockerhub: {restart: always}}"),
    Probe(line(IF_THERE, COMPOSE, *DOWN), files={COMPOSE: None}),
    answer(f"{MIRROR}/v2/", 7),
    Probe(IDS),
    Probe((*UP, "--remove-orphans"), files={COMPOSE: SERVICE, REGISTRY: CACHE}),
    Probe(IDS, rf"{HEX}{{64}}\n"),
    Probe(("docker", "compose", *PROJECT, "ps", "-q"), rf"{HEX}{{64}}\n"),
    Probe(script("cache-as-configured.sh", "dockerhub", FORM, *ASKED), "as configured\n", until=True),
    *(
        Probe(
            script("cache-as-configured.sh", "dockerhub", FORM, *ASKED, wrong),
            f"not as configured: {re.escape(wrong)}\n",
        )
        for wrong in ("restart no", "mount /var/lib/registry=other", "env A=b", "log max-size=9", "label ab")
    ),
    Probe(script("cache-as-configured.sh", "none-such", FORM, "state running"), "the container does not run\n"),
    Probe(("curl", *answer(f"{MIRROR}/v2/").argv[1:]), until=True),
    Probe(script("cache-answers-again.sh", "dockerhub", "10", *answer(f"{MIRROR}/v2/").argv)),
    answer(f"{MIRROR}/v2/none-such", 22),
    Probe(("curl", "-sS", "-m", "5", "-o", "/dev/null", "@UPSTREAM@/v2/")),
    Probe((*UP, "--remove-orphans")),
    Probe((*UP, "--remove-orphans", "dockerhub")),
    Probe((*UP, "--remove-orphans", "--force-recreate", "--no-deps", "dockerhub")),
    Probe((*UP, "--remove-orphans", "--force-recreate", "--no-deps", "none-such"), status=1),
    Probe(script("cache-remove-others.sh", "none", *OURS)),
    Probe(IDS),
    Probe((*UP, "--no-recreate", "--remove-orphans")),
    Probe(IDS, rf"{HEX}{{64}}\n"),
    Probe(("curl", *answer(f"{MIRROR}/v2/").argv[1:]), until=True),
    Probe(
        script(
            "containers-reach.sh",
            "--verify",
            "dockerhub",
            MIRROR,
            "any",
            "why",
            "ufw",
            "iptables",
            "--",
            *answer(VERSION).argv,
        ),
        until=True,
    ),
    Probe(
        script("containers-reach.sh", "--verify", "none-such", NOWHERE, "bridge", "why", "--", *answer(NOWHERE).argv),
        "why\n",
        1,
    ),
    Probe(
        script(
            "containers-reach.sh",
            "--verify",
            "dockerhub",
            NOWHERE,
            "network:none-such",
            "w",
            "--",
            *answer(VERSION).argv,
        )
    ),
    Probe(script("cache-replaced.sh", "none", *OURS), "another\n"),
    Probe(script("cache-replaced.sh", "none", "--filter", "label=com.docker.compose.service=none-such")),
    Probe(script("cache-upstream.sh", "--note", "dockerhub", MIRROR, "library/alpine")),
    Probe(script("cache-upstream.sh", "--compare", "dockerhub", MIRROR, "library/alpine"), "same\n"),
    Probe(script("cache-upstream.sh", "--compare", "another", MIRROR, "-"), "same\n"),
    Probe(
        script(
            "containers-reach.sh",
            "--report",
            "dockerhub",
            MIRROR,
            "any",
            "why",
            "ufw",
            "iptables",
            "--",
            *answer(VERSION).argv,
        )
    ),
    Probe(script("containers-reach.sh", "--note", "c1.dockerhub", MIRROR, "any", "--", *answer(VERSION).argv)),
    Probe(
        script("containers-reach.sh", "--compare", "c1.dockerhub", MIRROR, "any", "why", "--", *answer(VERSION).argv)
    ),
    Probe(script("containers-reach.sh", "--note", "none-such", NOWHERE, "bridge", "--", *answer(NOWHERE).argv)),
    Probe(
        script("containers-reach.sh", "--compare", "none-such", MIRROR, "bridge", "why", "--", *answer(VERSION).argv)
    ),
    Probe(("docker", "pull", "-q", "alpine:3"), r"docker\.io/library/alpine:3\n"),
    Probe(("docker", "pull", "-q", "alpine:none-such"), status=1),
    Probe(("curl", "-fsS", f"{MIRROR}/v2/_catalog"), r'\{"repositories":\["library/alpine"\]\}\n'),
    Probe(line(IF_DOCKER, *UP, "--remove-orphans")),
    Probe((*RUNS, "0" * 64), r"\n?", status=1),
    Probe(script("container-aside.sh", "stop", "runnerops-dockerhub-1", "always", "1", "mirror")),
    answer(f"{MIRROR}/v2/", 7),
    Probe(script("container-aside.sh", "start", "runnerops-dockerhub-1", "always", "1", "mirror")),
    Probe(("curl", *answer(f"{MIRROR}/v2/").argv[1:]), until=True),
    Probe(script("container-aside.sh", "stop", "none-such", "none", "1", "mirror"), status=1),
)
DOWNS = (
    Probe(line(IF_THERE, COMPOSE, *DOWN)),
    Probe(script("cache-remove-others.sh", "none", *OURS[:2])),
    Probe(IDS),
    Probe(script("cache-remove-volume.sh", "runnerops-contract")),
    Probe(script("cache-remove-volume.sh", "runnerops-none-such")),
)


def wrote(what: str, sha: str) -> tuple[str, ...]:
    """Whether the runner has written its file, which had this checksum."""
    return script("runner-wrote.sh", what, CONFIG, sha, "runner.new", NO_MATTER)


DIGEST = "0" * 64
ROTATED = {f"{PLACE}/rotate.toml": TOML.replace('"one"', '"rotated"')}
SAYS_NOTHING = r"(?s).*GitLab created no new token, and does not say whether it still accepts the old one\n"
"""Nobody listens where it is asked."""
LOADS = script("runner-config.sh", "--loaded", UNIT, "any", "info", PAGE)
RUNNER = (
    Probe(("systemctl", "is-active", UNIT), "active\n"),
    Probe(("systemctl", "show", "-p", "InvocationID", "--value", UNIT), rf"{HEX}{{32}}\n"),
    Probe(script("runner-config.sh", "--heeds", UNIT)),
    Probe(script("runner-config.sh", "--mark", UNIT, "-")),
    Probe((*KILL, "HUP", "--kill-who=main", UNIT), files={CONFIG: TOML}),
    Probe(LOADS, "loaded\n", until=True),
    Probe(script("runner-config.sh", "--back", UNIT, "any", "info", PAGE), "loaded\n", until=True),
    Probe(wrote("--kept", sha256(TOML.encode())), files={f"{PLACE}/runner.new": ""}),
    Probe(wrote("--kept", "0" * 64), ".* was overwritten meanwhile.*\n", status=1),
    Probe(wrote("--taken-back", sha256(TOML.encode()))),
    Probe(
        script("runner-reset-token.sh", DIGEST, CONFIG, f"{UNIT}.service"),
        SAYS_NOTHING,
        status=1,
        needs="reset-token",
        files=ROTATED,
    ),
    Probe(script("runner-keep-token.sh", DIGEST), files=ROTATED),
    Probe(("rm", "-rf", "/var/lib/runnerops/rotated")),
    Probe(script("runner-would-load.sh", CONFIG), needs="lint"),
    Probe(script("runner-would-load.sh", JUDGED), needs="lint", files={JUDGED: f"unheard_of = 1\n{TOML}"}),
    Probe(("cat", "notes"), r"gitlab-runner loads this [^@]*unheard_of[^@]*", needs="lint"),
    Probe(
        script("runner-would-load.sh", JUDGED), ANYTHING, status=1, needs="lint", files={JUDGED: 'concurrent = "two"'}
    ),
    Probe(script("runner-would-load.sh", JUDGED), ANYTHING, status=1, needs="lint", files={JUDGED: "["}),
    Probe(script("runner-config.sh", "--mark", UNIT, "-")),
    Probe((*KILL, "HUP", "--kill-who=main", UNIT), files={CONFIG: 'concurrent = "two"'}),
    Probe(LOADS, "it refused its config.toml\n", until=True),
    Probe(script("runner-config.sh", "--mark", UNIT, "-")),
    Probe(script("runner-load-or-start.sh", UNIT), files={CONFIG: TOML}),
    Probe(LOADS, "loaded\n", until=True),
    Probe(line(drain.STAY, UNIT)),
    Probe(script("runner-signal.sh", UNIT, "QUIT", "main")),
    Probe(script("drain.sh", UNIT, "QUIT", "main", PAGE, UNKNOWN), "gone\n", until=True),
    Probe(("systemctl", "stop", UNIT)),
    Probe(("systemctl", "is-active", UNIT), "inactive\n", status=3),
    Probe(("systemctl", "disable", f"{UNIT}.service"), ANYTHING),
    Probe((*ENABLEMENT, UNIT), "disabled\n"),
    Probe(("systemctl", "enable", f"{UNIT}.service"), ANYTHING),
    Probe((*ENABLEMENT, UNIT), "enabled\n"),
    Probe(script("runner-signal.sh", "--if-there", UNIT, "QUIT", "main")),
    Probe(script("runner-config.sh", "--mark", UNIT, "-")),
    Probe(line(drain.RESET, UNIT)),
    Probe(("systemctl", "start", UNIT)),
    Probe(LOADS, "loaded\n", until=True),
    Probe(
        script("drain.sh", UNIT, "QUIT", "main", PAGE, UNKNOWN), "gone\n", until=True
    ),  # nobody told this process yet
    Probe(("systemctl", "stop", UNIT)),
    Probe(script("runner-config.sh", "--mark", UNIT, "-")),
    Probe(("systemctl", "start", UNIT)),
    Probe(LOADS, "loaded\n", until=True),
    Probe(script("runner-signal.sh", UNIT, "TERM", "all")),
    Probe(script("drain.sh", UNIT, "TERM", "all", PAGE, UNKNOWN), "gone\n", until=True),
    Probe(("systemctl", "stop", UNIT)),
    Probe(script("runner-config.sh", "--mark", UNIT, "-")),
    Probe(line(drain.RESET, UNIT)),
    Probe(("systemctl", "start", UNIT)),
    Probe(LOADS, "loaded\n", until=True),
    Probe(script("runner-config.sh", "--mark", UNIT, PAGE)),
    Probe((*KILL, "HUP", "--kill-who=main", UNIT), files={CONFIG: TOML.replace("2", "3", 1)}),
    Probe(LOADS, "loaded\n", until=True),
    Probe(script("runner-config.sh", "--mark", UNIT, "-")),
    Probe(script("runner-return-later.sh", UNIT, "runner-return.sh", "start")),
    Probe(script("runner-config.sh", "--returned", UNIT, "any", "info", PAGE), "loaded\n", until=True),
    Probe(("systemctl", "is-active", UNIT), "active\n", until=True),
    Probe(LOADS, "loaded\n", until=True),
)
LISTED = "{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}"
INSPECTED = 'docker inspect --type container --format "$1" $(docker ps -aq --no-trunc --filter "$2")'
SHOWN = ("systemctl", "show", "-p", "Id,LoadState,ActiveState,MainPID,InvocationID,ExecStart,UnitFileState")
UNITS = ("systemctl", "list-units", "--all", "--plain", "--no-legend", "--no-pager", "runnerops-*")
_UP = (
    r"(?sm)(?=.*^LoadState=loaded$)(?=.*^ActiveState=active$)(?=.*^MainPID=[1-9]\d*$)(?=.*^InvocationID=[0-9a-f]{32}$)"
)
_PORTS = r'\{"5000/tcp":\[\{"HostIp":"172\.17\.0\.1","HostPort":"5000"\}\]\}'
OBSERVED = (
    Probe(("docker", "compose", "version", "--short"), r"\d+\.\d+\.\d+\S*\n"),
    Probe(("docker", "image", "ls", "--digests", "--format", LISTED), rf"(\S+:\S+ \S+@(<none>|sha256:{HEX}{{64}})\n)+"),
    Probe(("docker", "inspect", "--type", "container", "--format", CONTAINER, "none"), r"\n?", status=1),
    Probe(
        line(INSPECTED, CONTAINER, OURS[1]),
        rf'\{{"id":"{HEX}{{64}}","name":"/runnerops-dockerhub-1","image":"registry:\S+","running":true,'
        rf'"restart":"always","ports":{_PORTS},"labels":\{{.*"com.docker.compose.service":"dockerhub".*\}}.*\}}\n',
    ),
    Probe(("docker", "volume", "ls", "-q", "--filter", OURS[1]), "runnerops-contract\n"),
    Probe((*INFO, "{{json .}}"), r'\{.*"RegistryConfig":\{.*"Mirrors":\["http://172\.17\.0\.1:5000/"\].*\}\n'),
    Probe((*INFO, "{{json .Swarm}}"), r'\{.*"LocalNodeState":"inactive".*\}\n'),
    Probe(
        (*SHOWN, "docker.service"),
        _UP + r"(?=.*^ExecStart=\{ path=\S*dockerd ; argv\[\]=\S*dockerd -H fd:// .* ; ignore_errors=).*",
    ),
    Probe(
        (*SHOWN, "gitlab-runner.service"),
        _UP + r"(?=.*argv\[\]=\S*gitlab-runner run --config \S+.* ; ignore_errors=).*",
    ),
    Probe(
        (*SHOWN, "none-such.service"),
        r"(?sm)(?=.*^LoadState=not-found$)(?=.*^ActiveState=inactive$)(?=.*^MainPID=0$).*",
    ),
    Probe(
        (*SHOWN, "docker.service", "gitlab-runner.service"),
        r"(?s)([^\n]+\n)*Id=docker\.service\n([^\n]+\n)*\n([^\n]+\n)*Id=gitlab-runner\.service\n([^\n]+\n)*",
    ),
    Probe(UNITS, until=True),
    Probe(("ip", "-o", "addr", "show"), r"(\d+: \S+ +inet6? [0-9a-f.:]+/\d+ .*\n)+"),
    Probe(("ip", "-4", "-o", "addr", "show", "dev", "docker0"), r"\d+: docker0 +inet 172\.17\.0\.1/16 .*\n"),
    Probe(("ip", "-4", "-o", "addr", "show", "dev", "none-such"), status=1),
    Probe(("ss", "-Hltnp"), r"(LISTEN +\d+ +\d+ +\S+:\d+ +\S+:\* .*\n)+"),
    Probe(("gitlab-runner", "--version"), r"(?s)Version: +\d+\.\d+\.\d+.*"),
    Probe(("journalctl", "-q", "-u", UNIT, "-n", "1", "--show-cursor", "-o", "cat"), r".*\n-- cursor: \S+\n"),
    Probe(("journalctl", "-q", "-u", "none-such", "-n", "1", "--show-cursor", "-o", "cat")),
)
"""What observations ask of these programs, while the cache and all else is up."""

LAST = (Probe(("systemctl", "stop", "docker")),)
PROBES = (*FILES, *VERDICTS, *DOCKER, *NETWORK, *REFUSED, *CACHES, *RUNNER, *OBSERVED, *DOWNS, *LAST)
