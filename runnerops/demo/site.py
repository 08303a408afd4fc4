"""The scratch directory: the files of a host with its simulated programs, and a user's project. Writes only there."""

from __future__ import annotations

import compileall
import marshal
import secrets
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from runnerops.demo.simulated.main import ROOMS
from runnerops.frozen import frozen
from runnerops.services.docker.schema import KEYS
from runnerops.services.registry.caches.image import DEFAULT_IMAGE
from runnerops.services.shared.versions import version_of

_SIMULATED = "runnerops/demo/simulated"
_WRAPPERS = Path(__file__).with_name("wrappers")
_LAUNCH = "import sys; sys.path[:0] = [sys.argv.pop(1)]; from runnerops.demo.simulated.main import main; main()"
_SOUGHT = "$(PATH=${{PATH#*:}} && command -v {})"
"""How a wrapper finds the real program. `build` replaces it by the path, because each search would cost a process."""
_FOLDERS = (
    *("etc/docker", "etc/gitlab-runner", "opt", "proc/sys/kernel/random", "root", "run/systemd/system", "tmp"),
    *("usr/bin", "var/lib/simulated"),
)
_MACHINE = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_DOCKER = "26.1.5"
_UNITS = {
    "docker.service": {
        "description": "Docker Application Container Engine",
        "argv": ["/usr/bin/dockerd", "-H", "fd://", "--containerd=/run/containerd/containerd.sock"],
        "limit": 3,
        "limit_seconds": 60,
        "again_seconds": 2,
    },
    "gitlab-runner.service": {
        "description": "GitLab Runner",
        "argv": ["/usr/bin/gitlab-runner", "run", "--config", "/etc/gitlab-runner/config.toml"],
        "limit": 10,
        "limit_seconds": 5,
        "again_seconds": 120,
    },
}
"""Limits of the units as in the packages: how many starts in how many seconds, and the pause before a restart."""


@frozen
class Site:
    """The folders of one demo. Paths of the host are below `root`."""

    folder: Path

    @property
    def root(self) -> Path:
        """The host's `/`."""
        return self.folder / "host"

    @property
    def project(self) -> Path:
        """The folder of the user's project, with the inventory, in which commands are run."""
        return self.folder / "project"

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment of a command on the host. Its PATH has the simulated programs first, then those of this
        machine.
        """
        path = f"{self.root}/usr/bin:{_MACHINE}"
        home = str(self.root / "root")
        return {"PATH": path, "HOME": home, "USER": "root", "RUNNEROPS_ROOT": str(self.root), "LANG": "C.UTF-8"}

    def build(self) -> None:
        """Writes the files of a host on which Docker and gitlab-runner were just installed and started. Neither has a
        file yet.
        """
        self.project.mkdir(parents=True)
        for name in _FOLDERS:
            (self.root / name).mkdir(parents=True, exist_ok=True)
        (self.root / "proc/sys/kernel/random/boot_id").write_text(f"{secrets.token_hex(16)}\n", encoding="utf-8")
        library = shutil.copytree(Path(__file__).with_name("simulated"), self.folder / "programs" / _SIMULATED)
        for package in list(library.parents)[:2]:
            (package / "__init__.py").touch()
        compileall.compile_dir(self.folder / "programs", quiet=2)
        for name, text in self._programs():
            place = self.root / "usr/bin" / name
            place.write_text(text, encoding="utf-8")
            place.chmod(0o755)
        (self.root / "var/lib/simulated/state").write_bytes(marshal.dumps(self._state()))

    def _python(self) -> list[str]:
        """The command before a simulated program's name. Python neither loads the user's own packages nor writes
        bytecode.
        """
        return [sys.executable, "-I", "-S", "-B", "-c", _LAUNCH, str(self.folder / "programs")]

    def _programs(self) -> Iterator[tuple[str, str]]:
        for name in ROOMS:
            yield name, f'#!/bin/sh\n# simulated by runnerops demo\nexec {shlex.join(self._python())} {name} "$@"\n'
        for wrapper in _WRAPPERS.glob("*.sh"):
            yield (
                wrapper.stem,
                wrapper.read_text(encoding="utf-8").replace(_SOUGHT.format(wrapper.stem), _real(wrapper.stem)),
            )

    def _state(self) -> dict[str, object]:
        """The state at first. `hub` is the invented Docker Hub, `upstreams` are the registries that respond."""
        import yaml  # noqa: PLC0415

        repository, _, tag = DEFAULT_IMAGE.rpartition(":")
        version = version_of(_DOCKER)
        keys = (key for key in KEYS.values() if version and _has(key.since, key.until, version))
        return {
            "python": self._python(),
            "libraries": str(Path(yaml.__file__).parent.parent),
            "boot": secrets.token_hex(16),
            "address": "192.0.2.10",
            "last_pid": 100,
            "journal": [],
            "upstreams": ["registry-1.docker.io", "ghcr.io", "quay.io", "registry.gitlab.com"],
            "hub": {
                f"library/{repository}": [tag, "2.8.3"],
                "library/alpine": ["3", "latest"],
                "library/docker": ["dind"],
            },
            "units": {
                name: {**unit, "active": "activating", "pid": 0, "invocation": "", "retry": 0, "starts": []}
                for name, unit in _UNITS.items()
            },
            "engine": {
                "version": _DOCKER,
                "directives": {key.name: key.kind for key in keys},
                "loaded": {},
                "bridge": {"address": "172.17.0.1", "prefix": 16},
                **{name: [] for name in ("containers", "networks", "pulls", "reloads")},
                **{name: {} for name in ("images", "volumes")},
            },
            "runner": {"config": None, "mtime": 0, "loaded": 0, "errors": 0, "page": ""},
        }


def _real(name: str) -> str:
    """The path of the real program, quoted for the shell."""
    return shlex.quote(shutil.which(name, path=_MACHINE) or name)


def _has(since: str, until: str, version: tuple[int, int]) -> bool:
    first, removed_in = version_of(since), version_of(until)
    return not (first and version < first) and not (removed_in and version >= removed_in)
