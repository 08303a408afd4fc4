"""The files that a host's caches should have, and the removal of files that are not asked for any more. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from runnerops.model.common import Tree
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, RenderedFile
from runnerops.model.plan import Blocker
from runnerops.services.base import ParseError
from runnerops.services.keep import keep
from runnerops.services.registry.diff import key_changes, plain
from runnerops.services.registry.format import COMPOSE_TEMPLATE, CONFIG_TEMPLATE, NAME, dump, is_our_file, spec_at
from runnerops.services.registry.format.label import config_sha256
from runnerops.services.registry.format.reading import parse


def read(content: bytes | None) -> Tree | None:
    """The tree of a file; None if there is no file, or it cannot be read."""
    if content is None:
        return None
    try:
        return parse(content)
    except ParseError:
        return None


def reconcile(
    host: Host, rendered: Sequence[RenderedFile], observed: HostState
) -> tuple[tuple[RenderedFile, ...], tuple[Blocker, ...]]:
    """The host's own bytes if they mean the same. Files of ours that nothing asks for are removed."""
    if NAME not in host.sections:
        return (), ()
    kept_files = _with_kept_keys(rendered, observed, host.keep.get(NAME, ()))
    return (*(_settled(file, observed) for file in kept_files), *_leaving(rendered, observed)), ()


def _with_kept_keys(
    rendered: Sequence[RenderedFile], observed: HostState, keys: Sequence[str]
) -> Iterator[RenderedFile]:
    """Keeps the host's values at the dotted keys of `keep`, in any file that has them. A config's checksum
    is updated.
    """
    checksums: dict[bytes, bytes] = {}
    for file in rendered:
        desired, old = read(file.content), read(observed.file(file.spec.path).content)
        merged = desired if desired is None else keep(desired, plain(file.spec, old or {}), keys)
        if desired is None or merged is None or not key_changes(file.spec, desired, merged):
            merged, content = desired, file.content or b""
        else:
            content = dump(merged)
        if file.spec.template == CONFIG_TEMPLATE and desired is not None and merged is not None:
            checksums[_checksum(desired)] = _checksum(merged)
        for before, after in checksums.items() if file.spec.template == COMPOSE_TEMPLATE else ():
            content = content.replace(before, after)
        yield replace(file, content=content)


def _checksum(config: Tree) -> bytes:
    return config_sha256(config).encode()


def _settled(file: RenderedFile, observed: HostState) -> RenderedFile:
    content = observed.file(file.spec.path).content
    desired, old = read(file.content), read(content)
    if desired is None or old is None or key_changes(file.spec, old, desired):
        return file
    return replace(file, content=content)


def _leaving(rendered: Sequence[RenderedFile], observed: HostState) -> Iterator[RenderedFile]:
    """Files that are removed. Only files that runnerops applied ever are."""
    wanted = {file.spec.path for file in rendered}
    for path in observed.applied:
        left_over = is_our_file(path) and path not in wanted and observed.holds_ours(path)
        if left_over and observed.file(path).kind == "file":
            yield RenderedFile(spec_at(path, observed.file(path).mode), None)
