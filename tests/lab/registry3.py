"""Registry 3, which Debian does not have: built by Go where the machine has it, cached beside the roots.

There is no registry 3 where there is no Go; its tests are then not collected.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from tests.lab.images import Image
from tests.lab.roots import cache_directory, locked
from tests.lab.shell import run

MODULE = "github.com/distribution/distribution/v3/cmd/registry"
VERSION = "v3.0.0"
IMAGE = "registry:3"
DEFAULT = "etc/distribution/config.yml"

ENTRYPOINT = b"""#!/bin/sh
case $1 in
*.yml | *.yaml) set -- registry serve "$@" ;;
serve | garbage-collect | help | -*) set -- registry "$@" ;;
esac
exec "$@"
"""


def has_go() -> bool:
    """Whether this machine can build it."""
    return shutil.which("go") is not None


def ensure_binary() -> Path:
    """The static binary, built now if the cache has none: about a minute on two cores. LabError when Go fails."""
    folder = cache_directory() / "go"
    binary = folder / f"registry-{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / "lock"):
        if not binary.exists():
            with tempfile.TemporaryDirectory(dir=folder) as building:
                about = ["CGO_ENABLED=0", f"GOBIN={building}", f"HOME={os.environ.get('HOME', '/root')}"]
                go = ["go", "install", "-trimpath", "-ldflags=-s -w", f"{MODULE}@{VERSION}"]
                run(["env", "--chdir", building, *about, *go], seconds=900)
                Path(building, "registry").rename(binary)
    return binary


def registry3_image(root: Path) -> Image:
    """`registry:3` with the paths, the entrypoint's rules and the variable of the official image."""
    files = {
        "bin/registry": (ensure_binary().read_bytes(), 0o755),
        "bin/busybox": ((root / "bin/busybox").read_bytes(), 0o755),
        "entrypoint.sh": (ENTRYPOINT, 0o755),
        DEFAULT: (
            b"version: 0.1\nstorage: {filesystem: {rootdirectory: /var/lib/registry}}\nhttp: {addr: ':5000'}\n",
            0o644,
        ),
    }
    links = {f"bin/{applet}": "busybox" for applet in ("sh", "wget", "true", "cat", "ls")}
    return Image(
        f"library/{IMAGE}",
        files,
        links,
        ("/entrypoint.sh",),
        (f"/{DEFAULT}",),
        volumes=("/var/lib/registry",),
        environment=("OTEL_TRACES_EXPORTER=none",),
    )
