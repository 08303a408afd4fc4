"""The scratch directory: a host's files with its simulated programs, and a user's project beside it. Writes only there."""

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
"""How a wrapper finds the real program. It is found once instead, for each search costs a process."""
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
"""As the packages have them: so many starts in so many seconds, and how soon one that failed is tried again."""


@frozen
class Site:
    """Where everything of one demo lies. Paths of the host lie below `root`."""

    folder: Path

    @property
    def root(self) -> Path:
        """The host's `/`."""
        return self.folder / "host"

    @property
    def project(self) -> Path:
        """Where the user's commands are typed: the inventory and what belongs to it."""
        return self.folder / "project"

    @property
    def environ(self) -> Mapping[str, str]:
        """What a command on the host finds: its simulated programs first, the machine's own for the rest."""
        path = f"{self.root}/usr/bin:{_MACHINE}"
        home = str(self.root / "root")
        return {"PATH": path, "HOME": home, "USER": "root", "RUNNEROPS_ROOT": str(self.root), "LANG": "C.UTF-8"}

    def build(self) -> None:
        """A host on which Docker and gitlab-runner were just installed and started; neither has a file yet."""
        self.project.mkdir(parents=True)
        for name in _FOLDERS:
            (self.root / name).mkdir(parents=True, exist_ok=True)
        (self.root / "proc/sys/kernel/random/boot_id").write_text(f"{secrets.token_hex(16)}\n")
        library = shutil.copytree(Path(__file__).with_name("simulated"), self.folder / "programs" / _SIMULATED)
        for package in list(library.parents)[:2]:
            (package / "__init__.py").touch()
        compileall.compile_dir(self.folder / "programs", quiet=2)
        for name, text in self._programs():
            place = self.root / "usr/bin" / name
            place.write_text(text)
            place.chmod(0o755)
        (self.root / "var/lib/simulated/state").write_bytes(marshal.dumps(self._state()))

    def _python(self) -> list[str]:
        """What stands in front of a simulated program's name. Nothing of the user's own Python is loaded, or written."""
        return [sys.executable, "-I", "-S", "-B", "-c", _LAUNCH, str(self.folder / "programs")]

    def _programs(self) -> Iterator[tuple[str, str]]:
        for name in ROOMS:
            yield name, f'#!/bin/sh\n# simulated by runnerops demo\nexec {shlex.join(self._python())} {name} "$@"\n'
        for wrapper in _WRAPPERS.glob("*.sh"):
            yield wrapper.stem, wrapper.read_text().replace(_SOUGHT.format(wrapper.stem), _real(wrapper.stem))

    def _state(self) -> dict[str, object]:
        """`hub` is the made-up Docker Hub, `upstreams` are the registries that answer."""
        import yaml  # noqa: PLC0415

        repository, _, tag = DEFAULT_IMAGE.rpartition(":")
        version = version_of(_DOCKER)
        known = (key for key in KEYS.values() if version and _has(key.since, key.until, version))
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
                "directives": {key.name: key.kind for key in known},
                "loaded": {},
                "bridge": {"address": "172.17.0.1", "prefix": 16},
                **{name: [] for name in ("containers", "networks", "pulls", "reloads")},
                **{name: {} for name in ("images", "volumes")},
            },
            "runner": {"config": None, "mtime": 0, "loaded": 0, "errors": 0, "page": ""},
        }


def _real(name: str) -> str:
    """As a word of the shell."""
    return shlex.quote(shutil.which(name, path=_MACHINE) or name)


def _has(since: str, until: str, version: tuple[int, int]) -> bool:
    first, gone = version_of(since), version_of(until)
    return not (first and version < first) and not (gone and version >= gone)
