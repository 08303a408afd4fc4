"""Images for Docker in Docker, of a root's own binaries: the daemon by the rules of the official one, and its client."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.lab.images import Image
from tests.lab.roots import libraries
from tests.lab.shell import run

ENTRYPOINT = Path(__file__).parent / "image" / "dockerd-entrypoint.sh"
DAEMON = (
    "dockerd",
    "containerd",
    "containerd-shim-runc-v2",
    "runc",
    "docker-proxy",
    "iptables",
    "ip6tables",
    "openssl",
)
EXTENSIONS = "usr/lib/x86_64-linux-gnu/xtables"
IMAGE = "library/docker:dind"
CLIENT = "library/docker:cli"


def dind_image(root: Path) -> Image:
    """`docker:dind`. Variables, volume and ports are those of the official image."""
    files = {**binaries(root, (*DAEMON, "docker", "tini-static")), **busybox(root)}
    files["usr/bin/docker-init"] = files.pop("usr/bin/tini-static")
    files["etc/ssl/openssl.cnf"] = files["usr/lib/ssl/openssl.cnf"] = (
        (root / "etc/ssl/openssl.cnf").read_bytes(),
        0o644,
    )
    for path in (root / EXTENSIONS).iterdir():
        files[f"{EXTENSIONS}/{path.name}"] = (path.read_bytes(), 0o644)
    files["usr/bin/dockerd-entrypoint.sh"] = (ENTRYPOINT.read_bytes(), 0o755)
    return Image(
        IMAGE,
        files,
        applets(root),
        ("dockerd-entrypoint.sh",),
        volumes=("/var/lib/docker",),
        environment=("DOCKER_TLS_CERTDIR=/certs",),
        ports=(2375, 2376),
    )


def client_image(root: Path) -> Image:
    """`docker:cli`: what a job needs that uses Docker."""
    files = {**binaries(root, ("docker",)), **busybox(root)}
    return Image(CLIENT, files, applets(root), command=("sh",), environment=("DOCKER_TLS_CERTDIR=/certs",))


def binaries(root: Path, names: Iterable[str]) -> dict[str, tuple[bytes, int]]:
    """Programs of the root's PATH under `usr/bin`, with the libraries and the loader that they need at their places."""
    files: dict[str, tuple[bytes, int]] = {}
    for name in names:
        place = run(["chroot", str(root), "sh", "-c", f"readlink -f $(command -v {name})"]).strip()
        files[f"usr/bin/{name}"] = ((root / place.lstrip("/")).read_bytes(), 0o755)
        for library in libraries(root, place):
            files[library.lstrip("/")] = ((root / library.lstrip("/")).read_bytes(), 0o755)
    return files


def busybox(root: Path) -> dict[str, tuple[bytes, int]]:
    """The one program behind all applets."""
    return {"bin/busybox": ((root / "bin/busybox").read_bytes(), 0o755)}


def applets(root: Path) -> dict[str, str]:
    """Every applet that this busybox has."""
    names = run(["chroot", str(root), "/bin/busybox", "--list"]).split()
    return {f"bin/{name}": "busybox" for name in names if name != "busybox"}
