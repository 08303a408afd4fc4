"""Registry 3, which Debian does not have: built by Go where the machine has it, cached beside the roots.

It lacks the drivers for storage at Google and at Microsoft, which no test uses and which are a third of the work of a build.

There is no registry 3 where there is no Go; its tests are then not collected.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from hashlib import sha256
from pathlib import Path

from tests.lab.images import Image
from tests.lab.roots import cache_directory, locked
from tests.lab.shell import run

MODULE = "github.com/distribution/distribution/v3"
VERSION = "v3.0.0"
PARTS = (
    *("auth/htpasswd", "auth/silly", "auth/token", "proxy"),
    *("storage/driver/filesystem", "storage/driver/inmemory", "storage/driver/s3-aws"),
    *(
        "storage/driver/middleware/cloudfront",
        "storage/driver/middleware/redirect",
        "storage/driver/middleware/rewrite",
    ),
)
"""What the verdicts know of it."""
MAIN = f"""package main

import (
	"os"

	"{MODULE}/registry"
{"".join(f'	_ "{MODULE}/registry/{part}"{chr(10)}' for part in PARTS)})

func main() {{
	if registry.RootCmd.Execute() != nil {{
		os.Exit(1)
	}}
}}
"""
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
    """The static binary, built now if the cache has none: some 200 s of processor. LabError when Go fails."""
    folder = cache_directory() / "go"
    binary = folder / f"registry-{VERSION}-{sha256(MAIN.encode()).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / "lock"):
        if not binary.exists():
            with tempfile.TemporaryDirectory(dir=folder) as building:
                Path(building, "main.go").write_text(MAIN)
                Path(building, "go.mod").write_text(f"module lab\n\ngo 1.23\n\nrequire {MODULE} {VERSION}\n")
                about = ["CGO_ENABLED=0", "GOFLAGS=-mod=mod", f"HOME={os.environ.get('HOME', '/root')}"]
                go = ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", "registry"]
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
