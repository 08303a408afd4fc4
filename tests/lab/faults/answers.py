"""What a host answers at one moment: asked by commands of the test's own, never of runnerops."""

from __future__ import annotations

import io
import json
import shlex
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.faults.scenarios import SECRETS
from tests.lab.faults.strikes import STRUCK
from tests.lab.host import LabHost

SCRIPT = Path(__file__).with_name("answers.sh")
STATE, SAID = "/var/lib/runnerops", "/run/runnerops-lab.truth"
DAEMON, CONFIG = "/etc/docker/daemon.json", "/etc/gitlab-runner/config.toml"
COMPOSE, CACHE = "/opt/registry/docker-compose.yml", "/opt/registry/registry-config.yml"
PATHS = {"docker": (DAEMON,), "registry": (COMPOSE, CACHE), "gitlab_runner": (CONFIG,)}


@dataclass(frozen=True, slots=True)
class File:
    """Content, mode and owner; no mode where there is no file."""

    content: bytes
    mode: str
    owner: str


NO_FILE = File(b"", "", "")


@dataclass(frozen=True, slots=True)
class Truth:
    """The files and the answers of one moment, by path; an answer's is the script's folder and its name."""

    files: Mapping[str, File]

    def file(self, path: str) -> File:
        return self.files.get(path, NO_FILE)

    def answer(self, name: str) -> bytes:
        return self.file(f"{SAID}/{name}").content

    def text(self, name: str) -> str:
        return self.answer(name).decode(errors="replace").strip()

    def inspected(self, name: str) -> dict[str, Any]:
        """What Docker's API says of it; nothing where it says nothing."""
        document: dict[str, Any] = json.loads(self.answer(name) or "{}")
        return document

    @property
    def struck(self) -> str:
        """The number of the run in which a fault has struck."""
        return self.file(STRUCK).content.decode().strip()

    @property
    def intents(self) -> list[str]:
        """Of which services it is on record that they must act."""
        return sorted(path.rpartition("/")[2] for path in self.files if path.startswith(f"{STATE}/intents/"))

    @property
    def docker(self) -> tuple[str, list[str], list[str]]:
        """Live-restore, mirrors and insecure registries that the daemon runs with."""
        engine = self.inspected("engine")
        registries = engine.get("RegistryConfig") or {}
        insecure = [index["Name"] for index in registries.get("IndexConfigs", {}).values() if not index["Secure"]]
        live_restore = json.dumps(engine.get("LiveRestoreEnabled", "not told"))
        return live_restore, [url.rstrip("/") for url in registries.get("Mirrors") or []], sorted(insecure)

    @property
    def container(self) -> tuple[int, str, str, str] | None:
        """Pid, start and id of the cache's container, and the config that it was made for; None where none runs."""
        document = self.inspected("container")
        if not document:
            return None
        made_for = document["Config"]["Labels"].get("runnerops.registry-config.sha256", "none")
        return document["State"]["Pid"], document["State"]["StartedAt"], document["Id"], made_for

    @property
    def foreign(self) -> str:
        """Whether somebody's own container runs, and when it is started again; nothing where there is none."""
        document = self.inspected("foreign")
        return f"{document['State']['Running']} {document['HostConfig']['RestartPolicy']['Name']}" if document else ""

    @property
    def units(self) -> list[list[str]]:
        """Name, whether it is loaded, state and state below that, of every unit."""
        return [line.split()[:4] for line in self.text("units").splitlines()]

    @property
    def runner(self) -> list[str]:
        """State of the runner's unit, and the state below that; a unit that systemd holds nothing of is dead."""
        return next((unit[2:] for unit in self.units if unit[0] == "gitlab-runner.service"), ["inactive", "dead"])

    @property
    def left(self) -> dict[str, object]:
        """What is unfinished, left about, alive of a run, or failed."""
        return {
            "intents": self.intents,
            "debris": self.text("debris"),
            "alive": [unit[0] for unit in self.units if unit[0].startswith("runnerops-")],
            "failed": [unit[0] for unit in self.units if unit[2] == "failed"],
        }


def ask(host: LabHost) -> Truth:
    """One call, a tenth of a second."""
    paths = [*(path for paths in PATHS.values() for path in paths), STRUCK]
    words = {"SECRETS": "\n".join(SECRETS), "IMAGE": host.busybox_image, "CACHE": CACHE}
    environ = " ".join(f"{name}={shlex.quote(value)}" for name, value in words.items())
    packed = host.run_bytes(f"{environ} dash -s -- {shlex.join(paths)}", SCRIPT.read_bytes(), seconds=120).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        truth = Truth({member.name: _file(tar, member) for member in tar})
    assert truth.units, "systemd does not answer"
    return truth


def _file(tar: tarfile.TarFile, member: tarfile.TarInfo) -> File:
    content = tar.extractfile(member) if member.isreg() else None
    return File(content.read() if content else b"", f"{member.mode:04o}", f"{member.uname}:{member.gname}")
