"""Checks the volumes of one Compose service, in the short and the long syntax. Pure."""

from __future__ import annotations

from runnerops.model.common import Key, Tree, word_set
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.compose.parts import (
    REFUSED,
    REFUSES,
    is_split,
    items,
    mapping,
    mounts,
    volume_parts,
)
from runnerops.services.registry.rules.found import Found, Severity
from runnerops.services.registry.schema.json_schema import open_text

_DRIVE = late_pattern(r"[A-Za-z]:")
_WITH_MODE = 3
_MODES = word_set("ro rw nocopy z Z private rprivate shared rshared slave rslave cached delegated consistent U O")
"""What may follow the second colon. On Linux, the last five do nothing with Docker, or belong to Podman."""
_VOLUME = "write SOURCE:/PATH, or SOURCE:/PATH:ro"


def volumes(service: Tree, key: Key) -> Found:
    """Runs all rules on one service."""
    yield from _split(service, key)
    yield from _twice(service, key)
    yield from _volumes(service, key)
    yield from _long_volumes(service, key)


def _volumes(service: Tree, key: Key) -> Found:
    for index, volume in enumerate(items(service.get("volumes"))):
        if isinstance(volume, str):
            parts = volume_parts(volume)
            if "" in parts:
                text = "is empty" if not volume else "has an empty part between its colons"
                yield "K002", "error", (*key, "volumes", index), f"{text}: {REFUSED}", _VOLUME
            elif len(parts) > 3:
                yield "K002", "error", (*key, "volumes", index), f"has too many colons: {REFUSED}", _VOLUME
            elif len(parts) == _WITH_MODE and parts[1].startswith(("/", "$")):
                yield from _modes(parts[2], (*key, "volumes", index))
    for index, source, target in mounts(service):
        if target and not target.startswith(("/", "$", "\\")) and not _DRIVE.match(target):
            bare = items(service.get("volumes"))[index] == target and "/" not in target  # the name alone of a volume
            drive = _DRIVE.match(source) if isinstance(items(service.get("volumes"))[index], str) else None
            severity: Severity = "warning" if bare or _DRIVE.match(source) else "error"
            fix = f"write {source or (target if bare else 'SOURCE')}:/PATH"
            text = "the path in the container must be absolute"
            if drive:
                text = f"{text}, and it is {target}: Compose reads {drive[0]} as a drive of Windows"
                fix = f"{fix}; the name of a volume needs more than one letter"
            yield "K002", severity, (*key, "volumes", index), text, fix


def _split(service: Tree, key: Key) -> Found:
    for index, volume in enumerate(items(service.get("volumes"))):
        if is_split(volume):
            text = f"is a mapping, because of the space after its colon: {REFUSED}"
            yield "K002", "error", (*key, "volumes", index), text, "take the space out"


def _twice(service: Tree, key: Key) -> Found:
    """Of several volumes at one path, Compose mounts only the last."""
    seen_targets: dict[str, int] = {}
    for index, volume in enumerate(items(service.get("volumes"))):
        if isinstance(volume, dict):
            target = str(volume.get("target") or "")
        else:
            parts = volume_parts(str(volume))
            target = parts[1] if len(parts) > 1 else parts[0]
        if target.startswith("/") and not open_text(target) and target in seen_targets:
            text = f"is mounted at {target}, as volumes[{seen_targets[target]}] is, which Compose leaves out"
            yield "P002", "warning", (*key, "volumes", index), text, "take one of them out, or mount it elsewhere"
        seen_targets[target] = index


def _modes(text: str, key: Key) -> Found:
    """Options that Compose ignores: such a volume can be written to."""
    for mode in text.split(","):
        if mode in _MODES or "$" in mode:
            continue
        if mode.lower().replace("-", "").replace("_", "") in {"readonly", "ro", "r"}:
            reason = f"has an option {mode!r}, which Compose ignores: the container can write to it"
            yield "K002", "error", key, reason, "write ro"
        else:
            yield "K002", "warning", key, f"has an option {mode!r}, which Compose ignores", "take it out"


def _long_volumes(service: Tree, key: Key) -> Found:
    for index, volume in enumerate(items(service.get("volumes"))):
        parts, place = mapping(volume), (*key, "volumes", index)
        if is_split(volume):
            continue
        if parts and not parts.get("target"):
            harm = REFUSES if parts.get("target") == "" else REFUSED
            text = f"has no target, which is the path in the container: {harm}"
            yield "K002", "error", place, text, "add target: /PATH"
        if parts.get("type") == "bind" and parts.get("source") == "":
            text = "is empty, which Compose reads as the folder of this file"
            yield "K002", "warning", (*place, "source"), text, "write the path, or . for this folder"
        elif parts.get("type") == "bind" and "source" not in parts:
            text = f"has no source, which is the path on the host: {REFUSED}"
            yield "K002", "error", place, text, "add source: /PATH"
