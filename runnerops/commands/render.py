"""`runnerops render`: renders the files, and shows them masked or writes them below a directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runnerops import inventory
from runnerops.engine.hosts.targets import select_hosts_offline
from runnerops.engine.options import Invocation
from runnerops.engine.project import Project, open_project
from runnerops.errors import RunneropsError, UsageError
from runnerops.model.common import Exit
from runnerops.model.inventory import Host, RenderedFile
from runnerops.report.differ import masked_text
from runnerops.report.document import VERSION
from runnerops.secrets import Resolver


def render(
    invocation: Invocation,
    directory: Path | None,
    *,
    with_secrets: bool,
    as_json: bool = False,
) -> Exit:
    """Exit 0. Raises RunneropsError if the inventory, a template or a secret is wrong."""
    path, targets, environ, screen = invocation
    if with_secrets and directory is None:
        raise UsageError(
            "--with-secrets: secrets are never shown on screen", "name a directory to write to with -d DIR"
        )
    if with_secrets and environ.get("CI"):
        raise UsageError(
            "--with-secrets: not in a CI job, where files end in artifacts and caches", "leave the flag out"
        )
    loaded = inventory.load(path)
    project = open_project(
        loaded,
        select_hosts_offline(loaded, targets, environ, screen),
        Resolver(environ, loaded.folder),
        screen.redactor,
    )
    documents = []
    for host in project.hosts:
        files = []
        for file in project.rendered[host.name]:
            where = _write(project, host, file, directory, with_secrets=with_secrets) if directory else None
            files.append(_document(project, host, file, where))
            if where:
                screen.say(f"wrote {where}")
            elif not as_json:
                screen.lines(_shown(project, host, file))
        documents.append({"host": host.name, "files": files})
    if as_json:
        screen.json({"version": VERSION, "hosts": documents})
    return Exit.OK


def _document(project: Project, host: Host, file: RenderedFile, written: Path | None) -> dict[str, Any]:
    return {
        "path": file.spec.path,
        "service": file.spec.service.value,
        "mode": file.spec.mode,
        "owner": file.spec.owner,
        "content": masked_text(file.spec, file.content, project.masker(host)),
        "written": str(written) if written else None,
    }


def _shown(project: Project, host: Host, file: RenderedFile) -> Iterator[tuple[str, str]]:
    yield "host", f"# {host.name}: {file.spec.path} ({file.spec.mode} {file.spec.owner})"
    for line in masked_text(file.spec, file.content, project.masker(host)).splitlines():
        yield "verbatim", line
    yield "plain", ""


def _write(project: Project, host: Host, file: RenderedFile, directory: Path, *, with_secrets: bool) -> Path:
    """Writes the file below DIR/HOST at the path that it has on the host. It has mode 0600 from the beginning."""
    where = directory / host.name / file.spec.path.lstrip("/")
    masked = masked_text(file.spec, file.content, project.masker(host)).encode()
    content = (file.content or b"") if with_secrets else masked
    try:
        where.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        where.unlink(missing_ok=True)
        with os.fdopen(os.open(where, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            target.write(content)
    except OSError as error:
        hint = "name a directory that you can write to with -d DIR"
        raise RunneropsError(f"{where}: {error.strerror}", hint) from None
    return where
