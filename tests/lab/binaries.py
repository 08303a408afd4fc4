"""A Docker of somebody's own choice: a folder of its programs, laid over the root of a host that Debian's packages made.

The folder has dockerd and as many of docker, containerd, containerd-shim-runc-v2, runc, docker-proxy, docker-init and
cli-plugins/docker-compose as are to be other than Debian's.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.lab.shell import LabError

VARIABLE = "RUNNEROPS_LAB_DOCKER"
PLUGINS = "cli-plugins"


def named_folder() -> Path | None:
    """The folder that the environment names, where it names one."""
    folder_name = os.environ.get(VARIABLE)
    return Path(folder_name).absolute() if folder_name else None


def programs(folder: Path) -> list[Path]:
    """Its programs, in order. LabError where it is no such folder."""
    if not (folder / "dockerd").is_file():
        raise LabError(f"{VARIABLE}={folder}: no dockerd is there")
    return sorted(path for place in (folder, folder / PLUGINS) for path in place.glob("*") if path.is_file())


def stamp(folder: Path) -> str:
    """Changes when a program is put there, taken away or replaced."""
    stats = ((path, path.stat()) for path in programs(folder))
    return repr([(str(path.relative_to(folder)), at.st_size, at.st_mtime_ns) for path, at in stats])


def lay_over(folder: Path, root: Path) -> None:
    """Put each program where the root has the one of that name, else where the root's PATH or Docker finds it."""
    for path in programs(folder):
        plugin = path.parent.name == PLUGINS
        target = root / "usr/libexec/docker" / PLUGINS / path.name if plugin else place_of(path.name, root)
        target.unlink(missing_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        target.chmod(0o755)


def place_of(name: str, root: Path) -> Path:
    """Where the root has that program itself, and no link to it."""
    places = [root / folder / name for folder in ("usr/sbin", "usr/bin")]
    return next((place for place in places if place.is_file() and not place.is_symlink()), places[-1])
