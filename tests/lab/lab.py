"""The lab: hosts of every recipe and stand-ins for Docker Hub and GitLab, on a bridge of their own.

`open_lab()` builds what the cache has not, boots all hosts side by side and ends everything it started, however the
block is left. Two labs can run on one machine. What a killed lab left behind, the next one removes.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.lab.gitlab import GitLab, open_gitlab
from tests.lab.host import LabHost
from tests.lab.hub import Hub
from tests.lab.images import Image, helper_image, registry_image, small_image
from tests.lab.nspawn import Container
from tests.lab.roots import RECIPES, Recipe, ensure_root
from tests.lab.shell import run
from tests.lab.slot import Slot, take_slot
from tests.lab.ssh import make_key

STAND_IN = Path(__file__).parent / "standin"
HUB_IMAGES = ("library/alpine:3", "library/alpine:3.1", "library/busybox:1")
BUSYBOX = "runnerops-lab/busybox:1"
WATCHES = Path("/proc/sys/fs/inotify/max_user_instances")
ENOUGH_WATCHES = 1024
STAND_IN_FOR = {"bookworm": "16.11.0"}
"""The release that the stand-in takes itself for, where it is not its newest: one without `lint`."""


@dataclass(frozen=True, slots=True)
class Lab:
    """The running lab."""

    hosts: tuple[LabHost, ...]
    hub: Hub
    gitlab: GitLab
    key: Path
    known_hosts: Path
    scratch: Path
    hub_images: tuple[Image, ...]

    def describe(self) -> str:
        """What runs here, in one line, as the hosts themselves say."""
        with ThreadPoolExecutor() as pool:
            said = list(pool.map(LabHost.versions, self.hosts))
        engines = [
            f"docker {of['docker']} + compose {of['compose']} ({host.name})"
            for host, of in zip(self.hosts, said, strict=True)
        ]
        registries = " and ".join(sorted({of["registry"] for of in said}))
        return f"{', '.join(engines)}, registry {registries}, gitlab-runner {said[0]['gitlab_runner']}"

    def host(self, name: str) -> LabHost:
        """The host of that recipe."""
        return next(host for host in self.hosts if host.name == name)

    @property
    def bookworm(self) -> LabHost:
        """Debian 12: Docker 20.10, Compose v1."""
        return self.host("bookworm")

    @property
    def trixie(self) -> LabHost:
        """Debian 13: Docker 26.1, Compose v2, no Python on the PATH."""
        return self.host("trixie")

    @property
    def docker28(self) -> LabHost:
        """Debian 13 with the Docker and Compose of the suite after it: 28 or newer."""
        return self.host("docker28")


def real_runner() -> Path | None:
    """A real gitlab-runner of this machine, where there is one."""
    named = os.environ.get("RUNNEROPS_LAB_GITLAB_RUNNER") or shutil.which("gitlab-runner")
    return Path(named) if named else None


@contextmanager
def open_lab(recipes: Sequence[Recipe] = RECIPES) -> Iterator[Lab]:
    """Build, boot, yield; then end it all."""
    with take_slot() as slot, ExitStack() as stack:
        with ThreadPoolExecutor() as builders:
            roots = list(builders.map(ensure_root, recipes))
        allow_watches()
        make_bridge(slot)
        key = slot.scratch / "key"
        public = make_key(key, "runnerops-lab")
        known_hosts = slot.scratch / "known_hosts"
        hosts = tuple(make_host(slot, number, recipe, root, key) for number, recipe, root in numbered(recipes, roots))
        known_hosts.write_text("".join(f"{host.host_key()}\n" for host in hosts))
        hub = Hub(slot, roots[0])
        gitlab = stack.enter_context(open_gitlab(slot.address(1)))
        images = tuple(small_image(roots[0], name) for name in HUB_IMAGES)
        # left in the opposite order: power off, then nobody waits for a host, then no connection is opened again
        for host in hosts:
            stack.callback(host.hang_up)
        pool = stack.enter_context(ThreadPoolExecutor())
        stack.callback(hub.stop)
        for host in hosts:
            stack.callback(host.container.kill)
            furnish(host.container, public)
            host.container.start()
        each(pool, [*(lambda host=host: settle(host) for host in hosts), lambda: fill(hub, images)])
        yield Lab(hosts, hub, gitlab, key, known_hosts, slot.scratch, images)


def allow_watches() -> None:
    """Each host has about eight inotify instances; of those a kernel often allows one user 128, too few for six labs."""
    if int(WATCHES.read_text()) < ENOUGH_WATCHES:
        with suppress(OSError):  # then a host that finds too few says which of its units failed
            WATCHES.write_text(str(ENOUGH_WATCHES))


def numbered(recipes: Sequence[Recipe], roots: list[Path]) -> Iterator[tuple[int, Recipe, Path]]:
    """Recipes with their roots and the number of their host's address."""
    for number, (recipe, root) in enumerate(zip(recipes, roots, strict=True), start=2):
        yield number, recipe, root


def make_host(slot: Slot, number: int, recipe: Recipe, root: Path, key: Path) -> LabHost:
    """A host that is off and has its own host keys."""
    container = Container(slot, recipe.name, number, root)
    for kind in ("ed25519", "ecdsa"):
        path = container.root / f"etc/ssh/ssh_host_{kind}_key"
        run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", container.name, "-f", str(path)])
    kept = [registry_image(root), small_image(root, BUSYBOX)]
    if (real := real_runner()) and (helper := real.with_name("gitlab-runner-helper")).exists():
        kept.append(helper_image(root, helper))
    return LabHost(container, recipe.suite, key, slot.scratch / "known_hosts", tuple(kept), real is None)


def each(pool: ThreadPoolExecutor, works: list[Callable[[], None]]) -> None:
    """Do all side by side; raise what the first of them raises."""
    for future in [pool.submit(work) for work in works]:
        future.result()


def make_bridge(slot: Slot) -> None:
    """The bridge, with the lab's first address; hosts have no way past it."""
    batch = f"link add {slot.bridge} address {slot.hardware_address(1)} type bridge\n"
    batch += f"address add {slot.address(1)}/{slot.network.prefixlen} dev {slot.bridge}\nlink set {slot.bridge} up\n"
    run(["ip", "-batch", "-"], text=batch)


def furnish(container: Container, public: str) -> None:
    """What makes a copy of a root a host of its own: names, keys, and the gitlab-runner of this lab."""
    container.write_file("etc/hostname", f"{container.name}\n")
    container.write_file("etc/hosts", f"127.0.0.1 localhost\n{container.address} {container.name}\n")
    container.write_file("etc/machine-id", f"{secrets.token_hex(16)}\n", 0o444)
    shutil.rmtree(container.root / "etc/update-motd.d", ignore_errors=True)  # twenty processes at every login
    # Docker's programs end, or are restarted, before collecting garbage has paid
    container.write_file("etc/systemd/system.conf.d/go.conf", "[Manager]\nDefaultEnvironment=GOGC=400\n")
    for home in ("root", "home/deploy", "home/nosudo"):
        owner = (container.root / home).stat().st_uid
        container.write_file(f"{home}/.ssh/authorized_keys", public, 0o600, owner)
        (container.root / home / ".ssh").chmod(0o700)
        os.chown(container.root / home / ".ssh", owner, owner)
    if real := real_runner():
        container.write_file("usr/bin/gitlab-runner", "", 0o755)
        container.bind_file(real, "/usr/bin/gitlab-runner")
    else:
        for path in STAND_IN.glob("*.py"):
            container.copy_file(path, f"opt/runnerops-lab/standin/{path.name}")
        container.write_file("opt/runnerops-lab/version", f"{STAND_IN_FOR.get(container.name, '')}\n")
        container.copy_file(STAND_IN / "launch.py", "opt/runnerops-lab/r")
        container.copy_file(STAND_IN / "gitlab-runner.sh", "usr/bin/gitlab-runner", 0o755)


def settle(host: LabHost) -> None:
    """Wait for a host, give it its images, and note what untouched means."""
    host.wait_up()
    host.load(*host.kept)
    host.note_untouched()


def fill(hub: Hub, images: tuple[Image, ...]) -> None:
    """Start the hub with its images."""
    hub.start()
    hub.push(*images)
