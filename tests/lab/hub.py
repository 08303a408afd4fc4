"""A stand-in for Docker Hub: a real registry on the lab's bridge, with what reached it written down."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests.lab.images import Image, sha256
from tests.lab.roots import registry_libraries
from tests.lab.shell import LabError, until
from tests.lab.slot import Slot, end_group, in_group

# as the registry's access log writes it, in the combined format
LINE = re.compile(r'^(\S+) - \S* \[.*?\] "(\S+) (\S+) [^"]*" (\d{3}) ')


@dataclass(frozen=True, slots=True)
class Request:
    """One request that reached the hub."""

    client: str
    method: str
    path: str
    status: int


class Hub:
    """Docker Hub, as far as a pull goes. `url` has no trailing slash."""

    def __init__(self, slot: Slot, root: Path, port: int = 5000) -> None:
        self.address = slot.address(1)
        self.port = port
        self.url = f"http://{self.address}:{port}"
        self.log = slot.scratch / "hub.log"
        self._group = slot.name("hub")
        self._config = slot.scratch / "hub.json"
        self._argv = registry_argv(root, self._config)
        self._process: subprocess.Popen[bytes] | None = None
        storage = {"filesystem": {"rootdirectory": str(slot.scratch / "hub")}}
        http = {"addr": f"{self.address}:{port}"}
        self._config.write_text(json.dumps({"version": 0.1, "storage": storage, "http": http}))

    def start(self) -> None:
        """Start it, if it is not running, and wait until it answers."""
        if self._process is not None:
            return
        with self.log.open("ab") as log:
            argv = in_group(self._group, self._argv)
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        until("the hub answers", self.answers, seconds=20)

    def stop(self) -> None:
        """Stop it, if it is running: from now on connections to it are refused."""
        if self._process is not None:
            end_group(self._group)
            self._process.wait(timeout=10)
            self._process = None

    def answers(self) -> bool:
        """Whether `/v2/` is 200 now."""
        try:
            return self._ask("GET", "/v2/")[0] == 200
        except OSError:
            return False

    def push(self, *images: Image) -> None:
        """Upload images."""
        for image in images:
            for blob in (image.config, image.blob):
                self._push_blob(image.repository, blob)
            kind = json.loads(image.manifest)["mediaType"]
            path = f"/v2/{image.repository}/manifests/{image.tag}"
            status, _ = self._ask("PUT", path, image.manifest, {"Content-Type": kind})
            if status != 201:
                raise LabError(f"hub: push of {image.name}: {status}")

    def _push_blob(self, repository: str, blob: bytes) -> None:
        _, where = self._ask("POST", f"/v2/{repository}/blobs/uploads/", b"")
        location = where.removeprefix(self.url)
        mark = "&" if "?" in location else "?"
        octets = {"Content-Type": "application/octet-stream"}
        status, _ = self._ask("PUT", f"{location}{mark}digest={sha256(blob)}", blob, octets)
        if status != 201:
            raise LabError(f"hub: upload to {repository}: {status}")

    def _ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        request = urllib.request.Request(self.url + path, body, headers or {}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            return answer.status, answer.headers.get("Location", "")

    def requests(self) -> list[Request]:
        """What reached it from the hosts since the start or the last `forget`, in order."""
        matches = [LINE.match(line) for line in self.log.read_text(errors="replace").splitlines()]
        all_of_it = [Request(m[1], m[2], m[3], int(m[4])) for m in matches if m]
        return [request for request in all_of_it if request.client != self.address]

    def pulls(self) -> list[str]:
        """Paths of the manifest GETs among them: what Docker Hub would have counted."""
        return [r.path for r in self.requests() if r.method == "GET" and "/manifests/" in r.path]

    def forget(self) -> None:
        """Forget the requests so far."""
        with self.log.open("w"):
            pass


def registry_argv(root: Path, config: Path) -> list[str]:
    """Runs a root's registry binary on this machine, with the root's own loader and libraries."""
    libraries = [root / path.lstrip("/") for path in registry_libraries(root)]
    loader = next(path for path in libraries if path.name.startswith("ld-"))
    places = ":".join(sorted({str(path.parent) for path in libraries}))
    return [str(loader), "--library-path", places, str(root / "usr/bin/docker-registry"), "serve", str(config)]
