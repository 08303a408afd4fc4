"""What a host keeps from the time before the first run: original files, and containers that caches replaced. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from runnerops.model.common import Result
from runnerops.model.inventory import Displaced, Original
from runnerops.model.run import Record

CONTAINERS = "originals/containers"
"""The file in which a host lists the containers, with a line `RUN ID POLICY NAME` for each. `container-aside.sh` writes
it.
"""


def read_displaced(kept_files: Mapping[str, bytes], since: int = 0) -> tuple[Displaced, ...]:
    """Containers that were stopped by run `since` or later ones. Lines of another form are ignored."""
    lines = (line.split() for line in kept_files.get(CONTAINERS, b"").decode(errors="replace").splitlines())
    displaced_registries = (
        Displaced(int(run), *words) for run, *words in filter(None, lines) if run.isdecimal() and len(words) == 3
    )
    return tuple(displaced for displaced in displaced_registries if displaced.run >= since)


def read_returned(records: Sequence[Record], since: int) -> frozenset[str]:
    """Ids of such containers that run `since` or later ones started again (`container-aside.sh start ID …`)."""
    applied = [record for record in records if record.run.number >= since and record.result is Result.APPLIED]
    steps = [step.args for record in applied for step in record.forward if step.verb == "run"]
    return frozenset(args[4] for args in steps if args[2:4] == ("container-aside.sh", "start") and len(args) > 4)


def original_name(path: str) -> str:
    """The name under which a host keeps what was at a path before the first run."""
    return path.strip("/").replace("/", "%")


def places_of(paths: Collection[str]) -> tuple[str, ...]:
    """The files in which a host keeps what it had at these paths before the first run."""
    names = [f"originals/{original_name(path)}" for path in sorted(paths)]
    return tuple(f"{name}{end}" for name in names for end in ("", ".mode", ".absent"))


def read_originals(paths: Collection[str], kept_files: Mapping[str, bytes]) -> Mapping[str, Original]:
    """The originals by path. A path of which nothing is kept is left out."""
    originals: dict[str, Original] = {}
    for path in paths:
        place = f"originals/{original_name(path)}"
        if (content := kept_files.get(place)) is not None:
            mode, _, owner = kept_files.get(f"{place}.mode", b"").decode().strip().partition(" ")
            originals[path] = Original(content, mode, owner)
        elif (absent_note := kept_files.get(f"{place}.absent")) is not None:
            originals[path] = Original(None, folder=absent_note.decode().strip())
    return originals
