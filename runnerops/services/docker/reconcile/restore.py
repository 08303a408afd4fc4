"""An earlier daemon.json, as if an inventory asked for it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.model.inventory import FileSpec, RenderedFile, Restored
from runnerops.services.docker.diff import tree_of
from runnerops.services.docker.format import NAME, PATH


def restore(files: Mapping[str, bytes | None]) -> Restored:
    """One file, at the path that this host's dockerd reads. If there was no file, none is asked for."""
    path, content = next(iter(files.items()), (PATH, None))
    spec = FileSpec(NAME, path, "daemon.json.j2", "json")
    return Restored(tree_of(content), (RenderedFile(spec, content),) if files else ())
