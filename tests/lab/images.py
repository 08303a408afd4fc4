"""Container images made here of files of a root: nothing is pulled, and no docker is needed to make or push one."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tests.lab.roots import registry_libraries, registry_version
from tests.lab.shell import run

HELPER = "runnerops-lab/gitlab-runner-helper:1"

APPLETS = (
    "true",
    "false",
    "sh",
    "sleep",
    "cat",
    "echo",
    "ls",
    "wget",
    "id",
    "env",
    "test",
    "ps",
    "kill",
    "ip",
    "nc",
    "grep",
    "mkdir",
    "rm",
    "touch",
)


def sha256(content: bytes) -> str:
    """A digest as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def to_json(value: object) -> bytes:
    """The same bytes for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Image:
    """An image of one layer: `name` is `library/alpine:3`; files are path -> (content, mode); links path -> target."""

    name: str
    files: dict[str, tuple[bytes, int]]
    links: dict[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()

    @property
    def repository(self) -> str:
        """`library/alpine` of `library/alpine:3`."""
        return self.name.rpartition(":")[0]

    @property
    def tag(self) -> str:
        """`3` of `library/alpine:3`."""
        return self.name.rpartition(":")[2]

    @property
    def short(self) -> str:
        """The name as docker shows it: without `library/`."""
        return self.name.removeprefix("library/")

    @cached_property
    def layer(self) -> bytes:
        """The layer's tar."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for folder in sorted(folders((*self.files, *self.links))):
                add(tar, folder, tarfile.DIRTYPE, 0o755)
            add(tar, "tmp", tarfile.DIRTYPE, 0o1777)
            for path, (content, mode) in self.files.items():
                add(tar, path.lstrip("/"), tarfile.REGTYPE, mode, content)
            for path, target in self.links.items():
                add(tar, path.lstrip("/"), tarfile.SYMTYPE, 0o777, link=target)
        return out.getvalue()

    @cached_property
    def blob(self) -> bytes:
        """The layer as a registry keeps it."""
        return gzip.compress(self.layer, compresslevel=1, mtime=0)

    @cached_property
    def config(self) -> bytes:
        """The image's configuration; its digest is the image's id."""
        runs: dict[str, object] = {
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", *self.environment],
            "ExposedPorts": {f"{port}/tcp": {} for port in self.ports} or None,
            "Entrypoint": list(self.entrypoint) or None,
            "Cmd": list(self.command) or None,
            "Volumes": {path: {} for path in self.volumes} or None,
            "Labels": {"runnerops.lab": self.name},
        }
        rootfs = {"type": "layers", "diff_ids": [sha256(self.layer)]}
        history = [{"created": "2024-01-01T00:00:00Z", "created_by": "runnerops lab"}]
        about = {"architecture": "amd64", "os": "linux", "created": "2024-01-01T00:00:00Z"}
        return to_json({**about, "config": runs, "rootfs": rootfs, "history": history})

    @cached_property
    def manifest(self) -> bytes:
        """Docker's schema 2, which every registry and daemon of the lab knows."""
        base = "application/vnd.docker"
        config = {"mediaType": f"{base}.container.image.v1+json", **described(self.config)}
        layer = {"mediaType": f"{base}.image.rootfs.diff.tar.gzip", **described(self.blob)}
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        return to_json({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer]})


def described(content: bytes) -> dict[str, object]:
    """A descriptor's size and digest."""
    return {"size": len(content), "digest": sha256(content)}


def folders(paths: Iterable[str]) -> set[str]:
    """Every folder above these paths."""
    return {str(parent) for path in paths for parent in Path(path.lstrip("/")).parents if str(parent) != "."}


def add(tar: tarfile.TarFile, path: str, kind: bytes, mode: int, content: bytes = b"", link: str = "") -> None:
    """One entry of a tar, owned by root, without a date."""
    entry = tarfile.TarInfo(path)
    entry.type, entry.mode, entry.linkname, entry.size = kind, mode, link, len(content)
    tar.addfile(entry, io.BytesIO(content))


def archive(images: Iterable[Image]) -> bytes:
    """What `docker load` reads."""
    out = io.BytesIO()
    listed = []
    with tarfile.open(fileobj=out, mode="w") as tar:
        for number, image in enumerate(images):
            config = f"{sha256(image.config)[7:]}.json"
            add(tar, config, tarfile.REGTYPE, 0o644, image.config)
            add(tar, f"{number}/layer.tar", tarfile.REGTYPE, 0o644, image.layer)
            listed.append({"Config": config, "RepoTags": [image.short], "Layers": [f"{number}/layer.tar"]})
        add(tar, "manifest.json", tarfile.REGTYPE, 0o644, to_json(listed))
    return out.getvalue()


# -- the lab's own images --------------------------------------------------------------------------------------------


def small_image(root: Path, name: str) -> Image:
    """A busybox under the given name: `true`, `sh`, `sleep`, `wget` and a few more. Its layer is its own."""
    files = {"bin/busybox": ((root / "bin/busybox").read_bytes(), 0o755), "etc/image": (name.encode(), 0o644)}
    links = {f"bin/{applet}": "busybox" for applet in APPLETS}
    return Image(name, files, links, command=("/bin/sh",))


def helper_image(root: Path, binary: Path) -> Image:
    """What the docker executor of a real runner fetches sources with: a busybox with the runner's own helper in it."""
    files = {
        "bin/busybox": ((root / "bin/busybox").read_bytes(), 0o755),
        "usr/bin/gitlab-runner-helper": (binary.read_bytes(), 0o755),
        "usr/bin/gitlab-runner-build": (b"#!/bin/sh\nexec /bin/sh\n", 0o755),
    }
    applets = run([str(root / "bin/busybox"), "--list"]).split()
    links = {f"bin/{applet}": "busybox" for applet in applets if applet != "busybox"}
    return Image(HELPER, files, links, command=("/bin/sh",))


def registry_image(root: Path) -> Image:
    """`registry:VERSION` of the host's own binary, with the paths of the official image, and what is asked of its tools."""
    binary = root / "usr/bin/docker-registry"
    files = {"bin/registry": (binary.read_bytes(), 0o755), "bin/busybox": ((root / "bin/busybox").read_bytes(), 0o755)}
    for library in registry_libraries(root):
        files[library] = ((root / library.lstrip("/")).read_bytes(), 0o755)
    links = {f"bin/{applet}": "busybox" for applet in ("sh", "sleep", "wget", "true", "cat", "ls")}
    default = "/etc/docker/registry/config.yml"
    files[default] = (
        b"version: 0.1\nstorage: {filesystem: {rootdirectory: /var/lib/registry}}\nhttp: {addr: ':5000'}\n",
        0o644,
    )
    name = f"library/registry:{registry_version(root)}"
    return Image(name, files, links, ("/bin/registry",), ("serve", default), ("/var/lib/registry",))
