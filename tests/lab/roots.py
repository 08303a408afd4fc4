"""Root file systems of the lab's hosts: debootstrapped once, cached outside the repository, never written to again."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.binaries import lay_over, named_folder, stamp
from tests.lab.machine import debian_uri
from tests.lab.shell import LabError, run

GUEST = Path(__file__).parent / "guest"

SYSTEM = ("systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "iproute2", "iptables", "procps", "curl")
COMMON = (*SYSTEM, "ca-certificates", "busybox-static", "python3", "docker.io", "docker-compose", "docker-registry")


ALONE = ("unshare", "--mount", "--propagation", "private")


@dataclass(frozen=True, slots=True)
class Recipe:
    """One kind of host: a debootstrap of `suite` with these packages, or a copy of `base` that gets them from `suite`.

    With `binaries` it gets the programs of that folder then.
    """

    name: str
    suite: str
    packages: tuple[str, ...]
    base: Recipe | None = None
    binaries: Path | None = field(default=None, repr=False)  # its content counts, not its place
    setup: str = field(default="setup.sh", repr=False)
    """The guest's script that makes a lab host of it; none for what is no host."""


BOOKWORM = Recipe("bookworm", "bookworm", COMMON)
TRIXIE = Recipe("trixie", "trixie", (*COMMON, "docker-cli"))
DOCKER28 = Recipe("docker28", "forky", ("docker.io", "docker-cli", "docker-compose"), TRIXIE)
GIVEN = Recipe("given", "trixie", ("nftables",), TRIXIE, folder) if (folder := named_folder()) else None
"""The Docker that RUNNEROPS_LAB_DOCKER names, as RUNNEROPS_LAB_GITLAB_RUNNER names a gitlab-runner."""
RECIPES = (BOOKWORM, TRIXIE, DOCKER28, *([GIVEN] if GIVEN else []))
BARE = Recipe("bare", "bookworm", ("ca-certificates", "python3", "python3-venv", "make", "git"), setup="")
"""A machine of somebody who tries this project: nothing but Python, make and git."""

PRIVILEGE = Recipe("privilege", "trixie", ("sudo-rs", "opendoas"), setup="")
"""No machine: other ways to become root than a lab host's sudo, to be laid over one."""


def cache_directory() -> Path:
    """Where roots and running labs live; RUNNEROPS_LAB_CACHE moves it."""
    return Path(os.environ.get("RUNNEROPS_LAB_CACHE", "/var/cache/runnerops-lab"))


def recipe_digest(recipe: Recipe) -> str:
    """Changes with whatever goes into the root."""
    parts = [repr(recipe).encode(), *(path.read_bytes() for path in sorted(GUEST.iterdir()) if path.is_file())]
    if recipe.binaries:
        parts.append(stamp(recipe.binaries).encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


def ensure_root(recipe: Recipe) -> Path:
    """The path of the recipe's root, built now if the cache has none. Two labs may ask at once."""
    root = cache_directory() / "roots" / f"{recipe.name}-{recipe_digest(recipe)}"
    if root.is_dir():
        os.utime(root)
        return root
    root.parent.mkdir(parents=True, exist_ok=True)
    with locked(root.parent / f"{recipe.name}.lock"):
        if not root.is_dir():
            building = Path(tempfile.mkdtemp(prefix=f".{recipe.name}-", dir=root.parent))
            try:
                build(recipe, building)
                building.rename(root)
                prune(recipe, root)
            finally:
                shutil.rmtree(building, ignore_errors=True)
    return root


def prune(recipe: Recipe, newest: Path) -> None:
    """Remove the roots of earlier recipes that no lab has used for a week."""
    for root in newest.parent.glob(f"{recipe.name}-*"):
        if root != newest and root.stat().st_mtime < time.time() - 7 * 86400:
            shutil.rmtree(root)


def build(recipe: Recipe, directory: Path) -> None:
    """Make the root. In a mount namespace of its own, so that no mount outlives a failure."""
    directory.chmod(0o755)
    if recipe.base:
        build_upon(ensure_root(recipe.base), recipe, directory)
    else:
        bootstrap(recipe, directory)


def bootstrap(recipe: Recipe, directory: Path) -> None:
    """A root of Debian's packages, set up by the guest's script."""
    debs = cache_directory() / "debs" / recipe.suite
    debs.mkdir(parents=True, exist_ok=True)
    include = ",".join(recipe.packages)
    argv = ["debootstrap", "--variant=minbase", f"--cache-dir={debs}", f"--include={include}"]
    run([*ALONE, *argv, recipe.suite, str(directory), debian_uri()], seconds=1200)
    if recipe.setup:
        in_guest(directory, recipe.setup)


def build_upon(base: Path, recipe: Recipe, directory: Path) -> None:
    """A copy of a finished root with some packages of another suite, or with programs of somebody's own."""
    run(["cp", "--archive", "--reflink=auto", f"{base}/.", str(directory)], seconds=300)
    if recipe.packages:
        resolver = directory / "etc/resolv.conf"
        shutil.copyfile("/etc/resolv.conf", resolver)
        in_guest(directory, "newer-docker.sh", debian_uri(), recipe.suite, *recipe.packages)
        resolver.write_text("")
    if recipe.binaries:
        lay_over(recipe.binaries, directory)


def in_guest(directory: Path, script: str, *words: str) -> None:
    """Run one of the guest's scripts in the root's chroot."""
    shutil.copytree(GUEST, directory / "runnerops-lab")
    clean = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive"]
    run([*ALONE, *clean, "chroot", str(directory), "sh", f"/runnerops-lab/{script}", *words], seconds=600)
    shutil.rmtree(directory / "runnerops-lab")


def registry_version(root: Path) -> str:
    """Version of the registry binary in `root`, such as 2.8.2."""
    output = run(["chroot", str(root), "docker-registry", "--version"])
    match = re.search(r"\d+\.\d+\.\d+", output)
    if match is None:
        raise LabError(f"{root}: docker-registry --version says {output!r}")
    return match[0]


def libraries(root: Path, program: str) -> list[str]:
    """Absolute paths, inside `root`, of the loader and the libraries that a program of it needs; none where it is static."""
    output = run(["chroot", str(root), "ldd", program], check=False)
    return sorted(set(re.findall(r"(/\S+) \(0x", output)))


def registry_libraries(root: Path) -> list[str]:
    """Those of its registry."""
    return libraries(root, "/usr/bin/docker-registry")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path`; it goes with the process, however that ends."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
